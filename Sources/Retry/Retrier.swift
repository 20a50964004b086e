public import AttemptLog

/// Runs calls under a retry policy and records every attempt.
public struct Retrier: Sendable {
  public var policy: RetryPolicy
  public var errors: ErrorTable
  public var clock: MonotonicClock
  public var random: RandomSource
  public var attemptStarts: AttemptStarts
  /// Shared by all whose retries count together, usually those of one provider.
  public var budget: RetryBudget?
  /// What an attempt passes before its clock starts; waiting is part of the operation alone.
  public var gate: ConcurrencyGate?
  /// Applied to the type, code, parameter, message and ids of every failure, whoever noted them.
  public var redaction: Redaction
  /// Turns an error into facts; it must not let secrets through.
  public var describe: @Sendable (any Error) -> AttemptFacts
  /// Called once for each event, in order, on the task that runs the call.
  public var record: @Sendable (Event) -> Void

  public init(
    policy: RetryPolicy = RetryPolicy(), errors: ErrorTable = .standard,
    clock: MonotonicClock = .continuous, random: RandomSource = .system,
    attemptStarts: AttemptStarts = .billable, budget: RetryBudget? = nil,
    gate: ConcurrencyGate? = nil, redaction: Redaction = Redaction(),
    describe: @escaping @Sendable (any Error) -> AttemptFacts = AttemptFacts.describing,
    record: @escaping @Sendable (Event) -> Void
  ) {
    self.policy = policy
    self.errors = errors
    self.clock = clock
    self.random = random
    self.attemptStarts = attemptStarts
    self.budget = budget
    self.gate = gate
    self.redaction = redaction
    self.describe = describe
    self.record = record
  }

  /// Calls `body` until it succeeds or the policy gives up.
  ///
  /// Cancellation reaches `body` and every sleep at once; the operation ends as soon as `body`
  /// has returned. Throws `CancellationError` if cancelled, otherwise `OperationError`.
  public func run<Value: Sendable>(
    _ operation: LoggedOperation, _ body: @escaping @Sendable (Attempt) async throws -> Value
  ) async throws -> Value {
    precondition(policy.maxAttempts >= 1, "an operation needs an attempt")
    let start = clock.now()
    let announced =
      attemptStarts == .all || (attemptStarts == .billable && operation.isBillable)
    var journal = OperationJournal(
      identity: OperationIdentity(
        provider: operation.provider, account: operation.account, operation: operation.name,
        operationID: random.identifier(), parentID: operation.parentID),
      maxAttempts: policy.maxAttempts, record: record)

    while true {
      var refused = refusal(since: start)
      if refused == nil, let gate, !gate.entersAtOnce() {
        refused = await wait(at: gate, since: start)
      }
      if let refused { throw end(journal, refused, duration: clock.now() - start) }
      journal.beginAttempt(announced: announced)
      let attempt = Attempt(
        number: journal.attempts, operationID: journal.identity.operationID,
        idempotencyKey: operation.idempotencyKey)
      let began = clock.now()
      let failure: Failure
      do {
        let value =
          if let limit = limit(since: start) {
            try await self.value(of: attempt, within: limit, body)
          } else {
            try await body(attempt)
          }
        let ended = clock.now()
        gate?.leave()
        budget?.succeeded()
        journal.succeeded(successFacts(of: attempt), latency: ended - began)
        journal.ended(.success, duration: ended - start)
        return value
      } catch let error as Failure {
        failure = error
      } catch {
        failure = Failure(error, Task.isCancelled ? .cancellation : nil)
      }
      try await retry(after: failure, of: attempt, began, start, &journal)
    }
  }

  /// Returns when it is time for the next attempt, or throws what ends the operation.
  private func retry(
    after failure: Failure, of attempt: Attempt, _ began: Duration, _ start: Duration,
    _ journal: inout OperationJournal
  ) async throws {
    let ended = clock.now()
    gate?.leave()
    let judged = judgement(of: failure, attempt, elapsed: ended - start)
    journal.failed(judged.facts, latency: ended - began, step: judged.step)
    switch judged.step {
    case .retry(let delay, let source): try await sleep(delay, source, start, &journal)
    case .stop(let outcome):
      throw end(journal, outcome, duration: ended - start, underlying: failure.error)
    }
  }

  private func sleep(
    _ delay: Duration, _ source: DelaySource, _ start: Duration, _ journal: inout OperationJournal
  ) async throws {
    let began = clock.now()
    do {
      if delay > .zero { try await clock.sleep(delay) }
      journal.slept(clock.now() - began, source: source)
    } catch {
      let ended = clock.now()
      journal.slept(ended - began, source: source)
      throw end(journal, .cancelled, duration: ended - start)
    }
  }

  private func end(
    _ journal: OperationJournal, _ outcome: OperationOutcome, duration: Duration,
    underlying: (any Error)? = nil
  ) -> any Error {
    journal.ended(outcome, duration: duration)
    if outcome == .cancelled { return CancellationError() }
    return OperationError(
      provider: journal.identity.provider, operation: journal.identity.operation,
      operationID: journal.identity.operationID, outcome: outcome, attempts: journal.attempts,
      facts: journal.last, underlying: underlying)
  }
}

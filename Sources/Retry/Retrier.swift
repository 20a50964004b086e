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
      switch await admission(since: start) {
      case .cancelled:
        journal.ended(.cancelled, duration: clock.now() - start)
        throw CancellationError()
      case .some(let refused): throw end(journal, refused, since: start, underlying: nil)
      case nil: break
      }
      journal.beginAttempt(announced: announced)
      let attempt = Attempt(
        number: journal.attempts, operationID: journal.identity.operationID,
        idempotencyKey: operation.idempotencyKey)
      let began = clock.now()
      let ending = await ending(of: attempt, since: start, body)
      let ended = clock.now()
      gate?.leave()
      switch ending.result {
      case .success(let value):
        budget?.succeeded()
        var facts = attempt.facts
        facts.redactIDs(with: redaction(of: attempt))
        journal.succeeded(facts, latency: ended - began)
        journal.ended(.success, duration: clock.now() - start)
        return value
      case .failure(let error):
        let failure = failure(error, ending.interruption, attempt, elapsed: ended - start)
        journal.failed(failure.facts, latency: ended - began, step: failure.step)
        switch failure.step {
        case .retry(let delay, let source):
          try await sleep(delay, source, start, &journal)
        case .stop(.cancelled):
          journal.ended(.cancelled, duration: clock.now() - start)
          throw CancellationError()
        case .stop(let outcome):
          throw end(journal, outcome, since: start, underlying: error)
        }
      }
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
      journal.ended(.cancelled, duration: ended - start)
      throw CancellationError()
    }
  }

  private func end(
    _ journal: OperationJournal, _ outcome: OperationOutcome, since start: Duration,
    underlying: (any Error)?
  ) -> OperationError {
    journal.ended(outcome, duration: clock.now() - start)
    return OperationError(
      provider: journal.identity.provider, operation: journal.identity.operation,
      operationID: journal.identity.operationID, outcome: outcome, attempts: journal.attempts,
      facts: journal.last, underlying: underlying)
  }
}

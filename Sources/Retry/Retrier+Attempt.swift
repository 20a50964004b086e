import AttemptLog

extension Retrier {
  /// Why no attempt may begin now; nil if one may.
  func refusal(since start: Duration) -> OperationOutcome? {
    if Task.isCancelled { return .cancelled }
    guard let deadline = policy.deadline, clock.now() - start >= deadline else { return nil }
    return .deadlineExceeded
  }

  /// Returns with a place in the gate, or says why no attempt may begin.
  func wait(at gate: ConcurrencyGate, since start: Duration) async -> OperationOutcome? {
    guard await enters(gate, since: start) else {
      return Task.isCancelled ? .cancelled : .deadlineExceeded
    }
    let refused = refusal(since: start)
    if refused != nil { gate.leave() }
    return refused
  }

  /// Waits for a place, though not beyond the deadline.
  private func enters(_ gate: ConcurrencyGate, since start: Duration) async -> Bool {
    guard let deadline = policy.deadline else { return (try? await gate.enter()) != nil }
    let remaining = deadline - (clock.now() - start)
    let clock = clock
    return await withTaskGroup(of: Bool?.self) { tasks in
      tasks.addTask { (try? await gate.enter()) != nil }
      tasks.addTask {
        try? await clock.sleep(remaining)
        return nil
      }
      for await entered in tasks {
        tasks.cancelAll()
        if let entered { return entered }
      }
      return false
    }
  }

  /// What ended an attempt from outside.
  enum Interruption {
    /// Of the operation.
    case deadline
    /// Of the attempt.
    case timeout
    case cancellation
  }

  /// How an attempt failed.
  struct Failure: Error {
    var error: any Error
    var interruption: Interruption?

    init(_ error: any Error, _ interruption: Interruption?) {
      self.error = error
      self.interruption = interruption
    }
  }

  /// The time that an attempt may take, and what it means when it is over.
  struct Limit {
    var duration: Duration
    var interruption: Interruption

    init(_ duration: Duration, _ interruption: Interruption) {
      self.duration = duration
      self.interruption = interruption
    }
  }

  func limit(since start: Duration) -> Limit? {
    if policy.deadline == nil, policy.attemptTimeout == nil { return nil }
    let remaining = policy.deadline.map { $0 - (clock.now() - start) }
    return switch (policy.attemptTimeout, remaining) {
    case (let timeout?, let remaining?) where timeout < remaining: Limit(timeout, .timeout)
    case (_, let remaining?): Limit(remaining, .deadline)
    case (let timeout?, nil): Limit(timeout, .timeout)
    case (nil, nil): nil
    }
  }

  /// Runs one attempt with a second task that watches the time; throws `Failure`.
  func value<Value: Sendable>(
    of attempt: Attempt, within limit: Limit,
    _ body: @escaping @Sendable (Attempt) async throws -> Value
  ) async throws -> Value {
    let clock = clock
    return try await withTaskGroup(of: Result<Value, any Error>?.self) { tasks in
      tasks.addTask { await Self.result(of: attempt, body) }
      tasks.addTask {
        try? await clock.sleep(limit.duration)
        return nil
      }
      var interruption: Interruption?
      while let finished = await tasks.next() {
        guard let result = finished else {
          // The watcher also ends when this task is cancelled, and so does the body.
          interruption = Task.isCancelled ? nil : limit.interruption
          tasks.cancelAll()
          continue
        }
        interruption = interruption ?? (Task.isCancelled ? .cancellation : nil)
        tasks.cancelAll()
        return result.mapError { Failure($0, interruption) }
      }
      preconditionFailure("the attempt of \(attempt.operationID) ended without a result")
    }.get()
  }

  private static func result<Value: Sendable>(
    of attempt: Attempt, _ body: @Sendable (Attempt) async throws -> Value
  ) async -> Result<Value, any Error> {
    do {
      return .success(try await body(attempt))
    } catch {
      return .failure(error)
    }
  }

  /// What is recorded of an attempt that succeeded, without secrets; nil if nothing was noted.
  func successFacts(of attempt: Attempt) -> AttemptFacts? {
    guard var facts = attempt.noted else { return nil }
    facts.redactIDs(with: redaction(of: attempt))
    return facts
  }

  /// The facts of a failed attempt, complete, classified and then without secrets, and what
  /// follows from them.
  func judgement(
    of failure: Failure, _ attempt: Attempt, elapsed: Duration
  ) -> (facts: AttemptFacts, step: RetryPolicy.Step) {
    var judged = judged(failure.error, failure.interruption, attempt, elapsed: elapsed)
    judged.facts.redact(with: redaction(of: attempt))
    return judged
  }

  private func redaction(of attempt: Attempt) -> Redaction {
    let secrets = attempt.secrets
    return secrets.isEmpty ? redaction : redaction.hiding(secrets)
  }

  private func judged(
    _ error: any Error, _ interruption: Interruption?, _ attempt: Attempt, elapsed: Duration
  ) -> (facts: AttemptFacts, step: RetryPolicy.Step) {
    let thrown = describe(error)
    var facts = attempt.facts
    facts.merge(thrown)
    // An answer that came in spite of the interruption is a fact of its own.
    if thrown.httpStatus == nil {
      switch error is CancellationError ? interruption ?? .cancellation : interruption {
      case .deadline:
        facts.interrupted(type: "DeadlineExceeded", ErrorVerdict(.timeout, retry: .never))
        return (facts, .stop(.deadlineExceeded))
      case .timeout:
        facts.interrupted(
          type: "AttemptTimeout",
          facts.leavesWork == true ? ErrorVerdict(.timeout, retry: .never) : nil)
        facts.timedOut = true
      case .cancellation:
        facts.interrupted(type: "CancellationError", ErrorVerdict(.cancelled, retry: .never))
        return (facts, .stop(.cancelled))
      case nil: break
      }
    }
    facts.complete(for: error)
    let verdict = errors.classify(&facts)
    var generator = random
    var step = policy.step(
      after: verdict, requestSent: facts.requestSent,
      hasIdempotencyKey: attempt.idempotencyKey != nil, serverVerdict: facts.serverVerdict,
      attempt: attempt.number, elapsed: elapsed,
      serverDelay: facts.retryAfter, using: &generator)
    // A failure that could be retried is paid for, whatever else forbids the retry.
    if let budget, step != .stop(.notRetryable) {
      let isAllowed = budget.failed()
      if case .retry = step, !isAllowed { step = .stop(.budgetDenied) }
    }
    return (facts, step)
  }
}

extension AttemptFacts {
  /// The caller's own clock or wish ended the attempt: nothing that it noted is the cause, but a
  /// delay or an end that the server asked for stands.
  fileprivate mutating func interrupted(type: String, _ verdict: ErrorVerdict?) {
    httpStatus = nil
    layer = .client
    self.type = type
    code = nil
    parameter = nil
    message = nil
    if serverVerdict == true { serverVerdict = nil }
    self.verdict = verdict
  }
}

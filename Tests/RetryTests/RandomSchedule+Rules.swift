import AttemptLog
import Retry
import TestSupport

/// What must hold of every log, worked out from the schedule and not by the code under test.
extension RandomSchedule {
  /// The first rule that the log of a run breaks.
  func brokenRule(in events: RecordedEvents, _ server: CountingServer) -> String? {
    let attempts = events.attempts
    guard events.operations.count == 1, let operation = events.operations.first,
      case .operation = events.all.last, let last = attempts.last
    else { return "not one operation at the end" }
    guard attempts.map(\.attempt) == attempts.indices.map({ Int64($0 + 1) }),
      operation.attempts == attempts.count
    else { return "numbers" }
    guard events.lines.dropLast().elementsEqual(startsAndEnds(events)) else { return "starts" }
    guard operation.retried == (attempts.count > 1) else { return "retried" }
    guard attempts.dropLast().allSatisfy({ $0.decision == .retry }) else { return "decision" }
    for attempt in attempts {
      if let broken = brokenRule(of: attempt) { return "\(broken) of attempt \(attempt.attempt)" }
    }
    for (before, after) in zip(attempts, attempts.dropFirst()) {
      guard same(after.sleptMilliseconds, wait(after: before)),
        after.sleptSource == before.backoffSource, after.retryReason == before.error.errorClass
      else { return "sleep before \(after.attempt)" }
    }
    return brokenCount(attempts, server) ?? brokenEnd(last, operation)
      ?? brokenTotal(attempts, operation) ?? brokenBudget(attempts, operation)
  }

  /// An attempt that the log calls interrupted must not have been answered, and the other way round.
  private func brokenCount(_ attempts: [AttemptRecord], _ server: CountingServer) -> String? {
    var answers: [Int: Int] = [:]
    for attempt in attempts where !isInterrupted(attempt) {
      answers[attempt.error.httpStatus.map { Int($0) } ?? 0, default: 0] += 1
    }
    guard attempts.count == server.requests.withLock({ $0 }) else { return "requests" }
    let answered = server.answers.withLock { $0 }
    return answers == answered ? nil : "answers, the server gave \(answered)"
  }

  /// A start before each attempt, and nothing else.
  private func startsAndEnds(_ events: RecordedEvents) -> [String] {
    let ends = events.lines.filter { $0.hasPrefix("attempt ") }
    return zip(events.attempts, ends).flatMap { ["start ask \($0.attempt)", $1] }
  }

  // MARK: - One attempt

  private func brokenRule(of attempt: AttemptRecord) -> String? {
    let latency = latencies[Self.index(of: attempt.attempt)] / .milliseconds(1)
    if isInterrupted(attempt) {
      guard attempt.latencyMilliseconds <= latency + 1e-6 else { return "interrupted latency" }
      if attempt.error.type == "AttemptTimeout" {
        guard let timeout = policy.attemptTimeout,
          same(attempt.latencyMilliseconds, timeout / .milliseconds(1))
        else { return "timeout" }
      }
    } else {
      let fault = faults[Self.index(of: attempt.attempt)]
      let isLate = answersLate && attempt.latencyMilliseconds < latency
      guard isLate || same(attempt.latencyMilliseconds, latency) else { return "latency" }
      guard (attempt.outcome == .success) == (fault == nil) else { return "outcome" }
      let status = fault == nil ? 200 : fault?.httpStatus
      guard attempt.error.httpStatus == status.map({ Int64($0) }) else { return "status" }
    }
    if let timeout = policy.attemptTimeout {
      guard attempt.latencyMilliseconds <= timeout / .milliseconds(1) + 1e-6 else {
        return "latency beyond the timeout"
      }
    }
    guard attempt.decision == .retry else { return nil }
    guard isRetryable(attempt), attempt.attempt < policy.maxAttempts else { return "retry" }
    return isPlanned(attempt) ? nil : "backoff"
  }

  private func isInterrupted(_ attempt: AttemptRecord) -> Bool {
    Self.interruptions.contains(attempt.error.type ?? "")
  }

  private func isRetryable(_ attempt: AttemptRecord) -> Bool {
    if isInterrupted(attempt) {
      return attempt.error.type == "AttemptTimeout" && policy.allowsDuplicates
    }
    guard let fault = faults[Self.index(of: attempt.attempt)] else { return false }
    if policy.honoursServerVerdict, let verdict = fault.serverVerdict { return verdict }
    if fault.layer == .transport || fault.httpStatus == 408 { return policy.allowsDuplicates }
    return [429, 500, 503].contains(fault.httpStatus)
  }

  /// Whether a backoff is within the bounds of its jitter, and not below the server's wish.
  private func isPlanned(_ attempt: AttemptRecord) -> Bool {
    guard let planned = attempt.backoffMilliseconds, let source = attempt.backoffSource else {
      return false
    }
    let wish = attempt.retryAfterMilliseconds ?? 0
    guard planned >= wish, wish <= policy.maxServerDelay / .milliseconds(1) else { return false }
    if source == .server { return planned <= wish + min(wish / 20, 1000) + 0.002 }
    let backoff = policy.backoff
    var full = backoff.base / .milliseconds(1)
    for _ in 1..<attempt.attempt { full *= backoff.factor }
    full = min(full, backoff.cap / .milliseconds(1))
    let bounds: ClosedRange<Double> =
      switch backoff.jitter {
      case .none: full...full
      case .full: 0...full
      case .equal: full / 2...full
      case .proportional(let part): full...full * (1 + part)
      }
    return (bounds.lowerBound - 1e-6...bounds.upperBound + 0.001).contains(planned)
  }

  /// What is to be measured after this attempt, in milliseconds.
  private func wait(after attempt: AttemptRecord) -> Double {
    guard let planned = attempt.backoffMilliseconds, planned > 0 else { return 0 }
    return planned + oversleep / .milliseconds(1)
  }

  private func same(_ left: Double?, _ right: Double) -> Bool {
    left.map { abs($0 - right) < 1e-6 } ?? false
  }

  // MARK: - The operation

  private func brokenEnd(_ last: AttemptRecord, _ operation: OperationRecord) -> String? {
    guard (last.outcome == .success) == (operation.outcome == .success) else { return "outcome" }
    let isSleepCut = [.cancelled, .deadlineExceeded].contains(operation.outcome)
    guard last.decision == .stop || isSleepCut else { return "no end" }
    if operation.outcome != .success {
      guard operation.errorClass == last.error.errorClass,
        operation.errorType == last.error.type, operation.httpStatus == last.error.httpStatus
      else { return "error" }
    }
    let duration = operation.durationMilliseconds
    if let cancellation {
      let time = cancellation / .milliseconds(1)
      guard operation.outcome == .cancelled ? same(duration, time) : duration <= time + 1e-6 else {
        return "cancellation"
      }
    } else if operation.outcome == .cancelled {
      return "cancelled by nobody"
    }
    if operation.outcome == .deadlineExceeded && policy.deadline == nil { return "no deadline" }
    if last.error.type == "DeadlineExceeded" {
      guard let deadline = policy.deadline, same(duration, deadline / .milliseconds(1)) else {
        return "deadline"
      }
    }
    guard operation.outcome != .success, last.decision == .stop,
      !["CancellationError", "DeadlineExceeded"].contains(last.error.type ?? "")
    else { return nil }
    guard (operation.outcome == .notRetryable) == !isRetryable(last) else { return "retryable" }
    let isExhausted = isRetryable(last) && last.attempt == policy.maxAttempts
    return (operation.outcome == .attemptsExhausted) == isExhausted ? nil : "exhausted"
  }

  private func brokenTotal(
    _ attempts: [AttemptRecord], _ operation: OperationRecord
  ) -> String? {
    let slept = attempts.compactMap(\.sleptMilliseconds).reduce(0, +)
    let worked = attempts.map(\.latencyMilliseconds).reduce(0, +)
    // Only the sleep after the last attempt belongs to none: it was cut off, or took too long.
    let extra = operation.sleptMilliseconds - slept
    guard abs(extra) < 1e-6 || attempts.last?.decision == .retry && extra > 0 else {
      return "a sleep after the last attempt"
    }
    guard same(operation.durationMilliseconds, operation.sleptMilliseconds + worked) else {
      return "duration"
    }
    guard let deadline = policy.deadline else { return nil }
    let latest = (deadline + oversleep) / .milliseconds(1)
    return operation.durationMilliseconds <= latest + 1e-6 ? nil : "beyond the deadline"
  }

  private func brokenBudget(
    _ attempts: [AttemptRecord], _ operation: OperationRecord
  ) -> String? {
    guard let capacity else {
      return operation.outcome == .budgetDenied ? "denied without a budget" : nil
    }
    func allowed(_ failures: Int) -> Bool { max(0, capacity - Double(failures)) > capacity / 2 }
    let retries = attempts.count { $0.decision == .retry }
    guard retries == 0 || allowed(retries) else { return "retry without budget" }
    return operation.outcome == .budgetDenied && allowed(attempts.count) ? "denied" : nil
  }
}

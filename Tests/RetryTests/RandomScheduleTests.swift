import AttemptLog
import Retry
import TestSupport
import Testing

/// 10,000 schedules of faults under every limit that there is, in virtual time.
struct RandomScheduleTests {
  /// What the server saw: the other side of the log.
  final class CountingServer: Sendable {
    let requests = Locked(0)
    let answers = Locked([Int: Int]())
  }

  struct Schedule: Sendable {
    var policy: RetryPolicy
    var faults: [AttemptFacts?]
    /// Apart from all limits by parts of a millisecond, so that nothing happens at the same time.
    var latencies: [Duration]
    var capacity: Double?
    var cancellation: Duration?

    init(using generator: inout SeededGenerator) {
      func milliseconds(_ range: ClosedRange<Int>, oneIn chance: Int) -> Duration? {
        let drawn = Int.random(in: range, using: &generator)
        return Int.random(in: 0..<chance, using: &generator) == 0 ? .milliseconds(drawn) : nil
      }
      let backoffs: [Backoff] = [
        .none, .fixed(.seconds(5)), .exponential(), .exponential(jitter: .equal),
        .exponential(cap: .seconds(3), jitter: .proportional(0.2)),
      ]
      policy = RetryPolicy(
        maxAttempts: .random(in: 1...6, using: &generator),
        backoff: backoffs[Int.random(in: 0..<backoffs.count, using: &generator)],
        deadline: milliseconds(100...60_000, oneIn: 3),
        attemptTimeout: milliseconds(500...3000, oneIn: 2),
        allowsDuplicates: .random(using: &generator),
        honoursServerVerdict: .random(using: &generator))
      capacity = Bool.random(using: &generator) ? nil : .random(in: 2...12, using: &generator)
      cancellation = milliseconds(1...20_000, oneIn: 5).map { $0 + .microseconds(777) }
      faults = []
      latencies = []
      for _ in 0..<6 {
        faults.append(Self.fault(using: &generator))
        let whole = Int.random(in: 0...4000, using: &generator)
        let part = Int.random(in: 1...499, using: &generator)
        latencies.append(.microseconds(whole * 1000 + part))
      }
    }

    private static func fault(using generator: inout SeededGenerator) -> AttemptFacts? {
      let statuses: [Int?] = [nil, 400, 408, 418, 429, 429, 500, 503, 503]
      switch Int.random(in: 0..<8, using: &generator) {
      case 0: return nil
      case 1: return AttemptFacts(layer: .transport, type: "reset")
      default:
        let status = statuses[Int.random(in: 0..<statuses.count, using: &generator)]
        var facts = AttemptFacts(httpStatus: status, layer: .http)
        let verdicts: [Bool?] = [nil, nil, true, false]
        facts.serverVerdict = verdicts[Int.random(in: 0..<4, using: &generator)]
        if Bool.random(using: &generator) {
          facts.retryAfter = .milliseconds(Int.random(in: -10...130_000, using: &generator))
          facts.retryAfterSource = .header
        }
        return facts
      }
    }
  }

  static func run(
    _ schedule: Schedule, _ generator: SeededGenerator, _ server: CountingServer
  ) async -> RecordedEvents {
    let clock = EventClock()
    let events = RecordedEvents()
    let isWatched = schedule.policy.deadline != nil || schedule.policy.attemptTimeout != nil
    let retrier = Retrier(
      policy: schedule.policy, clock: MonotonicClock(clock), random: RandomSource(generator),
      attemptStarts: .all, budget: schedule.capacity.map { RetryBudget(capacity: $0) },
      record: { [record = events.record] event in
        // In an attempt the body sleeps and whoever watches it; between attempts, the backoff.
        if case .attemptStart = event {
          clock.expect(isWatched ? 2 : 1)
        } else {
          clock.expect(1)
          record(event)
        }
      })
    let start = AsyncStream<Void>.makeStream()
    let task = Task {
      for await _ in start.stream {}
      try await retrier.run(.make()) { attempt in
        server.requests.withLock { $0 += 1 }
        try await clock.sleep(for: schedule.latencies[attempt.number - 1])
        let facts = schedule.faults[attempt.number - 1]
        let status = facts == nil ? 200 : facts?.httpStatus ?? 0
        server.answers.withLock { $0[status, default: 0] += 1 }
        if let facts { throw Refusal(attemptFacts: facts) }
        attempt.note { $0.httpStatus = 200 }
      }
    }
    if let time = schedule.cancellation { clock.at(time) { task.cancel() } }
    start.continuation.finish()
    _ = await task.result
    return events
  }

  @Test func `10,000 schedules leave a log that is consistent and agrees with the server`()
    async throws
  {
    let server = CountingServer()
    var attempts = 0
    var answers: [Int: Int] = [:]
    var outcomes: [OperationOutcome: Int] = [:]
    for seed in 1...10_000 as ClosedRange<UInt64> {
      var generator = SeededGenerator(seed: seed)
      let schedule = Schedule(using: &generator)
      let events = await Self.run(schedule, generator, server)
      let fault = Self.inconsistency(of: events, schedule)
      try #require(fault == nil, "seed \(seed): \(fault ?? "") \(events.lines)")
      for attempt in events.attempts {
        attempts += 1
        if let status = attempt.error.httpStatus {
          answers[Int(status), default: 0] += 1
        } else if !["AttemptTimeout", "DeadlineExceeded", "CancellationError"]
          .contains(attempt.error.type)
        {
          answers[0, default: 0] += 1
        }
      }
      for operation in events.operations { outcomes[operation.outcome, default: 0] += 1 }
    }
    #expect(attempts == server.requests.withLock { $0 })
    // A connection that is lost in the moment of an interruption may count as either; an answer with
    // a status is a fact whatever interrupts.
    let lost = answers.removeValue(forKey: 0) ?? 0
    var answered = server.answers.withLock { $0 }
    let lostByServer = answered.removeValue(forKey: 0) ?? 0
    #expect(answers == answered)
    #expect((lostByServer - 10...lostByServer).contains(lost))
    #expect(outcomes.values.reduce(0, +) == 10_000)
    #expect(outcomes.count == 7 && outcomes.values.allSatisfy { $0 > 50 }, "\(outcomes)")
  }

  /// The first rule that the log breaks.
  static func inconsistency(of events: RecordedEvents, _ schedule: Schedule) -> String? {
    let attempts = events.attempts
    guard events.operations.count == 1, let operation = events.operations.first,
      case .operation = events.all.last
    else { return "not one operation at the end" }
    guard attempts.map(\.attempt) == Array(1...operation.attempts) else { return "numbers" }
    guard attempts.count <= schedule.policy.maxAttempts else { return "too many attempts" }
    guard operation.retried == (attempts.count > 1) else { return "retried" }
    guard attempts.dropLast().allSatisfy({ $0.decision == .retry }) else { return "decision" }
    let last = attempts[attempts.count - 1]
    guard (last.outcome == .success) == (operation.outcome == .success) else { return "outcome" }
    let isInterrupted = [.cancelled, .deadlineExceeded].contains(operation.outcome)
    guard last.decision == .stop || isInterrupted else { return "no end" }
    for (before, after) in zip(attempts, attempts.dropFirst()) {
      guard after.sleptMilliseconds == before.backoffMilliseconds,
        after.sleptSource == before.backoffSource, after.retryReason == before.error.errorClass
      else { return "sleep before \(after.attempt)" }
    }
    for attempt in attempts where attempt.decision == .retry {
      guard isPlanned(attempt, schedule) else { return "backoff after \(attempt.attempt)" }
    }
    return totals(attempts, operation, schedule)
  }

  private static func totals(
    _ attempts: [AttemptRecord], _ operation: OperationRecord, _ schedule: Schedule
  ) -> String? {
    let slept = attempts.compactMap(\.sleptMilliseconds).reduce(0, +)
    let worked = attempts.map(\.latencyMilliseconds).reduce(0, +)
    // Only a sleep that was interrupted belongs to no attempt.
    let extra = operation.sleptMilliseconds - slept
    guard abs(extra) < 1e-6 || (operation.outcome == .cancelled && extra > 0) else {
      return "a sleep after the last attempt"
    }
    guard abs(operation.durationMilliseconds - operation.sleptMilliseconds - worked) < 1e-6 else {
      return "duration"
    }
    if let deadline = schedule.policy.deadline {
      guard operation.durationMilliseconds <= deadline / .milliseconds(1) + 1e-6 else {
        return "beyond the deadline"
      }
    }
    if let timeout = schedule.policy.attemptTimeout {
      guard attempts.allSatisfy({ $0.latencyMilliseconds <= timeout / .milliseconds(1) + 1e-6 })
      else { return "beyond the timeout" }
    }
    guard let capacity = schedule.capacity else {
      return operation.outcome == .budgetDenied ? "denied without a budget" : nil
    }
    func allowed(_ failures: Int) -> Bool { max(0, capacity - Double(failures)) > capacity / 2 }
    let retries = attempts.count { $0.decision == .retry }
    guard retries == 0 || allowed(retries) else { return "retry without budget" }
    return operation.outcome == .budgetDenied && allowed(attempts.count) ? "denied" : nil
  }

  /// Whether a backoff is within the bounds of its jitter, and not below the server's wish.
  private static func isPlanned(_ attempt: AttemptRecord, _ schedule: Schedule) -> Bool {
    guard let planned = attempt.backoffMilliseconds, let source = attempt.backoffSource else {
      return false
    }
    let wish = attempt.retryAfterMilliseconds ?? 0
    guard planned >= wish else { return false }
    if source == .server { return planned <= wish + min(wish / 20, 1000) + 0.002 }
    var exact = schedule.policy.backoff
    exact.jitter = .none
    var generator = SeededGenerator(seed: 0)
    let full =
      exact.delay(afterAttempt: Int(attempt.attempt), using: &generator) / .milliseconds(1)
    let bounds: ClosedRange<Double> =
      switch schedule.policy.backoff.jitter {
      case .none: full...full
      case .full: 0...full
      case .equal: full / 2...full
      case .proportional(let part): full...full * (1 + part)
      }
    return (bounds.lowerBound - 1e-6...bounds.upperBound + 0.001).contains(planned)
  }
}

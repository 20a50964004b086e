import AttemptLog
import Retry
import TestSupport
import Testing

/// What other retry telemetry got wrong, P1 to P9 of the background, each shown not to happen here.
struct PitfallTests {
  let clock = VirtualClock()
  let events = RecordedEvents()

  func retrier(maxAttempts: Int = 3, budget: RetryBudget? = nil) -> Retrier {
    Retrier(
      policy: RetryPolicy(maxAttempts: maxAttempts, backoff: .fixed(.seconds(1))),
      clock: MonotonicClock(clock), random: RandomSource(SeededGenerator(seed: 1)),
      budget: budget, record: events.record)
  }

  /// Answers with these statuses in turn; the last one stays.
  @discardableResult
  func run(_ statuses: [Int], _ retrier: Retrier) async -> (any Error)? {
    do {
      try await retrier.run(.make()) { attempt in
        let status = statuses[min(attempt.number, statuses.count) - 1]
        if status != 200 { throw Refusal.status(status) }
      }
      return nil
    } catch {
      return error
    }
  }

  @Test func `P1 a retry that ends in a final error is no success`() async {
    await run([503, 404], retrier())
    #expect(
      events.lines == [
        "attempt ask 1 server_error retry in 1000.0", "attempt ask 2 not_found stop",
        "operation ask not_retryable 2",
      ])
  }

  @Test func `P2 a success on the last attempt is not exhausted`() async {
    await run([503, 503, 200], retrier())
    await run([200], retrier(maxAttempts: 1))
    #expect(events.operations.map(\.outcome) == [.success, .success])
    #expect(events.operations.map(\.retried) == [true, false])
  }

  @Test func `P3 the caller and the log learn why retrying stopped`() async throws {
    let empty = RetryBudget(capacity: 1)
    for (statuses, retrier, outcome) in [
      ([503], retrier(), OperationOutcome.attemptsExhausted), ([400], retrier(), .notRetryable),
      ([503], retrier(budget: empty), .budgetDenied),
    ] {
      let error = try #require(await run(statuses, retrier) as? OperationError)
      #expect(error.outcome == outcome && events.operations.last?.outcome == outcome)
      #expect(error.attempts == Int(events.operations.last?.attempts ?? 0))
      #expect(events.attempts.last?.error.errorClass == error.errorClass)
    }
  }

  @Test func `P4 a call that cannot be repeated is counted like every other`() async {
    var retrier = retrier()
    retrier.policy.allowsDuplicates = false
    await #expect(throws: OperationError.self) {
      try await retrier.run(.make()) { attempt in
        attempt.note { $0.requestSent = .unknown }
        throw Refusal.status(503)
      }
    }
    #expect(
      events.lines == ["attempt ask 1 server_error stop", "operation ask not_retryable 1"])
  }

  @Test func `P5 an operation that is cancelled in its backoff has an outcome`() async {
    var retrier = retrier()
    retrier.clock = MonotonicClock(now: { .zero }, sleep: { _ in throw CancellationError() })
    await run([503], retrier)
    #expect(events.lines.last == "operation ask cancelled 1" && events.operations.count == 1)
  }

  @Test func `P5 with one attempt a failure is not counted twice and not as retried`() async {
    await run([503], retrier(maxAttempts: 1))
    #expect(
      events.lines == ["attempt ask 1 server_error stop", "operation ask attempts_exhausted 1"])
    #expect(events.operations.map(\.retried) == [false])
  }

  @Test func `P6 rescued, exhausted and first-try operations can be told apart`() async {
    for statuses in [[503], [503], [503, 200], [200]] { await run(statuses, retrier()) }
    let kinds = events.operations.map { "\($0.outcome.rawValue) \($0.retried) \($0.attempts)" }
    #expect(
      kinds == [
        "attempts_exhausted true 3", "attempts_exhausted true 3", "success true 2",
        "success false 1",
      ])
  }

  @Test func `P7 jitter keeps its spread at the cap`() {
    let backoff = Backoff.exponential(cap: .seconds(20), jitter: .full)
    var generator = SeededGenerator(seed: 1)
    let delays = (0..<1000).map { _ in
      backoff.delay(afterAttempt: 9, using: &generator) / .seconds(1)
    }
    #expect(delays.count { $0 > 19.99 } < 10)
    let mean = delays.reduce(0, +) / 1000
    let variance = delays.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / 1000
    // Uniform over 20 s: σ = 20 / √12 = 5.8 s.
    #expect((5.5...6.1).contains(variance.squareRoot()))
  }

  @Test(arguments: [
    (Duration.seconds(119), "retry", OperationOutcome.success),
    (.seconds(121), "stop", .delayTooLong),
  ])
  func `P8 a long wish of the server is met or refused, never shortened, and always recorded`(
    wish: Duration, decision: String, outcome: OperationOutcome
  ) async throws {
    _ = try? await retrier().run(.make()) { attempt in
      if attempt.number == 1 { throw Refusal.status(429, retryAfter: wish) }
    }
    let first = try #require(events.attempts.first)
    #expect(first.retryAfterMilliseconds == wish / .milliseconds(1))
    #expect(first.decision.rawValue == decision && events.operations.map(\.outcome) == [outcome])
    #expect(clock.sleeps.allSatisfy { $0 > wish })
    #expect(clock.sleeps.count == events.attempts.count - 1)
  }

  @Test func `P9 operations without a retry are counted among all`() async {
    for statuses in [[200], [200], [503, 200]] { await run(statuses, retrier()) }
    #expect(events.operations.map(\.attempts) == [1, 1, 2])
    #expect(events.operations.map(\.attempts).reduce(0, +) == Int64(events.attempts.count))
  }
}

import AttemptLog
import Retry
import TestSupport
import Testing

/// The limit of time that each attempt has, with a clock that moves only when told.
struct AttemptTimeoutTests {
  let clock = ManualClock()
  let events = RecordedEvents()

  func retrier(
    timeout: Duration? = .seconds(5), deadline: Duration? = nil, maxAttempts: Int = 2,
    allowsDuplicates: Bool = true
  ) -> Retrier {
    Retrier(
      policy: RetryPolicy(
        maxAttempts: maxAttempts, backoff: .none, deadline: deadline, attemptTimeout: timeout,
        allowsDuplicates: allowsDuplicates),
      clock: MonotonicClock(clock), random: RandomSource(SeededGenerator(seed: 1)),
      record: events.record)
  }

  @Test func `an attempt is cut off at its timeout and made again`() async throws {
    let retrier = retrier()
    let task = Task {
      try await retrier.run(.make()) { attempt in
        attempt.note { $0 = AttemptFacts(httpStatus: 200, layer: .http, type: "t", message: "m") }
        if attempt.number == 1 { try await clock.sleep(for: .seconds(1000)) }
        return attempt.number
      }
    }
    await clock.sleepers(2)
    clock.advance(by: .seconds(5))
    #expect(try await task.value == 2)
    #expect(
      events.lines == [
        "attempt ask 1 timeout retry in 0.0", "attempt ask 2 success stop",
        "operation ask success 2",
      ])
    let first = try #require(events.attempts.first)
    #expect(first.latencyMilliseconds == 5000)
    #expect(
      first.error == ErrorFacts(layer: .client, errorClass: .timeout, type: "AttemptTimeout"))
    #expect(events.attempts.last?.retryReason == .timeout)
  }

  @Test func `a timeout that leaves work at the provider is not repeated`() async throws {
    let retrier = retrier()
    let task = Task {
      try await retrier.run(.make()) { attempt in
        attempt.note { $0.leavesWork = true }
        try await clock.sleep(for: .seconds(1000))
      }
    }
    await clock.sleepers(2)
    clock.advance(by: .seconds(5))
    let error = try await #require(throws: OperationError.self) { try await task.value }
    #expect(error.outcome == .notRetryable && error.errorClass == .timeout)
    #expect(error.facts.leavesWork == true)
    #expect(events.lines == ["attempt ask 1 timeout stop", "operation ask not_retryable 1"])
  }

  @Test(arguments: [
    (RequestSent?.none, true, OperationOutcome.attemptsExhausted), (nil, false, .notRetryable),
    (.unknown, false, .notRetryable), (.no, false, .attemptsExhausted),
    (.unknown, true, .attemptsExhausted),
  ])
  func `a timeout of unknown fate is repeated only if duplicates are allowed`(
    sent: RequestSent?, allowsDuplicates: Bool, outcome: OperationOutcome
  ) async throws {
    let retrier = retrier(allowsDuplicates: allowsDuplicates)
    let task = Task {
      try await retrier.run(.make()) { attempt in
        attempt.note { $0.requestSent = sent }
        try await clock.sleep(for: .seconds(1000))
      }
    }
    for _ in 0..<(outcome == .notRetryable ? 1 : 2) {
      await clock.sleepers(2)
      clock.advance(by: .seconds(5))
    }
    let error = try await #require(throws: OperationError.self) { try await task.value }
    #expect(error.outcome == outcome && error.errorClass == .timeout)
  }

  @Test(arguments: [
    (Duration.seconds(4), "DeadlineExceeded", "operation ask deadline_exceeded 1"),
    (.seconds(5), "DeadlineExceeded", "operation ask deadline_exceeded 1"),
    (.seconds(6), "AttemptTimeout", "operation ask attempts_exhausted 1"),
  ])
  func `the shorter of timeout and deadline ends the attempt, a tie is the deadline's`(
    deadline: Duration, type: String, line: String
  ) async throws {
    let retrier = retrier(deadline: deadline, maxAttempts: 1)
    let task = Task {
      try await retrier.run(.make()) { _ in try await clock.sleep(for: .seconds(1000)) }
    }
    await clock.sleepers(2)
    clock.advance(by: min(deadline, .seconds(5)))
    await #expect(throws: OperationError.self) { try await task.value }
    #expect(events.attempts.first?.error.type == type)
    #expect(events.lines.last == line)
  }

  @Test func `the deadline cuts the second attempt to what is left`() async throws {
    let retrier = retrier(deadline: .seconds(8), maxAttempts: 9)
    let task = Task {
      try await retrier.run(.make()) { _ in try await clock.sleep(for: .seconds(1000)) }
    }
    for step in [5, 3] {
      await clock.sleepers(2)
      clock.advance(by: .seconds(step))
    }
    await #expect(throws: OperationError.self) { try await task.value }
    #expect(events.attempts.map(\.latencyMilliseconds) == [5000, 3000])
    #expect(events.operations.map(\.outcome) == [.deadlineExceeded])
  }

  @Test func `an answer that comes as the time runs out is kept`() async throws {
    for (status, line) in [(200, "attempt ask 1 success stop"), (401, "attempt ask 1 auth stop")] {
      let clock = ManualClock()
      let events = RecordedEvents()
      var retrier = retrier()
      retrier.clock = MonotonicClock(clock)
      retrier.record = events.record
      let task = Task { [retrier] in
        try await retrier.run(.make()) { _ in
          try? await clock.sleep(for: .seconds(1000))
          if status != 200 { throw Refusal.status(status) }
        }
      }
      await clock.sleepers(2)
      clock.advance(by: .seconds(5))
      _ = await task.result
      #expect(events.lines.first == line)
      #expect(events.operations.count == 1)
    }
  }

  @Test func `a cancellation under a timeout is no timeout`() async throws {
    let retrier = retrier()
    let task = Task {
      try await retrier.run(.make()) { _ in try await clock.sleep(for: .seconds(1000)) }
    }
    await clock.sleepers(2)
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(events.lines == ["attempt ask 1 cancelled stop", "operation ask cancelled 1"])
  }

  @Test func `a delay that the server asked for survives the timeout`() async throws {
    let retrier = retrier(maxAttempts: 2)
    let task = Task {
      try await retrier.run(.make()) { attempt in
        guard attempt.number == 1 else { return }
        attempt.note { $0.retryAfter = .seconds(7) }
        // Ends with the cancellation alone, and sleeps on no clock.
        for await _ in AsyncStream<Void>.makeStream().stream {}
        throw CancellationError()
      }
    }
    await clock.sleepers(1)
    clock.advance(by: .seconds(5))
    await clock.sleepers(1)
    clock.advance(by: .seconds(8))
    try await task.value
    let planned = try #require(events.attempts.first?.backoffMilliseconds)
    #expect(planned > 7000 && events.attempts.last?.sleptSource == .server)
  }
}

import AttemptLog
import Retry
import TestSupport
import Testing

private func cancelThisTask() {
  unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
}

/// Cancellation and deadlines, with a clock that moves only when told.
struct InterruptionTests {
  let clock = ManualClock()
  let events = RecordedEvents()

  func retrier(deadline: Duration? = nil, maxAttempts: Int = 3) -> Retrier {
    Retrier(
      policy: RetryPolicy(
        maxAttempts: maxAttempts, backoff: .fixed(.seconds(10)), deadline: deadline),
      clock: MonotonicClock(clock), random: RandomSource(SeededGenerator(seed: 1)),
      record: events.record)
  }

  @Test func `a task cancelled before the first attempt makes none`() async throws {
    let retrier = retrier()
    let task = Task {
      cancelThisTask()
      try await retrier.run(.make(isBillable: true)) { _ -> Void in
        Issue.record("an attempt was made")
      }
    }
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(events.lines == ["operation ask cancelled 0"])
    #expect(events.operations.first?.retried == false)
  }

  @Test(arguments: [nil, Duration.seconds(100)])
  func `a task cancelled in an attempt ends with it`(deadline: Duration?) async throws {
    let retrier = retrier(deadline: deadline)
    let task = Task {
      try await retrier.run(.make()) { attempt in
        attempt.note { $0.requestSent = .unknown }
        try await clock.sleep(for: .seconds(1000))
      }
    }
    await clock.sleepers(deadline == nil ? 1 : 2)
    clock.advance(by: .seconds(3))
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(events.lines == ["attempt ask 1 cancelled stop", "operation ask cancelled 1"])
    let attempt = try #require(events.attempts.first)
    #expect(attempt.error.layer == .client && attempt.error.type == "CancellationError")
    #expect(attempt.latencyMilliseconds == 3000 && attempt.requestSent == .unknown)
    #expect(events.operations.first?.errorClass == .cancelled)
  }

  @Test func `a task cancelled in a sleep keeps it out of every attempt`() async throws {
    let retrier = retrier()
    let task = Task {
      try await retrier.run(.make()) { _ in throw Refusal.status(503) }
    }
    await clock.sleepers()
    clock.advance(by: .seconds(4))
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(
      events.lines == [
        "attempt ask 1 server_error retry in 10000.0", "operation ask cancelled 1",
      ])
    let operation = try #require(events.operations.first)
    #expect(operation.sleptMilliseconds == 4000 && operation.durationMilliseconds == 4000)
    #expect(operation.errorClass == .serverError && !operation.retried)
  }

  @Test func `an error that follows a cancellation counts as it, an answer does not`() async throws
  {
    for (error, line) in [
      (Unknown() as any Error, "attempt ask 1 cancelled stop"),
      (Refusal.status(401), "attempt ask 1 auth stop"),
    ] {
      let events = RecordedEvents()
      var retrier = retrier()
      retrier.record = events.record
      let task = Task { [retrier] in
        try await retrier.run(.make()) { _ in
          cancelThisTask()
          throw error
        }
      }
      _ = await task.result
      #expect(events.lines.first == line)
      #expect(events.operations.count == 1)
    }
  }

  @Test func `a success in spite of a cancellation is kept`() async throws {
    let retrier = retrier()
    let task = Task {
      try await retrier.run(.make()) { _ in
        cancelThisTask()
        return 7
      }
    }
    #expect(try await task.value == 7)
    #expect(events.operations.map(\.outcome) == [.success])
  }

  @Test func `an attempt in flight at the deadline is cut off`() async throws {
    let retrier = retrier(deadline: .seconds(30))
    let task = Task {
      try await retrier.run(.make()) { _ in try await clock.sleep(for: .seconds(1000)) }
    }
    await clock.sleepers(2)
    clock.advance(by: .seconds(30))
    let error = try await #require(throws: OperationError.self) { try await task.value }
    #expect(error.outcome == .deadlineExceeded)
    #expect(events.lines == ["attempt ask 1 timeout stop", "operation ask deadline_exceeded 1"])
    let attempt = try #require(events.attempts.first)
    #expect(attempt.error.layer == .client && attempt.error.type == "DeadlineExceeded")
    #expect(attempt.latencyMilliseconds == 30_000)
  }

  @Test func `a sleep that would overrun the deadline is not begun`() async throws {
    let retrier = retrier(deadline: .seconds(9))
    let error = try await #require(throws: OperationError.self) {
      try await retrier.run(.make()) { _ in throw Refusal.status(503) }
    }
    #expect(error.outcome == .deadlineExceeded && error.errorClass == .serverError)
    #expect(
      events.lines == ["attempt ask 1 server_error stop", "operation ask deadline_exceeded 1"])
  }

  @Test func `a sleep that took longer than planned leaves no time for an attempt`() async throws {
    var retrier = retrier(deadline: .seconds(11))
    let exact = MonotonicClock(clock)
    retrier.clock = MonotonicClock(now: exact.now) { duration in
      // The backoff oversleeps; the watcher of the deadline does not.
      if duration == .seconds(10) {
        clock.advance(by: .seconds(60))
      } else {
        try await exact.sleep(duration)
      }
    }
    let error = try await #require(throws: OperationError.self) {
      try await retrier.run(.make()) { _ in throw Refusal.status(503) }
    }
    #expect(error.outcome == .deadlineExceeded && error.attempts == 1)
    #expect(
      events.lines == [
        "attempt ask 1 server_error retry in 10000.0", "operation ask deadline_exceeded 1",
      ])
    #expect(events.operations.first?.sleptMilliseconds == 60_000)
  }

  @Test func `without a deadline nothing but the backoff sleeps`() async throws {
    let clock = VirtualClock()
    var retrier = retrier()
    retrier.clock = MonotonicClock(clock)
    _ = try await retrier.run(.make()) { attempt in
      if attempt.number == 1 { throw Refusal.status(503) }
    }
    #expect(clock.sleeps == [.seconds(10)])
  }

  @Test func `a real clock stops sleeping when cancelled`() async throws {
    let asleep = AsyncStream<Void>.makeStream()
    var retrier = retrier()
    let real = MonotonicClock.continuous
    retrier.clock = MonotonicClock(now: real.now) {
      asleep.continuation.finish()
      try await real.sleep($0)
    }
    let task = Task { [retrier] in
      try await retrier.run(.make()) { _ in throw Refusal.status(503) }
    }
    for await _ in asleep.stream {}
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(events.operations.first.map { $0.sleptMilliseconds < 9000 } == true)
  }

  @Test func `a clock that cannot sleep ends the operation, not the waiting`() async throws {
    var retrier = retrier()
    retrier.clock = MonotonicClock(now: { .zero }, sleep: { _ in throw Unknown() })
    await #expect(throws: CancellationError.self) {
      try await retrier.run(.make()) { _ in throw Refusal.status(503) }
    }
    #expect(events.operations.map(\.outcome) == [.cancelled])
  }
}

import AttemptLog
import Retry
import TestSupport
import Testing

struct ConcurrencyGateTests {
  let clock = ManualClock()
  let events = RecordedEvents()
  let gate = ConcurrencyGate(limit: 1)

  func retrier(deadline: Duration? = nil) -> Retrier {
    Retrier(
      policy: RetryPolicy(backoff: .fixed(.seconds(5)), deadline: deadline),
      clock: MonotonicClock(clock), random: RandomSource(SeededGenerator(seed: 1)), gate: gate,
      record: events.record)
  }

  /// Until so many wait at the gate.
  func waiting(_ count: Int) async {
    while gate.waiting != count { await Task.yield() }
  }

  func begin(_ retrier: Retrier) -> Task<Void, any Error> {
    Task { try await retrier.run(.make()) { _ in try await clock.sleep(for: .seconds(10)) } }
  }

  @Test func `waiting is part of the operation and not of the attempt`() async throws {
    let first = begin(retrier())
    await clock.sleepers(1)
    let second = begin(retrier())
    await waiting(1)
    clock.advance(by: .seconds(10))
    try await first.value
    await clock.sleepers(1)
    clock.advance(by: .seconds(10))
    try await second.value
    #expect(events.attempts.map(\.latencyMilliseconds) == [10_000, 10_000])
    #expect(events.operations.map(\.durationMilliseconds) == [10_000, 20_000])
    #expect(events.operations.map(\.sleptMilliseconds) == [0, 0])
    #expect(gate.running == 0 && gate.waiting == 0)
  }

  @Test func `who came first goes first, and who gave up is passed over`() async throws {
    let order = Locked([Int]())
    let holder = begin(retrier())
    await clock.sleepers(1)
    var tasks: [Task<Void, any Error>] = []
    for number in 1...5 {
      let retrier = retrier()
      tasks.append(
        Task { try await retrier.run(.make()) { _ in order.withLock { $0.append(number) } } })
      await waiting(number)
    }
    tasks[2].cancel()
    await waiting(4)
    clock.advance(by: .seconds(10))
    try await holder.value
    for (index, task) in tasks.enumerated() where index != 2 { try await task.value }
    #expect(order.withLock { $0 } == [1, 2, 4, 5])
    #expect(gate.running == 0)
  }

  @Test(arguments: [nil, Duration.seconds(100)])
  func `a task cancelled while it waits ends with the attempts made`(
    deadline: Duration?
  ) async throws {
    let holder = begin(retrier())
    await clock.sleepers(1)
    let task = begin(retrier(deadline: deadline))
    await waiting(1)
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(events.lines == ["operation ask cancelled 0"])
    #expect(gate.waiting == 0 && gate.running == 1)
    clock.advance(by: .seconds(10))
    try await holder.value
    #expect(gate.running == 0)
  }

  @Test func `nobody waits beyond the deadline`() async throws {
    let holder = begin(retrier())
    await clock.sleepers(1)
    let task = begin(retrier(deadline: .seconds(4)))
    await clock.sleepers(2)
    await waiting(1)
    clock.advance(by: .seconds(4))
    let error = try await #require(throws: OperationError.self) { try await task.value }
    #expect(error.outcome == .deadlineExceeded && error.attempts == 0)
    #expect(events.lines == ["operation ask deadline_exceeded 0"])
    clock.advance(by: .seconds(6))
    try await holder.value
    #expect(gate.running == 0 && gate.waiting == 0)
  }

  @Test func `a backoff holds no place`() async throws {
    let failing = Task { [retrier = retrier()] in
      try await retrier.run(.make()) { attempt in
        if attempt.number == 1 { throw Refusal.status(503) }
      }
    }
    await clock.sleepers(1)
    #expect(gate.running == 0)
    clock.advance(by: .seconds(5))
    try await failing.value
  }

  @Test func `never more than the limit run, and none is left behind`() async throws {
    let gate = ConcurrencyGate(limit: 3)
    var retrier = retrier()
    retrier.gate = gate
    let running = Locked((now: 0, most: 0))
    await withTaskGroup(of: Void.self) { [retrier] tasks in
      for number in 0..<500 {
        tasks.addTask {
          let task = Task {
            try await retrier.run(.make()) { _ in
              running.withLock { running in
                running.now += 1
                running.most = max(running.most, running.now)
              }
              await Task.yield()
              running.withLock { $0.now -= 1 }
            }
          }
          if number % 3 == 0 { task.cancel() }
          _ = await task.result
        }
      }
    }
    #expect(running.withLock { $0.most } <= 3)
    #expect(events.operations.count == 500)
    #expect(gate.running == 0 && gate.waiting == 0)
  }
}

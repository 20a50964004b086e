import Testing
import Threading

struct TimedLockTests {
  @Test func `one thread at a time has the value`() throws {
    let lock = TimedLock(0)
    let threads = try (0..<4).map { _ in
      try BlockingThread { for _ in 0..<10_000 { lock.withLock { $0 += 1 } } }
    }
    for thread in threads { thread.join() }
    #expect(lock.withLock { $0 } == 40_000)
  }

  @Test func `a lock that stays held is given up after its time`() throws {
    let lock = TimedLock(0)
    let step = Condition(0)
    let holder = try BlockingThread {
      lock.withLock { value in
        value = 1
        step.update { $0 = 1 }
        _ = step.wait(atMost: .seconds(60)) { $0 == 2 ? true : nil }
      }
    }
    _ = step.wait(atMost: .seconds(60)) { $0 == 1 ? true : nil }
    #expect(lock.withLock(within: .milliseconds(1)) { $0 } == nil)
    #expect(lock.withLock(within: .seconds(-1)) { $0 } == nil)
    step.update { $0 = 2 }
    // Nobody has to ask again: who waits is woken by the release.
    #expect(lock.withLock(within: .seconds(60)) { $0 } == 1)
    holder.join()
  }

  @Test func `an error leaves the lock free`() {
    struct Failure: Error {}
    let lock = TimedLock(0)
    #expect(throws: Failure.self) { try lock.withLock { _ in throw Failure() } }
    #expect(lock.withLock(within: .zero) { $0 } == 0)
  }
}

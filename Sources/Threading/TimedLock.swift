import Glibc
import Synchronization

/// A value behind a lock for which a thread waits a bounded time.
///
/// The lock may be held across system calls; for short state alone there is `Locked`. A thread that
/// finds it held yields a few times before it sleeps, since to be woken costs ten times what a
/// write to a log costs.
@safe
public final class TimedLock<Value>: Sendable {
  // Only touched while the lock is held.
  private nonisolated(unsafe) var value: Value
  private let state = Atomic(LockState.free)
  /// How often it was released while somebody may have slept.
  private let releases = Condition(0)

  private enum LockState: UInt8, AtomicRepresentable {
    case free, held
    /// Held, and somebody may sleep until it is free.
    case awaited
  }

  private static var yieldsMax: Int { 20 }
  /// Beside a busy process a single yield takes a millisecond and more.
  private static var yieldingMax: Duration { .microseconds(100) }

  public init(_ value: sending Value) {
    unsafe self.value = value
  }

  /// Waits as long as it takes.
  public func withLock<Result, Failure: Error>(
    _ body: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    while true {
      if let result = try withLock(within: .seconds(86_400), body) { return result }
    }
  }

  /// Nil if the lock did not become free in time.
  public func withLock<Result, Failure: Error>(
    within limit: Duration, _ body: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result? {
    guard takeFree(limit) else { return nil }
    defer { release() }
    return try unsafe body(&value)
  }

  private func takeFree(_ limit: Duration) -> Bool {
    if isTaken() { return true }
    let begin = MonotonicInstant.now
    for _ in 0..<Self.yieldsMax {
      sched_yield()
      if isTaken() { return true }
      if MonotonicInstant.now - begin >= Self.yieldingMax { break }
    }
    return sleepUntilFree(max(.zero, limit - (MonotonicInstant.now - begin)))
  }

  private func isTaken() -> Bool {
    state.compareExchange(
      expected: .free, desired: .held, successOrdering: .acquiring, failureOrdering: .relaxed
    ).exchanged
  }

  private func sleepUntilFree(_ limit: Duration) -> Bool {
    let isOurs: Void? = releases.wait(atMost: limit) { _ in
      state.exchange(.awaited, ordering: .acquiring) == .free ? () : nil
    }
    return isOurs != nil
  }

  private func release() {
    guard state.exchange(.free, ordering: .releasing) == .awaited else { return }
    releases.update(waking: .one) { $0 &+= 1 }
  }
}

import Glibc

/// A value that threads change and wait for.
///
/// Waits are measured by the monotonic clock (pthread_condattr_setclock(3)), so that a step of the
/// wall clock does not stretch them.
@safe
public final class Condition<Value>: Sendable {
  /// Who of those that wait looks at a change.
  public enum Wakes: Sendable {
    case one, all
  }

  // Only touched while `lock` is held.
  private nonisolated(unsafe) var value: Value
  // Made once in `init` and destroyed with the object.
  private nonisolated(unsafe) let lock: UnsafeMutablePointer<pthread_mutex_t>
  // Made once in `init` and destroyed with the object.
  private nonisolated(unsafe) let changed: UnsafeMutablePointer<pthread_cond_t>

  public init(_ value: sending Value) {
    unsafe self.value = value
    unsafe lock = .allocate(capacity: 1)
    unsafe pthread_mutex_init(lock, nil)
    unsafe changed = .allocate(capacity: 1)
    var attributes = pthread_condattr_t()
    unsafe pthread_condattr_init(&attributes)
    unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    unsafe pthread_cond_init(changed, &attributes)
    unsafe pthread_condattr_destroy(&attributes)
  }

  deinit {
    unsafe pthread_cond_destroy(changed)
    unsafe changed.deallocate()
    unsafe pthread_mutex_destroy(lock)
    unsafe lock.deallocate()
  }

  /// Changes the value and wakes those who wait for it.
  public func update<Result>(waking: Wakes = .all, _ body: (inout Value) -> Result) -> Result {
    unsafe pthread_mutex_lock(lock)
    let result = unsafe body(&value)
    switch waking {
    case .one: unsafe pthread_cond_signal(changed)
    case .all: unsafe pthread_cond_broadcast(changed)
    }
    unsafe pthread_mutex_unlock(lock)
    return result
  }

  /// Waits until `body` gives a result, at most for `limit`; nil if it does not come in time.
  ///
  /// `body` is asked at once and after every change.
  public func wait<Result>(
    atMost limit: Duration, until body: (inout Value) -> Result?
  ) -> Result? {
    unsafe pthread_mutex_lock(lock)
    defer { unsafe pthread_mutex_unlock(lock) }
    if let result = unsafe body(&value) { return result }
    var deadline = timespec(monotonicAfter: limit)
    while true {
      // EINTR is not among its errors; anything but success is the end of the wait.
      let error = unsafe pthread_cond_timedwait(changed, lock, &deadline)
      if let result = unsafe body(&value) { return result }
      if error != 0 { return nil }
    }
  }
}

extension timespec {
  /// What the monotonic clock shows after `duration`, which counts as at least 0 and at most a
  /// day.
  fileprivate init(monotonicAfter duration: Duration) {
    var now = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    let bounded = min(max(duration, .zero), .seconds(86_400)).components
    let nanoseconds = now.tv_nsec + Int(bounded.attoseconds / 1_000_000_000)
    self.init(
      tv_sec: now.tv_sec + Int(bounded.seconds) + nanoseconds / 1_000_000_000,
      tv_nsec: nanoseconds % 1_000_000_000)
  }
}

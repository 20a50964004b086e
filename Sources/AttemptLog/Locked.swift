#if TSAN
  import Glibc
#else
  public import Synchronization
#endif

/// A value behind a lock that is held for a short time and never across an `await`.
///
/// ThreadSanitizer does not understand the futex in `Synchronization.Mutex` and reports races that
/// are none; under `-DTSAN` the lock is a pthread mutex, which it does understand.
@safe
public final class Locked<Value>: Sendable {
  #if TSAN
    // Only touched while `lock` is held.
    private nonisolated(unsafe) var value: Value
    // Made once in `init` and destroyed with the object.
    private nonisolated(unsafe) let lock: UnsafeMutablePointer<pthread_mutex_t>

    public init(_ value: sending Value) {
      unsafe self.value = value
      unsafe lock = .allocate(capacity: 1)
      unsafe pthread_mutex_init(lock, nil)
    }

    deinit {
      unsafe pthread_mutex_destroy(lock)
      unsafe lock.deallocate()
    }

    public func withLock<Result, Failure: Error>(
      _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
      unsafe pthread_mutex_lock(lock)
      defer { unsafe pthread_mutex_unlock(lock) }
      return try unsafe body(&value)
    }

    /// Nil at once if another thread holds the lock.
    public func withLockIfAvailable<Result, Failure: Error>(
      _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result? {
      guard unsafe pthread_mutex_trylock(lock) == 0 else { return nil }
      defer { unsafe pthread_mutex_unlock(lock) }
      return try unsafe body(&value)
    }
  #else
    @usableFromInline let mutex: Mutex<Value>

    @inlinable
    public init(_ value: sending Value) {
      mutex = Mutex(value)
    }

    // Inlinable, so that the closure is called where it stands and without metadata.
    @inlinable
    public func withLock<Result, Failure: Error>(
      _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
      try mutex.withLock(body)
    }

    /// Nil at once if another thread holds the lock.
    @inlinable
    public func withLockIfAvailable<Result, Failure: Error>(
      _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result? {
      try mutex.withLockIfAvailable(body)
    }
  #endif
}

import Glibc
import Synchronization

/// A thread for work that blocks: the task pool has only as many threads as there are cores.
///
/// Every signal is blocked on it, so that they reach the thread that waits for them.
public final class BlockingThread: Sendable {
  /// The pthread, 0 once it is joined.
  private let thread: Atomic<pthread_t>

  /// Why a thread could not be made: the `errno` of pthread_create(3).
  public struct CreationError: Error, Equatable, CustomStringConvertible {
    public let errno: Int32

    public var description: String { "cannot create a thread (pthread_create, errno \(errno))" }
  }

  private final class Body: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) {
      self.run = run
    }
  }

  public init(_ run: @escaping @Sendable () -> Void) throws(CreationError) {
    var everything = sigset_t()
    var before = sigset_t()
    unsafe sigfillset(&everything)
    unsafe pthread_sigmask(SIG_SETMASK, &everything, &before)
    var created = pthread_t()
    let context = unsafe Unmanaged.passRetained(Body(run))
    let result = unsafe pthread_create(
      &created, nil,
      { context in
        if let context = unsafe context {
          unsafe Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
        }
        return nil
      }, context.toOpaque())
    unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
    guard result == 0 else {
      unsafe context.release()
      throw CreationError(errno: result)
    }
    thread = Atomic(created)
  }

  /// Returns when the body has returned; at once the second time.
  public func join() {
    let running = thread.exchange(0, ordering: .acquiringAndReleasing)
    if running != 0 { pthread_join(running, nil) }
  }
}

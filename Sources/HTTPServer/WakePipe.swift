import Glibc

/// Wakes a thread that waits in poll(2), for a time or for descriptors.
public final class WakePipe: Sendable {
  /// Readable once woken.
  let readEnd: Int32
  private let writeEnd: Int32

  /// The `errno` of pipe(2).
  public struct CreationError: Error, Equatable, CustomStringConvertible {
    public let errno: Int32

    public var description: String { "cannot make a pipe (pipe, errno \(errno))" }
  }

  public init() throws(CreationError) {
    do throws(Sockets.Failure) {
      (readEnd, writeEnd) = try Sockets.wakePipe()
    } catch {
      throw CreationError(errno: error.errno)
    }
  }

  deinit {
    close(readEnd)
    close(writeEnd)
  }

  public func wake() {
    Sockets.wake(writeEnd)
  }

  /// Returns when woken, or after the time at the latest.
  public func wait(atMost time: Duration) {
    var descriptor = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
    let milliseconds = Int32(exactly: (time / .milliseconds(1)).rounded(.up)) ?? .max
    guard unsafe poll(&descriptor, 1, milliseconds) > 0 else { return }
    var drained = [UInt8](repeating: 0, count: 64)
    while unsafe read(readEnd, &drained, drained.count) > 0 {}
  }
}

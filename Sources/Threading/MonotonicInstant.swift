import Glibc

/// A moment of the clock that nobody sets; time asleep counts (`CLOCK_BOOTTIME`, clock_gettime(2)).
///
/// What `ContinuousClock` reads, in one word and without the concurrency library: a program of threads
/// does not need that, nor the dispatch library behind it.
public struct MonotonicInstant: Hashable, Comparable, Sendable {
  private var nanosecondsSinceBoot: Int64

  public static var now: Self {
    var time = timespec()
    unsafe clock_gettime(CLOCK_BOOTTIME, &time)
    return Self(
      nanosecondsSinceBoot: Int64(time.tv_sec) * nanosecondsPerSecond + Int64(time.tv_nsec))
  }

  /// The time since the machine was started.
  public var sinceBoot: Duration {
    Duration(attoseconds: Int128(nanosecondsSinceBoot) * Self.attosecondsPerNanosecond)
  }

  public static func < (left: Self, right: Self) -> Bool {
    left.nanosecondsSinceBoot < right.nanosecondsSinceBoot
  }

  /// At most what fits, 292 years.
  public static func + (left: Self, right: Duration) -> Self {
    let sum =
      Int128(left.nanosecondsSinceBoot) + right.attoseconds / attosecondsPerNanosecond
    return Self(nanosecondsSinceBoot: Int64(clamping: sum))
  }

  public static func += (left: inout Self, right: Duration) {
    left = left + right
  }

  public static func - (left: Self, right: Self) -> Duration {
    left.sinceBoot - right.sinceBoot
  }

  private static let nanosecondsPerSecond: Int64 = 1_000_000_000
  private static let attosecondsPerNanosecond: Int128 = 1_000_000_000
}

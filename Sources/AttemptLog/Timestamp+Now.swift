import Glibc

extension Timestamp {
  /// The wall clock (`CLOCK_REALTIME`), cut to microseconds.
  public static func now() -> Timestamp {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(
      microseconds: Int64(time.tv_sec) * microsecondsPerSecond + Int64(time.tv_nsec) / 1000)
  }
}

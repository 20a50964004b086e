import Glibc

package enum SystemClock {
  /// What `ContinuousClock` reads, in one word: time asleep counts (`CLOCK_BOOTTIME`).
  package static var nanosecondsSinceBoot: Int64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_BOOTTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

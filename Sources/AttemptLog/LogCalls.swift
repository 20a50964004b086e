import Glibc

/// The system calls and clocks of a writer that tests replace.
struct LogCalls: Sendable {
  /// write(2): the count written, or -1 and `errno`.
  var write: @Sendable (CInt, Span<UInt8>) -> Int = { descriptor, bytes in
    unsafe bytes.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
  }
  /// fdatasync(2): 0, or -1 and `errno`.
  var sync: @Sendable (CInt) -> CInt = { fdatasync($0) }
  /// What is mounted (proc(5), `mountinfo`); nil if that cannot be read.
  var mounts: @Sendable () -> String? = { SharedFileSystem.mountInfo() }
  /// Nanoseconds of the monotonic clock.
  var elapsed: @Sendable () -> Int64 = {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
  /// Whether the writer has a thread; without one, tests do its work.
  var hasThread = true
}

extension Int64 {
  /// In nanoseconds, held within what 64 bits hold.
  init(nanoseconds duration: Duration) {
    let (seconds, attoseconds) = duration.components
    let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, sumOverflow) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
    self = overflow || sumOverflow ? (seconds < 0 ? .min : .max) : sum
  }
}

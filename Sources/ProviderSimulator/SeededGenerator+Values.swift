import AttemptLog

extension SeededGenerator {
  /// From 0 up to but not including 1, with 53 random bits.
  mutating func unit() -> Double {
    Double(next() >> 11) * 0x1p-53
  }

  /// A time in the range, to the microsecond; most are near its lower end, as latencies are.
  mutating func duration(in range: ClosedRange<Duration>) -> Duration {
    let unit = unit()
    let span = (range.upperBound - range.lowerBound) / .microseconds(1)
    return range.lowerBound + .microseconds(Int64(unit * unit * unit * span))
  }

  /// `count` hexadecimal digits; `count` is 0...16.
  mutating func hexDigits(_ count: Int) -> String {
    let digits = String(next(), radix: 16)
    return String((String(repeating: "0", count: 16) + digits).suffix(count))
  }
}

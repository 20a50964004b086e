/// A point in time: whole microseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
public struct Timestamp: Hashable, Comparable, Sendable {
  public var microseconds: Int64

  public init(microseconds: Int64) {
    self.microseconds = microseconds
  }

  public static let microsecondsPerSecond: Int64 = 1_000_000
  public static let microsecondsPerDay: Int64 = 86_400 * microsecondsPerSecond

  /// 0001-01-01T00:00:00Z and the last microsecond of the year 9999: what RFC 3339 can write.
  public static let earliest = Timestamp(microseconds: -62_135_596_800 * microsecondsPerSecond)
  public static let latest = Timestamp(microseconds: 253_402_300_800 * microsecondsPerSecond - 1)

  /// Seconds since 1970, as Prometheus writes a time.
  public var seconds: Double {
    Double(microseconds) / Double(Self.microsecondsPerSecond)
  }

  public static func < (left: Self, right: Self) -> Bool {
    left.microseconds < right.microseconds
  }

  /// The time `microseconds` later, held within what RFC 3339 can write.
  public func advanced(byMicroseconds microseconds: Int64) -> Timestamp {
    let (sum, overflow) = self.microseconds.addingReportingOverflow(microseconds)
    if overflow { return microseconds < 0 ? .earliest : .latest }
    return min(max(Timestamp(microseconds: sum), .earliest), .latest)
  }

  /// The time a measured number of milliseconds later, to the nearest microsecond.
  public func advanced(byMilliseconds milliseconds: Double) -> Timestamp {
    let rounded = (milliseconds * 1000).rounded(.toNearestOrEven)
    guard let microseconds = Int64(exactly: rounded) else {
      return milliseconds < 0 ? .earliest : .latest
    }
    return advanced(byMicroseconds: microseconds)
  }
}

// MARK: - RFC 3339

extension Timestamp {
  /// Reads an RFC 3339 date-time with any offset and fraction, cut to microseconds.
  ///
  /// `t` and `z` may be lower case (§5.6). A leap second (`:60`) has no place on this time line and
  /// is refused, as are years below 1.
  public init?(rfc3339 text: Span<UInt8>) {
    guard text.count >= 20,
      let year = Self.digits(text, 0..<4), text[4] == UInt8(ascii: "-"),
      let month = Self.digits(text, 5..<7), text[7] == UInt8(ascii: "-"),
      let day = Self.digits(text, 8..<10), text[10] | 0x20 == UInt8(ascii: "t"),
      let hour = Self.digits(text, 11..<13), text[13] == UInt8(ascii: ":"),
      let minute = Self.digits(text, 14..<16), text[16] == UInt8(ascii: ":"),
      let second = Self.digits(text, 17..<19),
      year >= 1, hour < 24, minute < 60, second < 60,
      let date = CivilDate(year: year, month: month, day: day)
    else { return nil }
    var next = 19
    guard let fraction = Self.fraction(text, from: &next),
      let offsetSeconds = Self.offset(text, from: next)
    else { return nil }
    let seconds = date.daysSince1970 * 86_400 + hour * 3600 + minute * 60 + second - offsetSeconds
    let time = Timestamp(microseconds: Int64(seconds) * Self.microsecondsPerSecond + fraction)
    guard time >= .earliest, time <= .latest else { return nil }
    self = time
  }

  public init?(rfc3339 text: String) {
    self.init(rfc3339: Array(text.utf8).span)
  }

  private static func digits(_ text: Span<UInt8>, _ range: Range<Int>) -> Int? {
    var value = 0
    for index in range {
      let digit = text[index] &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      value = value * 10 + Int(digit)
    }
    return value
  }

  /// The microseconds of an optional fraction; `next` moves behind it.
  private static func fraction(_ text: Span<UInt8>, from next: inout Int) -> Int64? {
    guard text[next] == UInt8(ascii: ".") else { return 0 }
    next += 1
    let first = next
    var value: Int64 = 0
    var unit: Int64 = 100_000
    while next < text.count {
      let digit = text[next] &- UInt8(ascii: "0")
      guard digit < 10 else { break }
      value += Int64(digit) * unit
      unit /= 10
      next += 1
    }
    return next > first ? value : nil
  }

  /// Seconds east of UTC, from `Z` or `±hh:mm` at the end of the text.
  private static func offset(_ text: Span<UInt8>, from next: Int) -> Int? {
    guard next < text.count else { return nil }
    if text[next] | 0x20 == UInt8(ascii: "z") { return next + 1 == text.count ? 0 : nil }
    guard text.count == next + 6,
      text[next] == UInt8(ascii: "+") || text[next] == UInt8(ascii: "-"),
      text[next + 3] == UInt8(ascii: ":"),
      let hours = digits(text, next + 1..<next + 3), hours < 24,
      let minutes = digits(text, next + 4..<next + 6), minutes < 60
    else { return nil }
    let seconds = hours * 3600 + minutes * 60
    return text[next] == UInt8(ascii: "-") ? -seconds : seconds
  }
}

/// How many digits of a second a time is written with.
public enum FractionDigits: Sendable {
  /// Always six, as in the log.
  case six
  /// Six, or none if they would all be zero, as in the report.
  case sixUnlessZero
}

extension Timestamp {
  /// `2026-11-16T08:15:30.123456Z`.
  public func rfc3339(_ fraction: FractionDigits = .six) -> String {
    let bytes = [UInt8](capacity: Self.rfc3339BytesMax) { (output: inout OutputSpan<UInt8>) in
      append(to: &output, fraction)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  static let rfc3339BytesMax = 27

  /// Appends the time as RFC 3339 in UTC; times beyond `earliest...latest` are held at them.
  func append(to output: inout OutputSpan<UInt8>, _ fraction: FractionDigits) {
    let time = min(max(self, .earliest), .latest).microseconds
    let day = time.floorDivided(by: Self.microsecondsPerDay)
    let inDay = time - day * Self.microsecondsPerDay
    let second = inDay / Self.microsecondsPerSecond
    CivilDate(daysSince1970: Int(day)).append(to: &output)
    output.append(UInt8(ascii: "T"), digits: Int(second / 3600), count: 2)
    output.append(UInt8(ascii: ":"), digits: Int(second / 60 % 60), count: 2)
    output.append(UInt8(ascii: ":"), digits: Int(second % 60), count: 2)
    let micro = Int(inDay % Self.microsecondsPerSecond)
    if micro != 0 || fraction == .six {
      output.append(UInt8(ascii: "."), digits: micro, count: 6)
    }
    output.append(UInt8(ascii: "Z"))
  }
}

extension Int64 {
  func floorDivided(by divisor: Int64) -> Int64 {
    let quotient = self / divisor
    return self % divisor < 0 ? quotient - 1 : quotient
  }
}

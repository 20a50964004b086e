import AttemptLog
import Reliability

// How a reader sees a number: always with its unit, never more digits than it deserves.

extension BinaryInteger {
  /// `once`, `12 times`.
  var times: String { self == 1 ? "once" : "\(grouped) times" }

  /// `1,234,567`.
  var grouped: String {
    let digits = String(magnitude)
    var result = ""
    for (index, digit) in digits.enumerated() {
      if index > 0 && (digits.count - index) % 3 == 0 { result += "," }
      result.append(digit)
    }
    return self < 0 ? "-" + result : result
  }
}

extension Double {
  /// With so many decimals, halves away from zero; `–` if it is not a finite number of that size.
  func fixed(_ decimals: Int) -> String {
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    guard let scaled = Int(exactly: (magnitude * scale).rounded()) else { return "–" }
    let unit = Int(scale)
    let sign = self < 0 && scaled > 0 ? "-" : ""
    let whole = sign + (scaled / unit).grouped
    guard decimals > 0 else { return whole }
    let rest = String(scaled % unit)
    return whole + "." + String(repeating: "0", count: decimals - rest.count) + rest
  }

  /// With so many decimals, never more than it is; what is off by less than an error of binary fractions
  /// is not cut.
  func fixedDown(_ decimals: Int) -> String { fixed(decimals, .down, slack: 1e-6) }

  /// Likewise never less than it is.
  func fixedUp(_ decimals: Int) -> String { fixed(decimals, .up, slack: -1e-6) }

  private func fixed(
    _ decimals: Int, _ rule: FloatingPointRoundingRule, slack: Double
  ) -> String {
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    return ((self * scale + slack).rounded(rule) / scale).fixed(decimals)
  }

  /// A duration in milliseconds as `843 ms`, `12.3 s`, `4 min 05 s`, `2 h 10 min`.
  var duration: String {
    let seconds = self / 1000
    if self < 999.5 { return "\(fixed(self < 9.95 ? 1 : 0)) ms" }
    if seconds < 99.95 { return "\(seconds.fixed(1)) s" }
    guard let whole = Int(exactly: seconds.rounded()) else { return "–" }
    if whole < 3600 { return "\(whole / 60) min \(Self.twoDigits(whole % 60)) s" }
    return "\((whole / 3600).grouped) h \(Self.twoDigits(whole / 60 % 60)) min"
  }

  private static func twoDigits(_ value: Int) -> String {
    (value < 10 ? "0" : "") + String(value)
  }
}

extension Timestamp {
  /// `2026-11-18T14:03:05Z`; the rest is cut.
  var toTheSecond: String {
    let microsecond = microseconds % Self.microsecondsPerSecond
    let rest = microsecond < 0 ? microsecond + Self.microsecondsPerSecond : microsecond
    return advanced(byMicroseconds: -rest).rfc3339(.sixUnlessZero)
  }
}

extension CivilDate {
  private static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
  ]

  private static let weekdays = [
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
  ]

  // 1970-01-01 was a Thursday.
  private var weekday: String {
    Self.weekdays[((daysSince1970 + 3) % 7 + 7) % 7]
  }

  /// `Monday 16 November 2026`.
  var inWords: String { "\(weekday) \(day) \(Self.months[month - 1]) \(year)" }

  /// `Mon 16 Nov`.
  var inShort: String { "\(weekday.prefix(3)) \(day) \(Self.months[month - 1].prefix(3))" }
}

extension Ratio {
  /// `97.9 %`, or `too few` where a percentage would say more than is known.
  var percentage: String {
    guard let value, of >= Self.fewestForPercentage else { return of == 0 ? "–" : "too few" }
    return Self.percentage(value)
  }

  /// Likewise, with more decimals where it would read as an objective that it does not reach.
  func percentage(against objective: Double) -> String {
    guard let value = toldValue, value < objective,
      Self.percentage(value) == Self.percentage(objective)
    else { return percentage }
    return "\((value * 100).fixedDown(2)) %"
  }

  /// `235/240`.
  var counts: String { "\(hits.grouped)/\(of.grouped)" }

  /// `95.2 % to 99.1 %`.
  var intervalText: String {
    guard let interval else { return "–" }
    return "\(Self.percentage(interval.low)) to \(Self.percentage(interval.high))"
  }

  /// One decimal, but 100 % and 0 % only if it is exactly that.
  static func percentage(_ value: Double) -> String {
    let percent = value * 100
    if value < 1 && percent >= 99.95 {
      return "\(((percent * 100).rounded(.down) / 100).fixed(2)) %"
    }
    if value > 0 && percent < 0.05 { return "< 0.1 %" }
    return "\(percent.fixed(1)) %"
  }

  /// An objective as it was given, `99.95 %`: rounded it would be another.
  static func objective(_ fraction: Double) -> String {
    var bytes: [UInt8] = []
    bytes.appendJSONNumber((fraction * 1e7).rounded() / 1e5)
    return String(decoding: bytes, as: UTF8.self) + " %"
  }
}

extension RatioChange {
  /// `+1.2 points`, or that it is not more than noise; no number of points where one of both is `too few`.
  var text: String {
    guard let one = before.value, let other = after.value else { return "–" }
    guard isSignificant else { return "no clear change" }
    let isMore = other > one
    guard min(before.of, after.of) >= Ratio.fewestForPercentage else {
      return isMore ? "higher" : "lower"
    }
    let points = (other - one) * 100
    let size = points.magnitude
    let text = size < 0.005 ? "< 0.01" : size.fixed(size < 0.95 ? 2 : 1)
    return "\(isMore ? "+" : "-")\(text) points"
  }
}

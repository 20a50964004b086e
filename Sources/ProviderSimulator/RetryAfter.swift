import AttemptLog

/// What an answer says of when to come again.
public struct RetryAfter: Sendable, Equatable {
  /// In what form it is said.
  public enum Form: String, CaseIterable, Sendable {
    /// In the header and, with Lesan, as a number in the body.
    case number
    /// In the header and, with Lesan, as a string in the body.
    case string
    /// In the header alone.
    case header
    /// In the header alone, as an HTTP date.
    case date
  }

  /// Seconds as digits with or without a fraction; nil says nothing at all.
  public let text: String?
  public let form: Form

  public static let none = RetryAfter(text: nil)

  public init(seconds: Int) {
    self.init(text: String(seconds))
  }

  init(text: String?, form: Form = .number) {
    self.text = text
    self.form = form
  }

  private var seconds: Double { text.flatMap(Double.init) ?? 0 }

  func headerValue(at now: Timestamp) -> String? {
    guard let text else { return nil }
    return form == .date ? now.advanced(byMilliseconds: seconds * 1000).httpDate : text
  }

  var bodyValue: JSON? {
    guard let text else { return nil }
    switch form {
    case .number: return .number(seconds)
    case .string: return .text(text)
    case .header, .date: return nil
    }
  }
}

extension Timestamp {
  /// The next whole second as an IMF-fixdate (RFC 9110 §5.6.7): `Mon, 16 Nov 2026 08:00:02 GMT`.
  var httpDate: String {
    let second = (microseconds + Self.microsecondsPerSecond - 1) / Self.microsecondsPerSecond
    let day = Int(second / 86_400)
    let date = CivilDate(daysSince1970: day)
    // 1970-01-01 was a Thursday.
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][day % 7]
    let month = [
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ][date.month - 1]
    func twoDigits(_ number: Int) -> String { (number < 10 ? "0" : "") + String(number) }
    let clock = [second / 3600 % 24, second / 60 % 60, second % 60]
      .map { twoDigits(Int($0)) }.joined(separator: ":")
    return "\(weekday), \(twoDigits(date.day)) \(month) \(date.year) \(clock) GMT"
  }
}

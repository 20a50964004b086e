import AttemptLog
import Retry

/// The delay that a server asks for, in the body, in `Retry-After`, or in both.
struct ServerDelay: Equatable {
  var duration: Duration
  var source: RetryAfterSource

  /// No server is believed to mean more: 30 years.
  static let longest = Duration.seconds(1_000_000_000)

  /// Of two delays the longer one counts, since neither may be undercut.
  init?(_ response: TransportResponse, body: JSONValue?, now: Timestamp) {
    let inBody =
      (body?["error"]?["retry_after"] ?? body?["retry_after"]).flatMap(Self.seconds)
    let inHeader = response.header("Retry-After").flatMap { text in
      let theirs = response.header("Date").flatMap { HTTPDate.read($0, now: now) }
      return Self.seconds(.string(text)) ?? Self.untilDate(text, now: theirs ?? now)
    }
    if let inBody, inBody >= inHeader ?? .zero {
      self.init(duration: inBody, source: .body)
    } else if let inHeader {
      self.init(duration: inHeader, source: .header)
    } else {
      return nil
    }
  }

  private init(duration: Duration, source: RetryAfterSource) {
    self.duration = duration
    self.source = source
  }

  /// Seconds, whole or with a fraction, as a number or as text; nothing negative.
  private static func seconds(_ value: JSONValue) -> Duration? {
    let seconds: Double
    switch value {
    case .number(let number): seconds = number
    case .string(let text):
      // `Double` also reads `nan`, `inf`, `0x1p3` and `+5`.
      let trimmed = text.filter { $0 != " " && $0 != "\t" }
      guard trimmed.utf8.allSatisfy({ (48...57).contains($0) || $0 == UInt8(ascii: ".") }),
        let number = Double(trimmed)
      else { return nil }
      seconds = number
    default: return nil
    }
    guard seconds >= 0 else { return nil }
    return seconds < longest / .seconds(1) ? .seconds(seconds) : longest
  }

  /// RFC 9110 §10.2.3: a date; measured against the server's own clock where it tells it.
  private static func untilDate(_ text: String, now: Timestamp) -> Duration? {
    guard let date = HTTPDate.read(text, now: now) else { return nil }
    return .microseconds(max(0, date.microseconds - now.microseconds))
  }
}

/// Dates as HTTP writes them.
enum HTTPDate {
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// The three forms of RFC 9110 §5.6.7; the day's name is not checked.
  ///
  /// - Parameter now: a year of two digits is in the century that makes it at most 50 years later.
  static func read(_ text: String, now: Timestamp) -> Timestamp? {
    let parts = text.split(separator: " ")
    // `Sun, 06 Nov 1994 08:49:37 GMT`
    if parts.count == 6, parts[0].hasSuffix(","), parts[5] == "GMT" {
      return time(year: parts[3], month: parts[2], day: parts[1], parts[4])
    }
    // `Sunday, 06-Nov-94 08:49:37 GMT`
    if parts.count == 4, parts[0].hasSuffix(","), parts[3] == "GMT" {
      let date = parts[1].split(separator: "-", omittingEmptySubsequences: false)
      guard date.count == 3, date[2].utf8.count == 2, let short = Int(date[2]),
        let year = Int(now.rfc3339().prefix(4))
      else { return nil }
      let inCentury = year - year % 100 + short
      let full = inCentury > year + 50 ? inCentury - 100 : inCentury
      return time(year: Substring("\(full)"), month: date[1], day: date[0], parts[2])
    }
    // `Sun Nov  6 08:49:37 1994`
    guard parts.count == 5 else { return nil }
    let day = parts[2].utf8.count == 1 ? "0" + parts[2] : parts[2]
    return time(year: parts[4], month: parts[1], day: day, parts[3])
  }

  private static func time(
    year: Substring, month: Substring, day: Substring, _ clock: Substring
  ) -> Timestamp? {
    guard let month = months.firstIndex(of: String(month)), day.utf8.count == 2,
      year.utf8.count == 4
    else { return nil }
    let twoDigits = month < 9 ? "0\(month + 1)" : "\(month + 1)"
    return Timestamp(rfc3339: "\(year)-\(twoDigits)-\(day)T\(clock)Z")
  }
}

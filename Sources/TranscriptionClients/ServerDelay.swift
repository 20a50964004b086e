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
      Self.seconds(.string(text))
        ?? Self.untilDate(text, now: response.header("Date").flatMap(HTTPDate.read) ?? now)
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
    guard let date = HTTPDate.read(text) else { return nil }
    return .microseconds(max(0, date.microseconds - now.microseconds))
  }
}

/// Dates as HTTP writes them.
enum HTTPDate {
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// RFC 9110 §5.6.7, IMF-fixdate: `Sun, 06 Nov 1994 08:49:37 GMT`; the day's name is not checked.
  static func read(_ text: String) -> Timestamp? {
    let parts = text.split(separator: " ")
    guard parts.count == 6, parts[0].hasSuffix(","), parts[5] == "GMT",
      let month = months.firstIndex(of: String(parts[2])),
      parts[1].utf8.count == 2, parts[3].utf8.count == 4
    else { return nil }
    let twoDigits = month < 9 ? "0\(month + 1)" : "\(month + 1)"
    return Timestamp(rfc3339: "\(parts[3])-\(twoDigits)-\(parts[1])T\(parts[4])Z")
  }
}

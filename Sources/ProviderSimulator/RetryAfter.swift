import AttemptLog
import HTTPServer

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
  /// The next whole second, as `Retry-After` has it.
  var httpDate: String? {
    let second = (microseconds + Self.microsecondsPerSecond - 1) / Self.microsecondsPerSecond
    return HTTPHeaders.date(secondsSince1970: second)
  }
}

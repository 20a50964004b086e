/// A set of values that a key of the log may have; a reader maps any other text to `substitute`
/// and counts that it did.
public protocol ClosedSet: RawRepresentable<String>, CaseIterable, Hashable, Sendable {
  /// What stands for a value outside the set.
  static var substitute: Self { get }
  /// Whether a writer may write this value. False for what only a reader concludes.
  var isWritten: Bool { get }
  /// The members that a writer may write.
  static var written: WrittenMembers<Self> { get }
}

/// The members of a closed set that a writer may write, by their texts.
public struct WrittenMembers<Set: ClosedSet>: Sendable {
  @usableFromInline let table = TextTable(Set.allCases.filter(\.isWritten))

  public init() {}

  @inlinable
  subscript(text: ShortText) -> Set? { table[text] }
}

/// Finds a value by its text.
@usableFromInline
struct TextTable<Member: RawRepresentable<String> & Sendable>: Sendable {
  @usableFromInline let texts: [ShortText]
  @usableFromInline let members: [Member]

  init(_ members: [Member]) {
    self.members = members
    texts = members.map { member in
      guard let text = ShortText(Array(member.rawValue.utf8).span) else {
        preconditionFailure("a text is at most \(ShortText.bytesMax) bytes, got \(member)")
      }
      return text
    }
  }

  @inlinable
  subscript(text: ShortText) -> Member? {
    for index in texts.indices where texts[index] == text { return members[index] }
    return nil
  }
}

extension ClosedSet {
  @inlinable public var isWritten: Bool { true }

  /// The member that is written as these bytes, if there is one.
  @inlinable
  public init?(written text: Span<UInt8>) {
    guard let text = ShortText(text), let member = Self.written[text] else { return nil }
    self = member
  }
}

/// What became of one attempt.
public enum AttemptOutcome: String, ClosedSet {
  case success, failure
  public static let substitute = failure
  public static let written = WrittenMembers<Self>()
}

/// What the retry policy decided after an attempt.
public enum Decision: String, ClosedSet {
  case stop, retry
  public static let substitute = stop
  public static let written = WrittenMembers<Self>()
}

/// Who chose a sleep: the policy's own backoff or the server's `Retry-After`.
public enum DelaySource: String, ClosedSet {
  case computed, server, other
  public static let substitute = other
  public static let written = WrittenMembers<Self>()
  public var isWritten: Bool { self != .other }
}

/// Where the server's delay stood.
public enum RetryAfterSource: String, ClosedSet {
  case body, header
  public static let substitute = header
  public static let written = WrittenMembers<Self>()
}

/// Which layer of a call failed.
public enum ErrorLayer: String, ClosedSet {
  case transport
  case http
  /// The body of a 200 says that the job failed.
  case result
  case client
  public static let substitute = client
  public static let written = WrittenMembers<Self>()
}

/// Whether the provider may have begun work that it bills.
public enum RequestSent: String, ClosedSet {
  case yes, no, unknown
  public static let substitute = unknown
  public static let written = WrittenMembers<Self>()
}

/// What kind of error ended an attempt.
public enum ErrorClass: String, ClosedSet {
  case rateLimited = "rate_limited"
  case concurrencyLimited = "concurrency_limited"
  case quotaExhausted = "quota_exhausted"
  case serverError = "server_error"
  case timeout
  case network
  case malformedResponse = "malformed_response"
  case mediaError = "media_error"
  case invalidRequest = "invalid_request"
  case auth
  case permission
  case notFound = "not_found"
  case cancelled
  case other
  public static let substitute = other
  public static let written = WrittenMembers<Self>()
}

/// How a logical operation ended.
public enum OperationOutcome: String, ClosedSet {
  case success
  case notRetryable = "not_retryable"
  case attemptsExhausted = "attempts_exhausted"
  case deadlineExceeded = "deadline_exceeded"
  /// The server asked for a longer wait than the policy allows.
  case delayTooLong = "delay_too_long"
  case budgetDenied = "budget_denied"
  case cancelled
  /// Never written: a reader concludes it from silence.
  case abandoned
  /// Never written: stands for an outcome that this version does not know.
  case other
  public static let substitute = other
  public static let written = WrittenMembers<Self>()
  public var isWritten: Bool { self != .abandoned && self != .other }
}

public import AttemptLog

/// Whether the same call may be tried again after an error.
public enum Retryability: Equatable, Sendable {
  case never
  case always
  /// Only if the server said how long to wait, as for a quota that is used up.
  case withServerDelay
}

/// What an error means for the policy and the log.
public struct ErrorVerdict: Equatable, Sendable {
  public var errorClass: ErrorClass
  public var retry: Retryability

  public init(_ errorClass: ErrorClass, retry: Retryability) {
    self.errorClass = errorClass
    self.retry = retry
  }
}

/// One row of a classification: conditions, all of which must hold, and a verdict.
public struct ErrorRule: Equatable, Sendable {
  public var layer: ErrorLayer?
  public var statuses: ClosedRange<Int>?
  /// Compared exactly.
  public var type: String?
  /// Compared without regard to case.
  public var code: String?
  /// Compared without regard to case; its own final dot does not count.
  public var messagePrefix: String?
  public var verdict: ErrorVerdict
  /// Becomes the `error_code` if the provider gave none.
  public var pattern: String?
  /// The limit that refused: `rate`, `concurrency`, `daily`, `balance`.
  public var quota: String?

  public init(
    layer: ErrorLayer? = nil, statuses: ClosedRange<Int>? = nil, type: String? = nil,
    code: String? = nil, messagePrefix: String? = nil,
    _ errorClass: ErrorClass, retry: Retryability, pattern: String? = nil, quota: String? = nil
  ) {
    self.layer = layer
    self.statuses = statuses
    self.type = type
    self.code = code
    self.messagePrefix = messagePrefix
    self.verdict = ErrorVerdict(errorClass, retry: retry)
    self.pattern = pattern
    self.quota = quota
  }

  public init(
    status: Int, _ errorClass: ErrorClass, retry: Retryability, quota: String? = nil
  ) {
    self.init(layer: .http, statuses: status...status, errorClass, retry: retry, quota: quota)
  }

  public func matches(_ facts: AttemptFacts) -> Bool {
    if let layer, layer != facts.layer { return false }
    if let statuses {
      guard let status = facts.httpStatus, statuses.contains(status) else { return false }
    }
    if let type, type != facts.type { return false }
    if let code, code.lowercased() != facts.code?.lowercased() { return false }
    guard let messagePrefix else { return true }
    var prefix = messagePrefix.lowercased()
    if prefix.last == "." { prefix.removeLast() }
    return facts.message?.lowercased().hasPrefix(prefix) ?? false
  }
}

/// Classification as data: the first rule that matches decides, then the fallback.
///
/// It is extended by rules put in front, for instance
/// `[ErrorRule(status: 409, .other, retry: .always)] + ErrorTable.standard`.
public struct ErrorTable: Equatable, Sendable, ExpressibleByArrayLiteral {
  public var rules: [ErrorRule]

  public init(rules: [ErrorRule]) {
    self.rules = rules
  }

  public init(arrayLiteral rules: ErrorRule...) {
    self.rules = rules
  }

  public static func + (rules: [ErrorRule], table: ErrorTable) -> ErrorTable {
    ErrorTable(rules: rules + table.rules)
  }

  /// What the statuses of HTTP mean where a provider says no more.
  public static let standard: ErrorTable = [
    ErrorRule(status: 400, .invalidRequest, retry: .never),
    ErrorRule(status: 401, .auth, retry: .never),
    ErrorRule(status: 403, .permission, retry: .never),
    ErrorRule(status: 404, .notFound, retry: .never),
    ErrorRule(status: 408, .timeout, retry: .always),
    ErrorRule(status: 422, .invalidRequest, retry: .never),
    ErrorRule(status: 429, .rateLimited, retry: .always, quota: "rate"),
  ]

  /// Completes the facts of a failure: verdict, pattern name as code, name of the limit.
  public func classify(_ facts: inout AttemptFacts) -> ErrorVerdict {
    if let verdict = facts.verdict { return verdict }
    let verdict: ErrorVerdict
    if let rule = rules.first(where: { $0.matches(facts) }) {
      verdict = rule.verdict
      facts.code = facts.code ?? rule.pattern
      // The numbers of one limit say nothing of another that refused.
      if let quota = rule.quota, facts.quota.name != quota { facts.quota = Quota(name: quota) }
    } else {
      verdict = Self.fallback(facts)
    }
    facts.verdict = verdict
    return verdict
  }

  /// Unknown 4xx are final; unknown 5xx, timeouts and network errors are retried.
  static func fallback(_ facts: AttemptFacts) -> ErrorVerdict {
    if facts.timedOut { return ErrorVerdict(.timeout, retry: .always) }
    return switch (facts.layer, facts.httpStatus) {
    case (.transport, _): ErrorVerdict(.network, retry: .always)
    case (.result, _): ErrorVerdict(.other, retry: .never)
    case (_, .some(500...599)): ErrorVerdict(.serverError, retry: .always)
    // A success that failed is a body that could not be read; the work may have been done.
    case (.http, .some(200...299)): ErrorVerdict(.malformedResponse, retry: .never)
    default: ErrorVerdict(.other, retry: .never)
    }
  }
}

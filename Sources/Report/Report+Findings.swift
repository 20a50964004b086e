import AttemptLog
import Reliability

extension Report {
  /// Something to act on, with its evidence.
  public struct Finding: Equatable, Sendable {
    /// What was found, as far as its interval or a plain count bears it out; the names are stable.
    public enum Code: String, CaseIterable, Sendable {
      case futileAttempts = "futile_attempts"
      case keyRejected = "key_rejected"
      case logIncomplete = "log_incomplete"
      case lossConcentrated = "loss_concentrated"
      case newError = "new_error"
      case openIncident = "open_incident"
      case operationsAbandoned = "operations_abandoned"
      case pointlessAttempts = "pointless_attempts"
      case quotaLosses = "quota_losses"
      case retriesRescue = "retries_rescue"
      case retryStorm = "retry_storm"
      case successRateChanged = "success_rate_changed"
      case tooLittleData = "too_little_data"
      case unclassifiedErrors = "unclassified_errors"
      case uselessReason = "useless_reason"
    }

    public let severity: ReportDocument.Notice.Severity
    public let code: Code
    /// What is so, then what to do.
    public let text: [ReportDocument.Run]

    init(
      _ severity: ReportDocument.Notice.Severity, _ code: Code, _ text: [ReportDocument.Run]
    ) {
      self.severity = severity
      self.code = code
      self.text = text
    }

    /// So many of one code: who reads more of them acts on none.
    static let ofCodeMax = 3
    /// A retry is futile if it helps no more often than this, whatever chance did.
    static let futileRatio = 0.1
    /// Retries are worth their while if they rescue at least so many.
    static let rescuingRatio = 0.9
    /// A part that is worth to be named.
    static let notablePart = 0.1
    /// A part that is more than all others together.
    static let largestPart = 0.5
    /// Attempts per operation, and operations of a day, from which on retries are the load.
    static let stormAmplification = 2.0
    static let stormOperationsMin = 20
    /// Refusals of a key that worked before.
    static let rejectionsMin = 3
  }

  /// The most severe first, then by code; of one code those with the most evidence.
  public var findings: [Finding] {
    let doubtsOnRetries = futileAttempts + retryStorms + uselessReasons
    let single = [
      logIncomplete, operationsAbandoned, doubtsOnRetries.isEmpty ? retriesRescue : nil,
      successRateChanged, tooLittleData, unclassifiedErrors,
    ].compactMap(\.self)
    let all =
      doubtsOnRetries + keysRejected + lossConcentrated + newErrors + openIncidents
      + quotaFindings + single
    return Finding.Code.allCases.flatMap { code in
      all.filter { $0.code == code }.prefix(Finding.ofCodeMax)
    }.enumerated().sorted {
      ($0.element.severity.rank, $0.element.code.rawValue, $0.offset)
        < ($1.element.severity.rank, $1.element.code.rawValue, $1.offset)
    }.map(\.element)
  }

  var findingsSection: ReportDocument.Section? {
    let findings = findings
    guard !findings.isEmpty || !isEmpty else { return nil }
    return .init(
      id: "findings", title: "What to do",
      blocks: findings.isEmpty
        ? [.paragraph([.text("Nothing that the figures bear out.")])]
        : [.notices(findings.map { .init(severity: $0.severity, text: $0.text) })])
  }
}

extension ReportDocument.Notice.Severity {
  fileprivate var rank: Int {
    switch self {
    case .critical: 0
    case .warning: 1
    case .info: 2
    }
  }
}

public import AttemptLog

/// One thing that is wrong now, with its evidence.
public struct CheckFinding: Sendable {
  public enum Severity: String, Comparable, Sendable {
    case warning, critical

    public static func < (one: Self, other: Self) -> Bool { one == .warning && other == .critical }
  }

  public let severity: Severity
  /// The name of the alert that says the same in the rules for Prometheus.
  public let alert: Alert
  /// Whom it is about; nil of the log itself.
  public let subject: Subject?
  public let evidence: Evidence

  /// In the order in which findings of equal severity are told.
  public enum Alert: String, CaseIterable, Sendable {
    case noSuccess = "RelmonNoSuccess"
    case retriesKeepFailing = "RelmonRetriesKeepFailing"
    case retriesKeepFailingLowTraffic = "RelmonRetriesKeepFailingLowTraffic"
    case consecutiveFailures = "RelmonConsecutiveFailedOperations"
    case quotaExhausted = "RelmonQuotaExhausted"
    case rateLimitedSustained = "RelmonRateLimited"
    case budgetBurnFast = "RelmonErrorBudgetBurnFast"
    case budgetBurnSlow = "RelmonErrorBudgetBurnSlow"
    case retryAmplification = "RelmonRetryAmplification"
    case logDamaged = "RelmonLogDamaged"
    case logSilent = "RelmonLogSilent"
  }

  public struct Subject: Hashable, Sendable {
    public let provider: String
    public let operation: String?
    /// Of a quota.
    public let account: String?
    public let quota: String?

    init(
      provider: String, operation: String? = nil, account: String? = nil, quota: String? = nil
    ) {
      self.provider = provider
      self.operation = operation
      self.account = account
      self.quota = quota
    }
  }

  public enum Evidence: Sendable {
    /// Retried operations that succeeded, in the span of judgement and in the short one.
    case rescued(within: Ratio, short: Ratio, error: ErrorClass?)
    /// The same in the span of judgement or in the longer one for low traffic.
    case rarelyRescued(Ratio, seconds: Int64, error: ErrorClass?)
    case streak(Incident)
    /// Attempts in the span of judgement, the first of those since the last success, and that.
    case noSuccess(attempts: Int, since: Timestamp, last: Timestamp?, error: ErrorClass?)
    /// Failed operations in the long and in the short span.
    case burn(CheckRules.Burn, long: Ratio, short: Ratio)
    /// Retries and first attempts in the span of judgement.
    case amplification(retries: Int, initial: Int)
    case exhausted(QuotaEpisodeRow)
    /// An episode, the newest, and how much of a time was spent in some.
    case limited(QuotaEpisodeRow, seconds: Double, of: Int64)
    /// Lines of the whole log, and the newest time at which some were lost; nil if a file cannot be
    /// read to its end.
    case damage(rejected: Int, missing: Int64, dropped: Int64, latest: Timestamp?)
    case silence(last: Timestamp)
  }

  /// The worst first, then by what and whom it is about.
  func precedes(_ other: Self) -> Bool {
    if severity != other.severity { return severity > other.severity }
    if alert != other.alert { return alert.order < other.alert.order }
    return (subject?.texts ?? []).precedes(other.subject?.texts ?? [])
  }
}

extension CheckFinding.Alert {
  fileprivate var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }

  var severity: CheckFinding.Severity {
    switch self {
    case .noSuccess, .retriesKeepFailing, .quotaExhausted, .budgetBurnFast: .critical
    case .retriesKeepFailingLowTraffic, .consecutiveFailures, .rateLimitedSustained,
      .budgetBurnSlow, .retryAmplification, .logDamaged, .logSilent:
      .warning
    }
  }
}

extension CheckFinding.Subject {
  fileprivate var texts: [String] { [provider, operation ?? "", account ?? "", quota ?? ""] }
}

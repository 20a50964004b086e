public import AttemptLog

/// What is wrong at one moment, as far as the log tells.
public struct Check: Sendable {
  public let now: Timestamp
  public let rules: CheckRules
  /// The worst first.
  public let findings: [CheckFinding]
  /// All operations without a parent that ended in the span of judgement.
  public let headline: Tally
  /// Of the newest line that is not later than now; nil if there is none.
  public let lastRecord: Timestamp?
  /// Whether the log ever told of an attempt or an operation.
  public let hasTraffic: Bool
  /// Lines of kind `attempt` in the log.
  public let attempts: Int
  /// There are attempts enough for an operation to have ended, and none has: its lines are not written.
  public let lacksOperations: Bool

  /// What the findings come to, with the exit status of a Nagios plugin.
  public enum State: Int32, Sendable {
    case ok = 0
    case warning = 1
    case critical = 2
    /// Nothing can be said: there is no data.
    case unknown = 3
  }

  public var state: State {
    switch findings.first?.severity {
    case .critical: .critical
    case .warning: .warning
    case nil: hasTraffic && !lacksOperations ? .ok : .unknown
    }
  }

  /// - Parameters:
  ///   - aggregate: of everything there is; it is judged here.
  ///   - rules: those that `aggregate` was counted for.
  ///   - isWhole: whether all files could be read to their ends.
  public init(_ aggregate: Aggregate<CheckCounts>, rules: CheckRules, isWhole: Bool) {
    var aggregate = aggregate
    let now = aggregate.counts.now
    aggregate.judge(at: now)
    let counts = aggregate.counts
    let log = aggregate.log
    self.now = now
    self.rules = rules
    headline = counts.headline(last: rules.withinSeconds)
    lastRecord = counts.lastRecord
    attempts = log.records[.attempt, default: 0]
    let operations = log.records[.operation, default: 0]
    hasTraffic = attempts + operations > 0
    lacksOperations = operations == 0 && attempts >= CheckRules.attemptsWithoutOperationMin
    let found =
      counts.pairs.indices.flatMap { rules.findings(ofPair: $0, counts) }
      + counts.streaks.compactMap { rules.streak($0, counts) }
      + rules.quotas(counts)
      + [rules.damage(log, counts, isWhole: isWhole)].compactMap(\.self)
      + [hasTraffic ? rules.silence(counts) : nil].compactMap(\.self)
    findings = found.sorted { $0.precedes($1) }
  }
}

// MARK: - Judging

extension CheckFinding {
  fileprivate init(_ alert: Alert, _ subject: Subject?, _ evidence: Evidence) {
    self.init(severity: alert.severity, alert: alert, subject: subject, evidence: evidence)
  }
}

extension CheckRules {
  fileprivate func findings(ofPair pair: Int, _ counts: CheckCounts) -> [CheckFinding] {
    let name = counts.name(of: pair)
    let subject = CheckFinding.Subject(provider: name.provider, operation: name.operation)
    let within = counts.tally(of: pair, last: withinSeconds)
    let short = counts.tally(of: pair, last: shortSeconds)
    return [
      retriesKeepFailing(within, short).map { .init(.retriesKeepFailing, subject, $0) },
      lowTraffic(pair, counts).map { .init(.retriesKeepFailingLowTraffic, subject, $0) },
      noSuccess(pair, within, counts).map { .init(.noSuccess, subject, $0) },
      burn(.fast, pair, counts).map { .init(.budgetBurnFast, subject, $0) },
      burn(.slow, pair, counts).map { .init(.budgetBurnSlow, subject, $0) },
      amplification(within).map { .init(.retryAmplification, subject, $0) },
    ].compactMap(\.self)
  }

  private func retriesKeepFailing(
    _ within: Tally, _ short: Tally
  ) -> CheckFinding.Evidence? {
    let ratios = (within.retrySuccessRatio, short.retrySuccessRatio)
    guard ratios.0.of >= Self.retriedMin,
      let long = ratios.0.value, long < Self.rescuedMin,
      let newest = ratios.1.value, newest < Self.rescuedMin
    else { return nil }
    return .rescued(within: ratios.0, short: ratios.1, error: within.mostFrequentError)
  }

  /// As long as it goes on: something that was retried failed in the span of judgement, and lately if the
  /// span before it had more traffic, of whose failures these may be the last.
  private func lowTraffic(_ pair: Int, _ counts: CheckCounts) -> CheckFinding.Evidence? {
    func retried(_ seconds: Int64) -> Ratio {
      counts.tally(of: pair, last: seconds).retrySuccessRatio
    }
    let within = retried(withinSeconds)
    let lately = retried(shortSeconds)
    let before = retried(2 * withinSeconds).of - within.of
    guard within.of < Self.retriedMin, within.hits < within.of,
      before < Self.retriedMin || lately.hits < lately.of
    else { return nil }
    // What went well hours ago does not excuse what goes wrong now.
    for seconds in [lowTrafficSeconds, withinSeconds] {
      let tally = counts.tally(of: pair, last: seconds)
      let ratio = tally.retrySuccessRatio
      if let interval = ratio.interval, interval.high < Self.rescuedMin {
        return .rarelyRescued(ratio, seconds: seconds, error: tally.mostFrequentError)
      }
    }
    return nil
  }

  /// Attempts that failed in both of the last two spans of judgement, and no success in either.
  private func noSuccess(
    _ index: Int, _ within: Tally, _ counts: CheckCounts
  ) -> CheckFinding.Evidence? {
    let pair = counts.pairs[index]
    let failed = counts.tally(of: index, last: noSuccessSeconds).failedAttempts
    let begin = counts.now.advanced(bySeconds: -noSuccessSeconds)
    guard within.failedAttempts > 0, failed > within.failedAttempts,
      let since = pair.firstFailureSince, pair.lastSuccess ?? .earliest < begin
    else { return nil }
    return .noSuccess(
      attempts: failed, since: since, last: pair.lastSuccess, error: within.mostFrequentError)
  }

  private func burn(_ burn: Burn, _ pair: Int, _ counts: CheckCounts) -> CheckFinding.Evidence? {
    let long = counts.tally(of: pair, last: burn.longSeconds).failureRate
    let short = counts.tally(of: pair, last: burn.shortSeconds).failureRate
    let limit = burn.limit(objective: objective)
    guard long.hits >= Burn.failuresMin, let value = long.value, value > limit,
      let newest = short.value, newest > limit
    else { return nil }
    return .burn(burn, long: long, short: short)
  }

  private func amplification(_ within: Tally) -> CheckFinding.Evidence? {
    let (initial, retries) = (within.attempts[.initial].count, within.attempts[.retry].count)
    guard initial >= Self.initialAttemptsMin,
      Double(retries) / Double(initial) > Self.retriesPerAttemptMax
    else { return nil }
    return .amplification(retries: retries, initial: initial)
  }

  /// Unless it was not tried for so long that nobody calls it any more.
  fileprivate func streak(_ incident: Incident, _ counts: CheckCounts) -> CheckFinding? {
    let pair = counts.pairs.indices.first {
      counts.name(of: $0) == (incident.provider, incident.operation)
    }
    let begin = counts.now.advanced(bySeconds: -Self.triedWithinSeconds)
    guard incident.failedOperations >= Self.streakMin,
      pair.flatMap({ counts.pairs[$0].lastAttempt }).map({ $0 > begin }) ?? true
    else { return nil }
    let subject = CheckFinding.Subject(
      provider: incident.provider, operation: incident.operation)
    return CheckFinding(.consecutiveFailures, subject, .streak(incident))
  }

  /// A hard limit at once, a passing one if it lasts.
  fileprivate func quotas(_ counts: CheckCounts) -> [CheckFinding] {
    var limited: [CheckFinding.Subject: (row: QuotaEpisodeRow, seconds: Double)] = [:]
    var findings: [CheckFinding] = []
    let begin = counts.now.advanced(bySeconds: -sustainedSeconds)
    for row in counts.quotaEpisodes {
      let subject = CheckFinding.Subject(
        provider: row.provider, account: row.account, quota: row.quota)
      if row.episode.opensAtOnce {
        guard row.episode.end > counts.now else { continue }
        findings.append(CheckFinding(.quotaExhausted, subject, .exhausted(row)))
      } else {
        // Episodes of one quota do not overlap.
        let inside =
          min(row.episode.end, counts.now).seconds - max(row.episode.start, begin).seconds
        limited[subject] = (row, (limited[subject]?.seconds ?? 0) + max(0, inside))
      }
    }
    for (subject, (row, seconds)) in limited
    where seconds > Self.sustainedShareMin * Double(sustainedSeconds) {
      findings.append(
        CheckFinding(
          .rateLimitedSustained, subject, .limited(row, seconds: seconds, of: sustainedSeconds)))
    }
    return findings
  }

  fileprivate func damage(
    _ log: LogLedger, _ counts: CheckCounts, isWhole: Bool
  ) -> CheckFinding? {
    let begin = counts.now.advanced(bySeconds: -withinSeconds)
    // A gap may have been filled since it was met.
    let latest = counts.losses.filter { $0.key != .missing || log.missing > 0 }.values.max()
    let isRecent = latest.map { $0 > begin } ?? false
    guard isRecent || !isWhole else { return nil }
    return CheckFinding(
      .logDamaged, nil,
      .damage(
        rejected: log.damaged, missing: log.missing, dropped: log.dropped,
        latest: isRecent ? latest : nil))
  }

  fileprivate func silence(_ counts: CheckCounts) -> CheckFinding? {
    guard let silentAfterSeconds, let last = counts.lastRecord,
      last < counts.now.advanced(bySeconds: -silentAfterSeconds)
    else { return nil }
    return CheckFinding(.logSilent, nil, .silence(last: last))
  }
}

extension Tally {
  /// Of O′ the operations that did not succeed.
  fileprivate var failureRate: Ratio {
    Ratio(hits: successRate.of - successRate.hits, of: successRate.of)
  }

  /// The class of most failed attempts in A′; of several the first of the closed set.
  fileprivate var mostFrequentError: ErrorClass? {
    var most: (errorClass: ErrorClass, count: Int)?
    for errorClass in ErrorClass.allCases where errorClass != .cancelled {
      let count =
        attempts[.initial].failures[errorClass] + attempts[.retry].failures[errorClass]
      if count > most?.count ?? 0 { most = (errorClass, count) }
    }
    return most?.errorClass
  }
}

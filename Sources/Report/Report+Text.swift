import AttemptLog
import Reliability

extension Report {
  /// The report as a person on call reads it on a terminal, plain.
  public func text() -> [UInt8] {
    let sections = [
      header, verdict, logText, scorecard, operationsText, retriesText, errorsText,
      incidentsText, quotaText, daysText,
    ]
    return Array(sections.filter { !$0.isEmpty }.joined(separator: "\n").utf8)
  }

  private var header: String {
    let from = window.from.rfc3339(.sixUnlessZero)
    let to = window.to.rfc3339(.sixUnlessZero)
    let span = "\(from) to \(to)"
    let label = window.label(in: zone)
    let place = zone == .utc ? "" : " " + TerminalText.visible(zone.name)
    let title = label.contains("/") ? "\(span)\(place)" : "\(label)\(place) (\(span))"
    return "API reliability, \(title)\n"
  }

  private var verdict: String {
    let rate = totals.successRate
    guard rate.of > 0 else { return "NO DATA: no operation ended in this window.\n" }
    let objective = Ratio.objective(slo.objective)
    let state: String
    if rate.of < Ratio.fewestForPercentage {
      state = "TOO FEW operations for a verdict"
    } else if Double(slo.failed) > slo.budget {
      state = "BREACHED"
    } else {
      state = "OK"
    }
    return "\(state): \(rate.counts) operations succeeded (\(rate.percentage)), "
      + "objective \(objective): \(slo.failed.grouped) failed, "
      + "\(slo.budget.fixed(1)) may fail.\n"
  }

  private var logText: String {
    let counts =
      "Log: \(log.records.grouped) records, \(log.attempts.grouped) attempts, "
      + "\(log.operations.grouped) operations"
    let damage = [
      (log.rejected.grouped, "rejected"), (Self.grouped(log.missing), "missing"),
      (Self.grouped(log.dropped), "dropped by writers"), (log.duplicates.grouped, "duplicates"),
    ].filter { $0.0 != "0" }.map { "\($0) \($1)" }
    return counts + (damage.isEmpty ? "; complete.\n" : "; \(damage.joined(separator: ", ")).\n")
  }

  static func grouped(_ count: Int64) -> String {
    Int(exactly: count)?.grouped ?? String(count)
  }

  private var scorecard: String {
    var columns: [(String, TextTable.Alignment)] = [
      ("", .left), ("this window", .right), ("k/n", .right), ("95 % interval", .left),
    ]
    if previous != nil { columns += [("before", .right), ("change", .left)] }
    var table = TextTable(columns)
    for name in RatioName.allCases {
      let ratio = totals[name]
      var row = [name.title, ratio.percentage, ratio.counts, ratio.intervalText]
      if let previous {
        let change = RatioChange(before: previous[name], after: ratio)
        row += [previous[name].percentage, change.text]
      }
      table.append(row)
    }
    let endings: [String] = OperationOutcome.allCases.compactMap { outcome in
      let count = totals.operations.byOutcome[outcome].count
      return count == 0 ? nil : "\(count.grouped) \(outcome.title)"
    }
    let share = totals.backoffShare.map { " (\(Ratio.percentage($0)) of all time)" } ?? ""
    let slept = (totals.sleptSeconds * 1000).duration + share
    let wasted = (totals.wastedBackoffSeconds * 1000).duration
    let facts = [
      "How they ended: \(endings.isEmpty ? "–" : endings.joined(separator: ", "))",
      "Attempts per operation: \(Self.plain(totals.amplification)); "
        + "audio sent per audio asked for: \(Self.plain(totals.audioAmplification))",
      "Waiting between attempts: \(slept), of which in vain: \(wasted)",
    ]
    return "Requests (without those that serve another)\n" + table.rendered()
      + facts.map { "  \($0)\n" }.joined()
  }

  private static func plain(_ value: Double?) -> String {
    value.map { $0.fixed(2) } ?? "–"
  }

  private var operationsText: String {
    guard !operations.isEmpty else { return "" }
    var table = TextTable([
      ("provider", .left), ("operation", .left), ("ended", .right), ("success", .right),
      ("k/n", .right), ("attempts/op", .right), ("p50", .right), ("p95", .right), ("p99", .right),
    ])
    for scope in operations {
      let rate = scope.tally.successRate
      let durations = scope.tally.allDurations
      table.append([
        scope.provider, scope.operation, scope.tally.operations.count.grouped, rate.percentage,
        rate.counts, Self.plain(scope.tally.amplification),
        Self.duration(durations.quantile(percent: 50)),
        Self.duration(durations.quantile(percent: 95)), Self.duration(durations.p99),
      ])
    }
    return "Operations, with the time from start to final answer\n" + table.rendered()
  }

  private static func duration(_ milliseconds: Double?) -> String {
    milliseconds.map(\.duration) ?? "–"
  }

  private var retriesText: String {
    guard !retries.isEmpty else { return "Retries: none.\n" }
    var byReason = TextTable([
      ("provider", .left), ("operation", .left), ("retried after", .left), ("helped", .right),
      ("k/n", .right), ("slept", .right),
    ])
    for (scope, reason, retries) in retries {
      byReason.append([
        scope.provider, scope.operation, reason.rawValue, retries.ratio.percentage,
        retries.ratio.counts, retries.slept.value.duration,
      ])
    }
    var byAttempt = TextTable([
      ("provider", .left), ("operation", .left), ("attempt", .right), ("helped", .right),
      ("k/n", .right),
    ])
    for (scope, attempt, ratio) in retriesByAttempt {
      byAttempt.append([
        scope.provider, scope.operation, String(attempt), ratio.percentage, ratio.counts,
      ])
    }
    return "Did the retries help? By what they were for\n" + byReason.rendered()
      + "\nBy the number of the attempt\n" + byAttempt.rendered()
  }

  /// So many errors are listed on a terminal; the JSON has all.
  static let errorRowsMax = 15

  private var errorsText: String {
    guard !errors.isEmpty else { return "Errors: none.\n" }
    var table = TextTable([
      ("provider", .left), ("operation", .left), ("class", .left), ("error", .left),
      ("HTTP", .right), ("attempts", .right), ("share", .right), ("ended with it", .right),
    ])
    for error in errors.prefix(Self.errorRowsMax) {
      table.append([
        error.provider, error.operation, error.errorClass.rawValue,
        error.code ?? error.type ?? "–", error.httpStatus.map { String($0) } ?? "–",
        error.attempts.grouped, Ratio.percentage(error.share), error.final.grouped,
      ])
    }
    let rest = errors.count - Self.errorRowsMax
    return "Errors of attempts\n" + table.rendered()
      + (rest > 0 ? "  and \(rest.grouped) more kinds; --format json lists all\n" : "")
  }

  private var daysText: String {
    guard days.count > 1 else { return "" }
    var table = TextTable([
      ("day (\(zone.name))", .left), ("ended", .right), ("success", .right), ("k/n", .right),
      ("retried", .right), ("rescued", .right), ("p95", .right),
    ])
    for day in days {
      let rate = day.tally.successRate
      table.append([
        day.date.description, day.tally.operations.count.grouped, rate.percentage, rate.counts,
        day.tally.operations.retried.grouped, day.tally.operations.rescued.grouped,
        Self.duration(day.tally.allDurations.quantile(percent: 95)),
      ])
    }
    return "Days\n" + table.rendered()
  }
}

extension RatioName {
  /// As a person says it.
  var title: String {
    switch self {
    case .attemptErrorRate: "attempts that failed"
    case .successRate: "operations that succeeded"
    case .firstAttemptSuccessRate: "at the first attempt"
    case .retrySuccessRatio: "retried operations rescued"
    case .retryAttemptSuccessRatio: "retries that succeeded"
    case .exhaustionRate: "gave up after all attempts"
    }
  }
}

extension OperationOutcome {
  /// As a person says it.
  fileprivate var title: String {
    switch self {
    case .success: "success"
    case .notRetryable: "not retryable"
    case .attemptsExhausted: "attempts exhausted"
    case .deadlineExceeded: "deadline exceeded"
    case .delayTooLong: "told to wait too long"
    case .budgetDenied: "retry budget used up"
    case .cancelled: "cancelled"
    case .abandoned: "abandoned"
    case .other: "other"
    }
  }
}

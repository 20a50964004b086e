import AttemptLog
import Reliability

extension Report {
  /// The report as all renderings for people have it.
  public func document() -> ReportDocument {
    let label = window.label(in: zone)
    var document = ReportDocument(
      // A label of two times would say the period twice.
      title: [.text("API reliability" + (label.contains("/") ? "" : ", \(label)"))],
      period: period, verdict: verdict)
    document.sections = [
      findingsSection, scorecardSection, trafficSection, errorsSection, retriesSection,
      quotaSection, incidentsSection, hoursSection, trendSection, daysSection, logSection,
    ].compactMap { $0 }
    return document
  }

  /// So many rows a table has at most; the JSON has all.
  static let tableRowsMax = 15

  static func plain(_ value: Double?) -> String {
    value.map { $0.fixed(2) } ?? "–"
  }

  static func duration(_ milliseconds: Double?) -> String {
    milliseconds.map(\.duration) ?? "–"
  }

  /// What stands below a table that does not have them all.
  static func rest(of count: Int) -> [ReportDocument.Run] {
    let rest = count - tableRowsMax
    return rest > 0 ? [.text("and \(rest.grouped) more, all of them in the JSON")] : []
  }
}

// MARK: - When and how good

extension Report {
  private var period: [ReportDocument.Run] {
    let days = window.wholeDays(in: zone)
    var place: [ReportDocument.Run] = zone == .utc ? [.text("UTC")] : [.name(zone.name)]
    guard let first = days?.first, let last = days?.last else {
      return [.text("\(window.from.toTheSecond) to \(window.to.toTheSecond), ")] + place
    }
    if zone != .utc {
      place.append(.text(" (\(window.from.toTheSecond) to \(window.to.toTheSecond))"))
    }
    let hours = window.lengthInHours
    if let count = days?.count, hours != Double(24 * count) {
      let text = hours.fixed(hours == hours.rounded() ? 0 : 1)
      place.append(.text(", \(text) hours, as the clocks were changed"))
    }
    let span = first == last ? first.inWords : "\(first.inWords) to \(last.inWords)"
    return [.text("\(span), ")] + place
  }

  /// Within the budget, but with more than this part of it used up, it is at risk.
  static let riskyConsumption = 0.75

  private var verdict: ReportDocument.Verdict {
    let rate = totals.successRate
    guard rate.of > 0 else {
      let cause =
        endsWithoutFate ?? "no operation ended in this window\(whereOperationsAre)"
      return .init(state: .insufficientData, reason: [.text("\(cause).")])
    }
    let counts =
      "\(rate.counts) operations succeeded (\(rate.percentage(against: slo.objective))), objective "
      + "\(Ratio.objective(slo.objective)): \(slo.failed.grouped) failed, "
      + "\(slo.budget.fixedDown(1)) may fail"
    guard rate.of >= Ratio.fewestForPercentage else {
      return .init(
        state: .insufficientData, reason: [.text("too few to judge: \(counts).")])
    }
    guard Double(slo.failed) <= slo.budget else {
      let isCertain = rate.interval.map { $0.high < slo.objective } ?? false
      let doubt = isCertain ? "" : "; it may be chance (\(rate.intervalText))"
      return .init(state: .breached, reason: [.text("\(counts)\(doubt).")])
    }
    if let consumed = slo.consumed, consumed > Self.riskyConsumption {
      let used = ", \(Ratio.percentage(consumed)) of the budget is used up."
      return .init(state: .atRisk, reason: [.text(counts + used)])
    }
    return .init(state: .ok, reason: [.text("\(counts).")])
  }

  /// What became of operations of which none has a known fate; nil if there are none.
  private var endsWithoutFate: String? {
    let operations = totals.operations
    guard operations.count > 0 else { return nil }
    let ends = [OperationOutcome.cancelled, .abandoned].compactMap { outcome in
      let count = operations.byOutcome[outcome].count
      return count > 0 ? "\(count.grouped) \(outcome.rawValue)" : nil
    }
    return "of \(operations.count.grouped) operations none has an end that can be judged "
      + "(\(ends.joined(separator: ", ")))"
  }

  /// What somebody would look for who has an empty window.
  private var whereOperationsAre: String {
    if log.operations > 0, let first = log.firstRecord, let last = log.lastRecord {
      return "; the log has \(log.operations.grouped), and lines from \(first.toTheSecond) to "
        + "\(last.toTheSecond): choose another window (--week, --since)"
    }
    guard log.attempts > 0 else { return "" }
    return "; the log has \(log.attempts.grouped) attempts, but no line of kind \"operation\" that "
      + "says how a call ended, without which none can be judged"
  }

  private var logSection: ReportDocument.Section {
    let counts =
      "\(log.records.grouped) records read, \(log.attempts.grouped) attempts and "
      + "\(log.operations.grouped) operations among them"
    let doubts = [
      log.duplicates > 0 ? "\(log.duplicates.grouped) read twice" : nil,
      log.failedSyncs > 0 ? "not made durable \(log.failedSyncs.times)" : nil,
      log.unchecked > 0 ? "\(log.unchecked.grouped) not checked for being there twice" : nil,
    ].compactMap(\.self)
    let notes = log.damage + doubts
    var state = log.isIncomplete ? "" : "; complete"
    if !notes.isEmpty { state += "; " + notes.joined(separator: ", ") }
    if log.clockSteps > 0 {
      let limit = LogLedger.clockStepMin / Timestamp.microsecondsPerSecond
      state +=
        "; clock stepped: a writer's was set back \(log.clockSteps.times), by more than \(limit) s"
    }
    var blocks: [ReportDocument.Block] = [.paragraph([.text("\(counts)\(state).")])]
    if let inexactness { blocks.append(.paragraph([.text("\(inexactness).")])) }
    let made = "Made at \(generatedAt.toTheSecond) by relmon \(relmonVersion)."
    return .init(id: "log", title: "The log", blocks: blocks + [.paragraph([.text(made)])])
  }

  private var scorecardSection: ReportDocument.Section {
    typealias Column = ReportDocument.Table.Column
    var columns = [
      Column(""), Column("this window", .trailing), Column("k/n", .trailing),
      Column("95 % interval", dispensability: 1),
    ]
    if previous != nil {
      columns += [
        Column("before", .trailing), Column("k/n before", .trailing, dispensability: 2),
        Column("change"),
      ]
    }
    var table = ReportDocument.Table(columns)
    for name in RatioName.allCases {
      let ratio = totals[name]
      var row: [ReportDocument.Table.Cell] = [
        .text(name.title),
        .text(ratio.percentage, tone: name == .successRate ? tone(of: ratio) : nil),
        .text(ratio.counts),
        .interval(of: ratio, mark: name == .successRate ? slo.objective : nil),
      ]
      if let previous {
        let change = RatioChange(before: previous[name], after: ratio)
        row += [
          .text(previous[name].percentage), .text(previous[name].counts),
          .text(change.text, tone: change.tone(of: name)),
        ]
      }
      table.append(row)
    }
    let endings: [String] = OperationOutcome.allCases.compactMap { outcome in
      let count = totals.operations.byOutcome[outcome].count
      return count == 0 ? nil : "\(count.grouped) \(outcome.title)"
    }
    let ended = endings.isEmpty ? "–" : endings.joined(separator: ", ")
    return .init(
      id: "scorecard", title: "Requests (without those that serve another)",
      blocks: [.paragraph([.text(budgetText)]), .table(table)]
        + [.list([[.text("How they ended: \(ended)")]])])
  }

  private var budgetText: String {
    let used = slo.consumed.map { " (\(Ratio.percentage($0)))" } ?? ""
    let left =
      slo.left < 0
      ? "overdrawn by \((-slo.left).fixedUp(1))" : "\(slo.left.fixedDown(1)) left"
    return "Objective \(Ratio.objective(slo.objective)), so of \(totals.successRate.of.grouped) "
      + "operations \(slo.budget.fixedDown(1)) may fail: \(slo.failed.grouped) used\(used), \(left)."
  }

  /// Against the objective, as far as it is certain.
  func tone(of rate: Ratio) -> ReportDocument.Tone? {
    guard let value = rate.value, let interval = rate.interval else { return nil }
    if value >= slo.objective { return .good }
    return interval.high < slo.objective ? .bad : .warning
  }
}

extension Ratio {
  /// Nil where a percentage would say more than is known.
  var toldValue: Double? { of >= Self.fewestForPercentage ? value : nil }
}

extension Report.LogSummary {
  /// What of the log is not there, or may not be.
  var damage: [String] {
    [
      rejected > 0 ? "\(rejected.grouped) rejected" : nil,
      missing > 0 ? "\(missing.grouped) missing" : nil,
      dropped > 0 ? "\(dropped.grouped) dropped by writers" : nil,
      truncations > 0 ? "cut by others \(truncations.times)" : nil,
      damagedFiles > 0
        ? "\(damagedFiles.grouped) file\(damagedFiles == 1 ? "" : "s") not read to the end" : nil,
    ].compactMap(\.self)
  }
}

extension RatioChange {
  fileprivate func tone(of name: RatioName) -> ReportDocument.Tone? {
    guard isSignificant, let before = before.value, let after = after.value else { return .muted }
    return (after > before) == name.isGood ? .good : .bad
  }
}

extension Report.Objective {
  /// Operations that may still fail; below 0 if more did than may.
  var left: Double { budget - Double(failed) }
}

// MARK: - Words and cells

extension ReportDocument.Table.Cell {
  static func text(
    _ text: String, tone: ReportDocument.Tone? = nil, share: Double? = nil
  ) -> Self {
    Self([.text(text)], tone: tone, share: share)
  }

  /// Where a ratio surely lies; drawn from so many cases on.
  static func interval(of ratio: Ratio, mark: Double?) -> Self {
    var cell = text(ratio.intervalText)
    if let value = ratio.toldValue, let interval = ratio.interval {
      cell.span = .init(low: interval.low, value: value, high: interval.high, mark: mark)
    }
    return cell
  }

  /// From the log; a dash if it says nothing.
  static func name(_ name: String?) -> Self {
    name.map { Self([.name($0)]) } ?? .text("–")
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

  /// Whether more is better.
  var isGood: Bool {
    switch self {
    case .attemptErrorRate, .exhaustionRate: false
    case .successRate, .firstAttemptSuccessRate, .retrySuccessRatio, .retryAttemptSuccessRatio:
      true
    }
  }
}

extension OperationOutcome {
  /// As a person says it.
  var title: String {
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

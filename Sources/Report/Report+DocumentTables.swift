import AttemptLog
import Reliability

extension Report {
  private typealias Table = ReportDocument.Table
  private typealias Column = ReportDocument.Table.Column

  var trafficSection: ReportDocument.Section? {
    guard !operations.isEmpty else { return nil }
    var ended = Table([
      Column("provider"), Column("operation"), Column("ended", .trailing),
      Column("success", .trailing), Column("k/n", .trailing),
      Column("attempts/op", .trailing, dispensability: 2),
      Column("p50", .trailing, dispensability: 1),
      Column("p95", .trailing), Column("p99", .trailing),
    ])
    ended.note = [.text("p50, p95, p99: from the start to the final answer")]
    var attempts = Table([
      Column("provider"), Column("operation"), Column("attempts", .trailing),
      Column("failed", .trailing), Column("k/n", .trailing),
      Column("p50", .trailing, dispensability: 1), Column("p95", .trailing),
      Column("p99", .trailing),
    ])
    attempts.note = [.text("p50, p95, p99: latency of a single attempt")]
    for scope in operations {
      let rate = scope.tally.successRate
      ended.append(
        scope.cells + [
          .text(scope.tally.operations.count.grouped),
          .text(rate.percentage, tone: tone(of: rate), share: rate.toldValue), .text(rate.counts),
          .text(Self.plain(scope.tally.amplification)),
        ] + Self.quantiles(scope.tally.allDurations))
      let errors = scope.tally.attemptErrorRate
      attempts.append(
        scope.cells + [
          .text(scope.tally.attemptCount.grouped),
          .text(errors.percentage, share: errors.toldValue),
          .text(errors.counts),
        ] + Self.quantiles(scope.tally.allLatencies))
    }
    return .init(
      id: "traffic", title: "Operations and attempts",
      blocks: [.table(ended), .table(attempts), .list([[.text(waitingText)]])])
  }

  private var waitingText: String {
    let share = totals.backoffShare.map { " (\(Ratio.percentage($0)) of all time)" } ?? ""
    return "Attempts per operation: \(Self.plain(totals.amplification)); waiting between "
      + "attempts: \((totals.sleptSeconds * 1000).duration)\(share)"
  }

  private static func quantiles(_ values: Distribution) -> [Table.Cell] {
    [
      .text(duration(values.quantile(percent: 50))), .text(duration(values.quantile(percent: 95))),
      .text(duration(values.p99)),
    ]
  }

  var retriesSection: ReportDocument.Section {
    let title = "Did the retries help?"
    guard !retries.isEmpty else {
      return .init(id: "retries", title: title, blocks: [.paragraph([.text("No retries.")])])
    }
    var byReason = Table([
      Column("provider"), Column("operation"), Column("retried after"),
      Column("helped", .trailing), Column("k/n", .trailing), Column("slept", .trailing),
    ])
    for (scope, reason, retries) in retries {
      byReason.append(
        scope.cells + [.text(reason.rawValue)]
          + Self.helped(retries.ratio, slept: retries.slept.value))
    }
    var byAttempt = Table([
      Column("provider"), Column("operation"), Column("attempt", .trailing),
      Column("helped", .trailing), Column("k/n", .trailing), Column("slept", .trailing),
    ])
    for (scope, attempt, retries) in retriesByAttempt {
      byAttempt.append(
        scope.cells + [.text(String(attempt))]
          + Self.helped(retries.ratio, slept: retries.slept.value))
    }
    return .init(
      id: "retries", title: title,
      blocks: [.paragraph([.text(rescueText)]), .table(byReason), .table(byAttempt)])
  }

  private static func helped(_ ratio: Ratio, slept: Double) -> [Table.Cell] {
    [
      .text(ratio.percentage, share: ratio.toldValue), .text(ratio.counts), .text(slept.duration),
    ]
  }

  private var rescueText: String {
    let rescued = totals.retrySuccessRatio
    let text =
      "Of the requests that were retried \(rescued.counts) were rescued (\(rescued.percentage)). "
      + "Waiting in vain: \((totals.wastedBackoffSeconds * 1000).duration) of "
      + "\((totals.sleptSeconds * 1000).duration)."
    guard let amplification = totals.audioAmplification else { return text }
    let again = (totals.attempts[.retry].audioSeconds.value * 1000).duration
    return
      "\(text) Audio sent again: \(again), \(amplification.fixed(2)) times what was asked for in all."
  }

  var errorsSection: ReportDocument.Section {
    let title = "Errors of attempts"
    guard !errors.isEmpty else {
      return .init(
        id: "errors", title: title,
        blocks: [.paragraph([.text("No errors.")])] + goneErrorsBlocks)
    }
    var table = Table([
      Column("provider"), Column("operation"), Column("class", dispensability: 1),
      Column("error"), Column("HTTP", .trailing, dispensability: 2),
      Column("attempts", .trailing), Column("share", .trailing),
      Column("before", .trailing, dispensability: 3), Column("ended with it", .trailing),
      Column("example", dispensability: 4),
    ])
    table.note = Self.rest(of: errors.count)
    for error in errors.prefix(Self.tableRowsMax) {
      table.append([
        .name(error.provider), .name(error.operation), .text(error.errorClass.rawValue),
        .name(error.code ?? error.type), .text(error.httpStatus.map { String($0) } ?? "–"),
        .text(error.attempts.grouped), .text(Ratio.percentage(error.share), share: error.share),
        attemptsBefore(of: error), .text(error.final.grouped), .name(error.example),
      ])
    }
    return .init(id: "errors", title: title, blocks: [.table(table)] + goneErrorsBlocks)
  }

  private func attemptsBefore(of error: ErrorRow) -> Table.Cell {
    if previous == nil { return .text("–") }
    return error.isNew
      ? .text("new", tone: .warning) : .text(error.attemptsBefore.grouped)
  }

  /// What the window before had and this one has not.
  private var goneErrorsBlocks: [ReportDocument.Block] {
    guard !goneErrors.isEmpty else { return [] }
    let gone = goneErrors.prefix(Self.tableRowsMax).map { error -> [ReportDocument.Run] in
      var runs = ReportDocument.Run.pair(error.provider, error.operation)
      runs.append(.text(": "))
      runs += error.words
      runs.append(.text(" is gone; the window before had \(error.attemptsBefore.grouped)"))
      return runs
    }
    let rest = Self.rest(of: goneErrors.count)
    return [.list(gone + (rest.isEmpty ? [] : [rest]))]
  }

  var incidentsSection: ReportDocument.Section? {
    guard !incidents.isEmpty else { return nil }
    var table = Table([
      Column("provider"), Column("operation"), Column("from", .trailing),
      Column("to", .trailing, dispensability: 1),
      Column("lasted", .trailing), Column("failed", .trailing),
      Column("retries", .trailing, dispensability: 2), Column("mostly"),
    ])
    table.note = Self.rest(of: incidents.count)
    for incident in incidents.prefix(Self.tableRowsMax) {
      let lasted = incident.to.map { Double($0.microseconds - incident.from.microseconds) / 1000 }
      table.append([
        .name(incident.provider), .name(incident.operation), .text(incident.from.toTheSecond),
        .text(incident.to?.toTheSecond ?? "open", tone: incident.to == nil ? .bad : nil),
        .text(Self.duration(lasted)), .text(incident.failedOperations.grouped),
        .text(incident.retries.grouped), .name(incident.error),
      ])
    }
    return .init(
      id: "incidents",
      title: "Incidents: \(Incident.failuresMin) or more operations that failed in a row",
      blocks: [.table(table)])
  }

  var quotaSection: ReportDocument.Section? {
    guard !quotaEpisodes.isEmpty else { return nil }
    var table = Table([
      Column("provider"), Column("account"), Column("quota"), Column("from", .trailing),
      Column("to", .trailing, dispensability: 2), Column("lasted", .trailing),
      Column("refused", .trailing, dispensability: 1), Column("in vain", .trailing),
      Column("lost", .trailing),
    ])
    table.note =
      [
        .text(
          "in vain: sent before the announced end; lost: operations; ~: an end that no accepted "
            + "attempt proves")
      ] + (quotaEpisodes.count > Self.tableRowsMax ? [.text("; ")] : [])
      + Self.rest(of: quotaEpisodes.count)
    for row in quotaEpisodes.prefix(Self.tableRowsMax) {
      let episode = row.episode
      table.append([
        .name(row.provider), .name(row.account), .name(row.quota),
        .text(episode.start.toTheSecond),
        .text((episode.isCensored ? "~ " : "") + episode.end.toTheSecond),
        .text(episode.milliseconds.duration), .text(episode.signals.grouped),
        .text(row.pointlessAttempts.grouped), .text(row.operationsLost.grouped),
      ])
    }
    return .init(id: "quotas", title: "Exhausted quotas", blocks: [.table(table)])
  }

  var daysSection: ReportDocument.Section? {
    guard days.count > 1 else { return nil }
    var table = Table([
      Column("day"), Column("ended", .trailing), Column("success", .trailing),
      Column("k/n", .trailing), Column("retried", .trailing), Column("rescued", .trailing),
      Column("p95", .trailing),
    ])
    var chart = ReportDocument.ColumnChart(
      title: "Operations by day",
      series: [
        .init("succeeded", .good), .init("failed", .bad),
        .init("cancelled or abandoned", .muted),
      ],
      ticks: ReportDocument.Tick.amounts(
        upTo: days.map(\.tally.operations.count).max() ?? 0))
    for day in days {
      let operations = day.tally.operations
      let rate = day.tally.successRate
      table.append([
        .text(day.date.inShort), .text(operations.count.grouped),
        .text(rate.percentage, tone: tone(of: rate)), .text(rate.counts),
        .text(operations.retried.grouped), .text(operations.rescued.grouped),
        .text(Self.duration(day.tally.allDurations.quantile(percent: 95))),
      ])
      chart.columns.append(day.column)
    }
    return .init(
      id: "days", title: "Days",
      // More of them cannot be told apart.
      blocks: (days.count <= Self.dayColumnsMax ? [.columns(chart)] : []) + [.table(table)])
  }

  static let dayColumnsMax = 62
}

extension Report.Day {
  fileprivate var column: ReportDocument.ColumnChart.Column {
    let rate = tally.successRate
    let unknown = [OperationOutcome.cancelled, .abandoned].map {
      (name: $0.title, count: tally.operations.byOutcome[$0].count)
    }
    let others = unknown.filter { $0.count > 0 }.map { ", \($0.count.grouped) \($0.name)" }
    return .init(
      label: date.inShort,
      parts: [rate.hits, rate.of - rate.hits, unknown.reduce(0) { $0 + $1.count }].map {
        Double($0)
      },
      text: "\(date): \(rate.counts) succeeded\(others.joined())")
  }
}

extension ScopeTally {
  fileprivate var cells: [ReportDocument.Table.Cell] { [.name(provider), .name(operation)] }
}

extension ReportDocument.Tick {
  /// From 0 to the first that covers the amount, at most five, in steps of 1, 2 or 5 with zeros.
  static func amounts(upTo most: Int) -> [Self] {
    var power = 1
    var step = 1
    while step < (most + 3) / 4 {
      switch step / power {
      case 1: step = 2 * power
      case 2: step = 5 * power
      default:
        power *= 10
        step = power
      }
    }
    return (0...max(1, (most + step - 1) / step)).map {
      .init(Double($0 * step), ($0 * step).grouped)
    }
  }
}

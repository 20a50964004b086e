import Report

extension ReportDocument {
  /// With a block of every kind.
  static var sample: ReportDocument { sample(name: "lesan") }

  /// - Parameter name: stands wherever text from a log may stand.
  static func sample(name: String) -> ReportDocument {
    var document = ReportDocument(
      title: [.text("API reliability, 2026-W47 "), .name(name)],
      period: [.text("Monday 16 to Sunday 22 November 2026, zone "), .name(name)],
      verdict: Verdict(
        state: .breached,
        reason: [
          .strong("270/300"), .text(" operations succeeded (90.0 %), objective 99.5 %: "),
          .text("30 failed, 1.5 may fail; most of them "), .name(name),
        ]))
    document.sections = [
      findings(name), scorecard, errors(name), hours(name), weeks(name), days(name), notes(name),
    ]
    return document
  }

  private static func findings(_ name: String) -> Section {
    Section(
      id: "findings", title: "Findings",
      blocks: [
        .notices([
          Notice(
            severity: .critical,
            text: [
              .text("41 % of failures (12/29) are "), .name(name),
              .text(" between 18:00 and 24:00: spread the load or raise the quota."),
            ]),
          Notice(
            severity: .warning,
            text: [
              .text("The third attempt rescued 2/117 and cost 3 h 06 min of waiting: "),
              .strong("two attempts would do"), .text("."),
            ]),
          Notice(severity: .info, text: [.text("Too little data for 99.95 % of "), .name(name)]),
        ])
      ])
  }

  private static let scorecard: Section = {
    var table = Table([
      Table.Column(""), Table.Column("this week", .trailing), Table.Column("k/n", .trailing),
      Table.Column("95 % interval", dispensability: 2),
      Table.Column("before", .trailing, dispensability: 3),
      Table.Column("change", dispensability: 1),
    ])
    table.append([
      Table.Cell([.text("operations that succeeded")]),
      Table.Cell([.text("90.0 %")], tone: .bad), Table.Cell([.text("270/300")]),
      Table.Cell(
        [.text("86.1 % to 92.9 %")],
        span: Table.Span(low: 0.861, value: 0.9, high: 0.929, mark: 0.995)),
      Table.Cell([.text("99.7 %")]),
      Table.Cell([.text("-9.7 points")], tone: .bad),
    ])
    table.append([
      Table.Cell([.text("retried operations rescued")]),
      Table.Cell([.text("50.0 %")], tone: .warning), Table.Cell([.text("14/28")]),
      Table.Cell(
        [.text("32.6 % to 67.4 %")], span: Table.Span(low: 0.326, value: 0.5, high: 0.674)),
      Table.Cell([.text("93.3 %")]),
      Table.Cell([.text("no clear change")], tone: .muted),
    ])
    return Section(
      id: "scorecard", title: "Scorecard",
      blocks: [.paragraph([.text("Requests, without those that serve another.")]), .table(table)])
  }()

  private static func errors(_ name: String) -> Section {
    var table = Table([
      Table.Column("provider"), Table.Column("operation"), Table.Column("class", dispensability: 3),
      Table.Column("error"), Table.Column("HTTP", .trailing, dispensability: 2),
      Table.Column("attempts", .trailing), Table.Column("share", .trailing),
      Table.Column("example", dispensability: 4),
    ])
    let counts = [("503", "35", "52.2"), ("502", "22", "32.8"), (name, "8", "11.9")]
    for (error, count, share) in counts {
      table.append([
        Table.Cell([.name(name)]), Table.Cell([.name("transcribe")]),
        Table.Cell([.text("server_error")]), Table.Cell([.name(error), .name(name)]),
        Table.Cell([.text("503")]), Table.Cell([.text(count)]),
        Table.Cell([.text("\(share) %")], share: Double(share).map { $0 / 100 }),
        Table.Cell([.name("0b0e7d52-6b0c-4f3e-9f3e-6c4dd1c0a9a1")], tone: .muted),
      ])
    }
    table.note = [.text("New this week: "), .name(name), .text(" and 2 more; the JSON has all.")]
    return Section(id: "errors", title: "Errors of attempts", blocks: [.table(table)])
  }

  private static func hours(_ name: String) -> Section {
    var map = HeatMap(
      title: "Failed operations by hour, % of those that ended", columnsTitle: "hour (UTC)",
      columns: (0..<24).map { $0 < 10 ? "0\($0)" : "\($0)" },
      legend: [
        (nil, "nothing ended"), (0, "none failed"), (0.25, "up to 5 %"), (0.5, "up to 20 %"),
        (0.75, "up to 50 %"), (1, "more than 50 %"),
      ])
    for (day, title) in ["Mon 16 Nov", "Tue 17 Nov", "Wed 18 Nov", "Thu 19 Nov", name].enumerated()
    {
      map.rows.append(
        HeatMap.Row(
          title: title,
          cells: (0..<24).map { hour in
            if day == 3 && hour == 2 { return nil }
            let levels: [Double?] = [nil, 0, 0, 0, 0.25, 0, 0.5, 0, 0.75, 0, 1]
            let level = hour < 6 ? nil : levels[(day * 7 + hour * hour) % levels.count]
            return HeatMap.Cell(level: level, text: "\(title) \(hour):00: 3/20")
          }))
    }
    return Section(id: "hours", title: "Hour by hour", blocks: [.heatMap(map)])
  }

  private static func weeks(_ name: String) -> Section {
    var chart = LineChart(
      title: "Operations that succeeded, %",
      ticks: [Tick(0.85, "85 %"), Tick(0.9, "90 %"), Tick(0.95, "95 %"), Tick(1, "100 %")],
      reference: Tick(0.995, "objective 99.5 %"))
    let failed: [Int?] = [5, 10, nil, 2, 7, 3, 100]
    for (index, failed) in failed.enumerated() {
      let label = "2026-W\(41 + index)"
      let value = failed.map { Double(1000 - $0) / 1000 }
      let text = failed.map { "\(label): \(1000 - $0)/1,000 of \(name)" } ?? "\(label): no data"
      chart.points.append(
        LineChart.Point(
          label: label, value: value, low: value.map { $0 - 0.015 },
          high: value.map { min(1, $0 + 0.009) }, text: text))
    }
    return Section(id: "weeks", title: "Trend", blocks: [.lines(chart)])
  }

  private static func days(_ name: String) -> Section {
    var chart = ColumnChart(
      title: "Operations that ended, by day",
      series: [
        ColumnChart.Series("succeeded", .good),
        ColumnChart.Series("succeeded after a retry", .warning), ColumnChart.Series(name, .bad),
      ], ticks: [Tick(0, "0"), Tick(20, "20"), Tick(40, "40"), Tick(60, "60"), Tick(80, "80")])
    for (day, parts) in [
      [45, 0, 0], [60, 1, 0], [52, 3, 11], [38, 8, 10], [33, 1, 8], [0, 0, 0],
    ]
    .enumerated() {
      chart.columns.append(
        ColumnChart.Column(
          label: "\(16 + day) Nov", parts: parts.map { Double($0) },
          text: "\(16 + day) Nov: \(parts[0]) succeeded, \(parts[1]) retried, \(parts[2]) \(name)"))
    }
    return Section(id: "days", title: "Days", blocks: [.columns(chart)])
  }

  private static func notes(_ name: String) -> Section {
    Section(
      id: "log", title: "Log",
      blocks: [
        .list([
          [.text("9,299 records, 3,772 attempts; complete")],
          [.name(name), .name(name), .text(" is the writer of most")],
        ])
      ])
  }
}

import AttemptLog
import Reliability

extension Report {
  /// Days by hours, as the clocks of the zone have them.
  var hoursSection: ReportDocument.Section? {
    guard hours.contains(where: { $0.success.of > 0 }) else { return nil }
    let slots = hourColumns
    var map = ReportDocument.HeatMap(
      title: "Operations that failed, by day and hour", columnsTitle: "hour (\(zone.name))",
      columns: slots.map(\.label),
      legend: [(nil, "no operation"), (0, "none failed")]
        + Self.failureLevels.map { ($0.level, $0.text) })
    for (day, ofDay) in hoursByDay {
      let cells = slots.map { slot -> ReportDocument.HeatMap.Cell? in
        let same = ofDay.filter { $0.hour.hour == slot.hour }
        guard slot.occurrence < same.count else { return nil }
        let success = same[slot.occurrence].success
        return .init(
          level: Self.level(of: success),
          text: "\(day.inShort), \(slot.label): "
            + (success.of == 0 ? "no operation" : "\(success.counts) succeeded"))
      }
      map.rows.append(.init(title: day.inShort, cells: cells))
    }
    return .init(id: "hours", title: "When it failed", blocks: [.heatMap(map)])
  }

  private var hoursByDay: [(day: CivilDate, hours: [Hour])] {
    var days: [(day: CivilDate, hours: [Hour])] = []
    for hour in hours {
      if days.last?.day != hour.hour.date { days.append((hour.hour.date, [])) }
      days[days.count - 1].hours.append(hour)
    }
    return days
  }

  /// The 24 hours, and behind it one that comes a second time where the clocks go back.
  private var hourColumns: [(hour: Int, occurrence: Int, label: String)] {
    let days = hoursByDay
    return (0..<24).flatMap { hour in
      let most = days.map { $0.hours.count { $0.hour.hour == hour } }.max() ?? 0
      return (0..<max(1, most)).map { occurrence in
        (hour, occurrence, (hour < 10 ? "0" : "") + String(hour) + (occurrence > 0 ? "b" : ""))
      }
    }
  }

  /// Above the share of failures the level begins.
  private static let failureLevels: [(above: Double, level: Double, text: String)] = [
    (0, 0.25, "up to 1 %"), (0.01, 0.5, "up to 10 %"), (0.1, 0.75, "up to 50 %"),
    (0.5, 1, "more failed"),
  ]

  private static func level(of success: Ratio) -> Double? {
    // Not 1 − success: 2 of 200 are not above 1 %.
    Ratio(hits: success.of - success.hits, of: success.of).value.map { failed in
      failureLevels.last { failed > $0.above }?.level ?? 0
    }
  }

  /// Up to 13 windows of this length, this one last.
  var trendSection: ReportDocument.Section? {
    guard trend.count > 1 else { return nil }
    let lowest = trend.compactMap { $0.tally.successRate.interval?.low }.min() ?? 0
    let bottom = Self.axisEnds.last { $0 <= min(lowest, slo.objective) } ?? 0
    let ticks = [bottom, (bottom + 1) / 2, 1].map {
      ReportDocument.Tick($0, Ratio.objective($0))
    }
    var chart = ReportDocument.LineChart(
      title: "Operations that succeeded, with their 95 % interval", ticks: ticks,
      reference: .init(slo.objective, "objective \(Ratio.objective(slo.objective))"))
    for span in trend {
      let rate = span.tally.successRate
      let label = span.window.label(in: zone)
      chart.points.append(
        .init(
          label: label, value: rate.value, low: rate.interval?.low, high: rate.interval?.high,
          text: "\(label): \(rate.percentage) (\(rate.counts))"))
    }
    return .init(
      id: "trend", title: isOfWeeks ? "The weeks before" : "The windows before",
      blocks: [.lines(chart)])
  }

  /// Whether the window has the name of a week.
  private var isOfWeeks: Bool { window.label(in: zone).contains("W") }

  private static let axisEnds = [0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999]
}

import AttemptLog
import Foundation
import Reliability
import Report
import TestSupport
import Testing

/// Every number that a reader sees is one of the JSON, or stands on a scale.
struct ReportNumbersTests {
  /// Of our own words.
  private static let ours = [
    "95 % interval", "p50", "p95", "p99", "3 or more", "relmon \(relmonVersion)",
  ]

  @Test func `every number of a rendering is in the JSON`() throws {
    for logs in [LogText.twoWeeks, [.someOperations], []] {
      try expectExplained(Report.of(logs))
    }
    try expectExplained(Self.ofFourWeeks())
  }

  @Test func `a number that is not in the JSON is found`() throws {
    let numbers = try ReportNumbers(json: Report.of(.someOperations).json())
    #expect(
      try numbers.unexplained(
        in: "2/4 of 7, 50.0 %, 51.0 %, 3/4, 7.0 s, 7.1 s, 2026-11-16, 2026-11-15, 25 %",
        scales: ["25 %"]) == ["51.0 %", "3/4", "7.1 s", "2026-11-15"])
  }

  private func expectExplained(_ report: Report) throws {
    let numbers = try ReportNumbers(json: report.json())
    let document = report.document()
    let renderings = [
      ("wide", document.terminal(width: 140, isColoured: false)),
      ("narrow", document.terminal(width: 80, isColoured: false)),
      ("Markdown", document.markdown()), ("HTML", document.html()),
    ]
    for (name, bytes) in renderings {
      let text = Self.words(of: String(decoding: bytes, as: UTF8.self), isHTML: name == "HTML")
      let unexplained = try numbers.unexplained(
        in: text, besides: Self.ours, scales: document.scales)
      #expect(unexplained == [], "\(name)")
    }
  }

  private static func ofFourWeeks() throws -> Report {
    let path = TestSupport.Repository.root + "/samples/four-weeks.jsonl.gz"
    let end = try #require(Timestamp(rfc3339: "2026-11-23T00:00:00Z"))
    let week = try #require(ISOWeek("2026-W47"))
    var input = ReportInput(window: week.window(in: .utc))
    let follower = try LogFollower(path: path)
    while try follower.read(into: &input) {}
    return input.report(at: end)
  }

  /// What is to be read, with single spaces.
  private static func words(of text: String, isHTML: Bool) -> String {
    var text = text
    if isHTML {
      text = text.replacing(#/<style>.*?</style>/#.dotMatchesNewlines(), with: " ")
        .replacing(#/<[^>]*>/#, with: " ")
      for (entity, character) in [
        ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&"),
      ] {
        text = text.replacing(entity, with: character)
      }
    }
    // A cell that was cut tells nothing.
    return text.replacing(#/\S*…/#, with: "").replacing(#/\s+/#, with: " ")
  }
}

extension ReportDocument {
  /// What is written beside the axes and the legends of charts.
  fileprivate var scales: [String] {
    sections.flatMap(\.blocks).flatMap { block -> [String] in
      switch block {
      case .heatMap(let map): map.columns + [map.columnsTitle] + map.legend.map(\.text)
      case .lines(let chart): chart.ticks.map(\.label)
      case .columns(let chart): chart.ticks.map(\.label)
      case .paragraph, .list, .notices, .table: []
      }
    }
  }
}

import AttemptLog
import Reliability
import Report
import TestSupport
import Testing

struct ReportDocumentTests {
  typealias Document = ReportDocument

  private func heatMap(_ report: Report) throws -> Document.HeatMap {
    let blocks = report.document().sections.first { $0.id == "hours" }?.blocks
    guard case .heatMap(let map) = try #require(blocks?.first) else {
      throw Missing(what: "a heat map")
    }
    return map
  }

  private struct Missing: Error {
    let what: String
  }

  /// A zone whose whole life follows a rule: RFC 9636 §3, without a change.
  private func zone(_ name: String, _ rule: String) throws -> Zone {
    let header =
      Array("TZif2".utf8) + [UInt8](repeating: 0, count: 31) + [0, 0, 0, 1, 0, 0, 0, 1]
    let block = header + [UInt8](repeating: 0, count: 7)
    return try Zone(name: name, tzif: block + block + Array("\n\(rule)\n".utf8))
  }

  private func berlin() throws -> Zone { try zone("Europe/Berlin", "CET-1CEST,M3.5.0,M10.5.0/3") }

  @Test func `an hour that comes twice has two cells`() throws {
    let log = LogText()
      .operation("2026-10-25T00:30:00Z", "summer")
      .operation("2026-10-25T01:30:00Z", "winter", outcome: "not_retryable")
    let report = Report.of(
      log, from: "2026-10-18T22:00:00Z", to: "2026-10-25T23:00:00Z", zone: try berlin())
    let map = try heatMap(report)
    #expect(map.columns.count == 25)
    #expect(map.columns[2...4] == ["02", "02b", "03"])
    #expect(map.columnsTitle == "hour (Europe/Berlin)")
    #expect(map.rows.map(\.title).first == "Mon 19 Oct")
    #expect(map.rows.map { $0.cells.count { $0 != nil } } == [24, 24, 24, 24, 24, 24, 25])
    let sunday = map.rows[6].cells
    #expect(sunday[2]?.text == "Sun 25 Oct, 02: 1/1 succeeded")
    #expect(sunday[3]?.text == "Sun 25 Oct, 02b: 0/1 succeeded")
    #expect(sunday[2]?.level == 0)
    #expect(sunday[3]?.level == 1)
    #expect(sunday[4]?.level == nil)
    #expect(sunday[4]?.text == "Sun 25 Oct, 03: no operation")
  }

  @Test func `an hour that is skipped has no cell`() throws {
    let log = LogText().operation("2026-03-29T01:00:00Z", "1")
    let report = Report.of(
      log, from: "2026-03-22T23:00:00Z", to: "2026-03-29T22:00:00Z", zone: try berlin())
    let sunday = try heatMap(report).rows[6].cells
    #expect(sunday.count == 24)
    #expect(sunday[2] == nil)
    #expect(sunday[3]?.level == 0)
  }

  @Test(arguments: [
    (0, 0), (1, 0.25), (2, 0.25), (3, 0.5), (20, 0.5), (21, 0.75), (100, 0.75), (101, 1.0),
  ])
  func `a cell is as bad as the part that failed`(failed: Int, level: Double) throws {
    let log = (0..<200).reduce(LogText()) {
      $0.operation("10:00:00", "\($1)", outcome: $1 < failed ? "not_retryable" : "success")
    }
    #expect(try heatMap(.of(log)).rows[2].cells[10]?.level == level)
  }

  @Test func `beyond 31 days hours are not told apart`() {
    let log = LogText().operation("10:00:00", "1")
    #expect(
      Report.of(log, from: "2026-11-01T00:00:00Z", to: "2026-12-02T00:00:00Z").hours.count == 744)
    #expect(Report.of(log, from: "2026-10-31T00:00:00Z", to: "2026-12-02T00:00:00Z").hours.isEmpty)
  }

  @Test func `the trend has the windows from the first with something in it, 13 at most`() {
    let log = LogText().operation("2026-10-28T10:00:00Z", "1", outcome: "not_retryable")
      .operation("10:00:00", "2")
    let trend = Report.of(log).trend
    #expect(trend.map { $0.window.label() } == ["2026-W44", "2026-W45", "2026-W46", "2026-W47"])
    #expect(trend.map(\.tally.successRate.of) == [1, 0, 0, 1])
    let old = log.operation("2026-08-26T10:00:00Z", "3").operation("2026-08-19T10:00:00Z", "4")
    #expect(Report.of(old).trend.map { $0.window.label() }.first == "2026-W35")
    #expect(Report.of(old).trend.count == 13)
    #expect(Report.of(LogText()).trend.count == 1)
  }

  @Test func `errors are told from those of the window before`() throws {
    let log = LogText()
      .attempt("2026-11-11T10:00:00Z", "b1", error: "timeout")
      .attempt("2026-11-11T10:00:00Z", "b2", error: "network")
      .attempt("2026-11-04T10:00:00Z", "long ago", error: "server_error")
      .attempt("10:00:00", "a1", error: "server_error")
      .attempt("11:00:00", "a2", error: "server_error")
      .attempt("10:00:00", "a3", error: "timeout")
    let report = Report.of(log)
    #expect(report.errors.map(\.errorClass) == [.serverError, .timeout])
    #expect(report.errors.map(\.attemptsBefore) == [0, 1])
    #expect(report.errors.map(\.example) == ["a1", "a3"])
    #expect(
      report.errors.map { $0.seen?.upperBound.rfc3339(.sixUnlessZero) }
        == ["2026-11-18T11:00:00Z", "2026-11-18T10:00:00Z"])
    #expect(report.goneErrors.map(\.errorClass) == [.network])
    let section = try #require(report.document().sections.first { $0.id == "errors" })
    guard case .table(let table) = section.blocks[0], case .list(let gone) = section.blocks[1]
    else { throw Missing(what: "a table and a list") }
    let before = try #require(table.columns.firstIndex { $0.title == "before" })
    #expect(table.rows.map { $0[before].runs } == [[.text("new")], [.text("1")]])
    #expect(gone.map { $0.last } == [.text(" is gone; the window before had 1")])
  }
}

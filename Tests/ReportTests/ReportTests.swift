import AttemptLog
import Reliability
import Report
import TestSupport
import Testing

struct ReportTests {
  @Test func `a week is compared with the week before`() {
    let report = Report.of(.weeks(before: (20, 0), after: (10, 10)))
    #expect(report.changes.map(\.name) == RatioName.allCases)
    let change = report.changes[1].change
    #expect(change.before == Ratio(hits: 20, of: 20))
    #expect(change.after == Ratio(hits: 10, of: 20))
    #expect(change.isSignificant)
    let noise = Report.of(.weeks(before: (3, 1), after: (1, 1)))
    #expect(!noise.changes[1].change.isSignificant)
  }

  @Test func `without a week before there is nothing to compare`() {
    let report = Report.of(.weeks(before: (0, 0), after: (10, 10)))
    #expect(report.previous == nil)
    #expect(report.changes.isEmpty)
  }

  @Test func `the window before is as long as the window`() {
    let log = LogText().operation("10:00:00", "1").operation("11:59:59", "2")
      .operation("12:00:00", "3").operation("09:59:59", "0")
    let report = Report.of(log, from: "2026-11-18T12:00:00Z", to: "2026-11-18T14:00:00Z")
    #expect(report.totals.operations.count == 1)
    #expect(report.previous?.operations.count == 2)
  }

  @Test func `every day is listed, clipped and empty ones too`() {
    let log = LogText().operation("10:00:00", "1").operation("2026-11-18T00:10:00Z", "early")
      .operation("2026-11-20T11:59:59Z", "2").operation("2026-11-20T12:00:00Z", "late")
    let report = Report.of(log, from: "2026-11-18T00:30:00Z", to: "2026-11-20T12:00:00Z")
    #expect(report.days.map(\.date.description) == ["2026-11-18", "2026-11-19", "2026-11-20"])
    #expect(report.days.map(\.tally.operations.count) == [1, 0, 1])
    #expect(Report.of(log).days.map(\.tally.operations.count) == [0, 0, 2, 0, 2, 0, 0])
  }

  @Test func `retries are listed by reason and by attempt, cancelled ones not`() {
    let report = Report.of(.someOperations)
    #expect(report.retries.map(\.reason) == [.serverError])
    #expect(report.retries.map(\.retries.ratio) == [Ratio(hits: 1, of: 3)])
    #expect(report.retries.map(\.retries.slept.value) == [6000])
    #expect(report.retriesByAttempt.map(\.attempt) == [2, 3])
    #expect(
      report.retriesByAttempt.map(\.retries.ratio)
        == [Ratio(hits: 1, of: 2), Ratio(hits: 0, of: 1)])
    let cancelled = LogText().attempt("10:00:00", "1", attempt: 2, error: "cancelled")
    #expect(Report.of(cancelled).retries.isEmpty)
    #expect(Report.of(cancelled).retriesByAttempt.isEmpty)
  }

  @Test func `the budget is what the objective lets fail`() {
    // (1 − 0.995) · 4 = 0.02 operations; two failed
    let slo = Report.of(.someOperations).slo
    #expect((slo.budget - 0.02).magnitude < 1e-12)
    #expect(slo.failed == 2)
    #expect(((slo.consumed ?? 0) - 100).magnitude < 1e-9)
    #expect(Report.of(.someOperations, objective: 1).slo.consumed == nil)
    #expect(Report.of(LogText()).slo.consumed == nil)
  }

  @Test(arguments: [
    (objective: 0.9, of: 10, budget: 1.0), (0.8, 100, 20), (0.92, 100, 8), (0.995, 200, 1),
    (0.9999, 10_000, 1), (0.99999, 100_000, 1), (0.57, 100, 43), (0.995, 3, 0.015), (1, 7, 0),
  ])
  func `the budget has no error of binary fractions`(
    objective: Double, of count: Int, budget: Double
  ) {
    let failing = (0..<Int(budget)).reduce(LogText()) {
      $0.operation("10:00:00", "f\($1)", outcome: "not_retryable")
    }
    let log = (Int(budget)..<count).reduce(failing) { $0.operation("10:00:01", "\($1)") }
    let slo = Report.of(log, objective: objective).slo
    #expect(slo.budget == budget)
    #expect(slo.consumed == (budget == 0 ? nil : budget < 1 ? 0 : 1))
  }

  @Test func `what was cancelled or abandoned is no empty window`() {
    let log = LogText().operation("10:00:00", "1", outcome: "cancelled").start("10:00:01", "2")
    #expect(
      Report.of(log).plainText.contains(
        "of 2 operations none has an end that can be judged (1 cancelled, 1 abandoned)."))
    #expect(!Report.of(log).plainText.contains("choose another window"))
  }

  @Test func `the log goes from its oldest line on, whichever is read first`() {
    let (old, new) = (
      LogText(writer: "o").operation("2026-10-01T10:00:00Z", "1"),
      LogText(writer: "n").operation("2026-10-20T10:00:00Z", "2")
    )
    for logs in [[old, new], [new, old]] {
      let log = Report.of(logs).log
      #expect(log.firstRecord?.rfc3339(.sixUnlessZero) == "2026-10-01T10:00:00Z")
      #expect(log.lastRecord?.rfc3339(.sixUnlessZero) == "2026-10-20T10:00:00Z")
    }
  }

  @Test func `a log that says nothing about the window is empty and still summed up`() {
    let report = Report.of(
      .someOperations, from: "2026-11-23T00:00:00Z", to: "2026-11-30T00:00:00Z")
    #expect(report.isEmpty)
    #expect(report.previous != nil)
    #expect(report.log.records == 13)
    #expect(report.log.attempts == 8)
    #expect(report.log.operations == 5)
    #expect(!report.log.isIncomplete)
  }

  @Test func `only what serves another is not nothing`() {
    let poll = #""operation":"poll","parent_id":"job""#
    let report = Report.of(LogText().operation("10:00:00", "1", outcome: "success", poll))
    #expect(!report.isEmpty)
    #expect(report.totals.isEmpty)
  }

  @Test func `losses make a log incomplete, duplicates do not`() {
    let log = LogText().operation("10:00:00", "1").operation("10:00:01", "2")
      .operation("10:00:02", "3")
    #expect(!Report.of(log, log).log.isIncomplete)
    #expect(Report.of(log, log).log.duplicates == 3)
    #expect(Report.of(log.dropLine(1)).log.isIncomplete)
    #expect(Report.of(log.add("dropped", "10:00:03", #""count":1"#)).log.isIncomplete)
    #expect(Report.of(log.add("attempt", "10:00:03")).log.isIncomplete)
  }

  @Test func `the log's section tells what is not whole, and of clocks that were set back`() {
    func section(_ logs: LogText..., damagedFiles: Int = 0) -> String {
      let text = Report.of(logs, damagedFiles: damagedFiles).plainText
      return text.split(separator: "\n").drop { $0 != "The log" }.joined(separator: " ")
        .replacing(#/\s+/#, with: " ")
    }
    let log = LogText().operation("10:00:00", "1").operation("10:00:01", "2")
    #expect(section(log).contains("2 operations among them; complete. Made"))
    #expect(section(log, damagedFiles: 1).contains("them; 1 file not read to the end. Made"))
    #expect(section(log, damagedFiles: 2).contains("them; 2 files not read to the end. Made"))
    let unsure = log.add("dropped", "10:00:03", #""count":0,"reason":"sync_failed""#)
    #expect(section(unsure).contains("them; complete; not made durable once. Made"))
    let back = log.operation("09:59:51", "3").operation("09:59:40.999999", "4")
    #expect(
      section(back).contains(
        "complete; clock stepped: a writer's was set back once, by more than 10 s. Made"))
    // What a writer tells of itself overtakes what waits.
    let waited = log.add("dropped", "10:01:00", #""count":1"#).operation("10:00:30", "3")
    #expect(!section(waited).contains("clock"))
    // Another writer has a clock of its own, and a line that is read late stands where it was.
    #expect(
      section(log, LogText(writer: "b").operation("09:00:00", "3")).contains("complete. Made"))
    #expect(
      section(log.dropLine(0), log.dropLine(1).operation("10:00:02", "3")).contains(
        "complete. Made"))
  }
}

extension LogText {
  /// Successes and failures in the week before and in the week.
  fileprivate static func weeks(before: (Int, Int), after: (Int, Int)) -> LogText {
    var log = LogText()
    for (day, (successes, failures)) in [("10", before), ("17", after)] {
      for number in 0..<successes + failures {
        let outcome = number < successes ? "success" : "not_retryable"
        log = log.operation("2026-11-\(day)T10:00:00Z", "\(day)-\(number)", outcome: outcome)
      }
    }
    return log
  }

  @Test func `incidents and quota episodes are shown whole if they overlap the window`() {
    let log = (0..<3).reduce(LogText()) {
      $0.attempt("10:00:0\($1)", "\($1)", error: "quota_exhausted", #""http_status":429"#)
        .operation("10:00:0\($1)", "\($1)", outcome: "not_retryable")
    }.attempt("10:10:00", "3").operation("10:10:00", "3")
    func shown(_ from: String, _ to: String) -> [Int] {
      let day = "2026-11-18T"
      let report = Report.of(log, from: day + from, to: day + to)
      return [report.incidents.count, report.quotaEpisodes.count]
        + report.incidents.map(\.failedOperations) + report.quotaEpisodes.map(\.episode.signals)
    }
    #expect(shown("10:05:00Z", "10:06:00Z") == [1, 1, 3, 3])
    #expect(shown("10:10:00Z", "10:20:00Z") == [0, 0])
    #expect(shown("09:00:00Z", "10:00:00Z") == [0, 0])
  }
}

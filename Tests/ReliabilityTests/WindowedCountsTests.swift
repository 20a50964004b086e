import AttemptLog
import Reliability
import TestSupport
import Testing

struct WindowedCountsTests {
  @Test func `an operation belongs with its attempts to the week of its end`() {
    let retry = #""decision":"retry","backoff_ms":2000"#
    let log = LogText()
      .attempt("2026-11-22T23:59:58Z", "edge", error: "server_error", retry)
      .attempt("2026-11-23T00:00:00Z", "exact").operation("2026-11-23T00:00:00Z", "exact")
      .attempt("2026-11-23T00:00:01Z", "edge", attempt: 2)
      .operation("2026-11-23T00:00:01Z", "edge", attempts: 2, #""slept_ms":2000"#)
      .attempt("2026-11-22T23:59:59Z", "open", error: "server_error", retry)
    let counts = WindowedCounts.weeks(log, now: .at("2026-11-23T00:01:00Z"))
    // this week: only the attempt of the open operation; next week: `edge` with both, and `exact`
    #expect(counts.week.operations.count == 0)
    #expect(counts.week.attemptErrorRate == Ratio(hits: 1, of: 1))
    #expect(counts.after.operations.count == 2)
    #expect(counts.after.attemptCount == 3)
    #expect(counts.after.amplification == 1.5)
    #expect(counts.before.isEmpty)
  }

  @Test func `the first and the last moment of a week are its own`() {
    let log = LogText()
      .operation("2026-11-15T23:59:59.999999Z", "1", outcome: "not_retryable")
      .operation("2026-11-16T00:00:00Z", "2").operation("2026-11-22T23:59:59.999999Z", "3")
      .operation("2026-11-23T00:00:00Z", "4", outcome: "not_retryable")
      .operation("2026-11-30T00:00:00Z", "beyond").operation("2026-11-08T23:59:59Z", "before")
    let counts = WindowedCounts.weeks(log)
    #expect(counts.week.successRate == Ratio(hits: 2, of: 2))
    #expect(counts.before.successRate == Ratio(hits: 0, of: 1))
    #expect(counts.after.successRate == Ratio(hits: 0, of: 1))
  }

  @Test func `of two ends of one operation both count and the attempts go with the last`() {
    let log = LogText()
      .operation("2026-11-24T10:00:00Z", "1")
      .attempt("10:00:00", "1").operation("10:00:00", "1")
    let counts = WindowedCounts.weeks(log)
    #expect(counts.week.operations.count == 1)
    #expect(counts.week.attemptCount == 1)
    #expect(counts.after.operations.count == 1)
    #expect(counts.after.attemptCount == 0)
  }

  @Test func `headline figures leave out what serves another operation`() {
    let poll = #""operation":"poll","parent_id":"job""#
    let log = LogText()
      .attempt("10:00:01", "poll-1", poll).operation("10:00:01", "poll-1", outcome: "success", poll)
      .attempt("10:00:04", "poll-2", poll).operation("10:00:04", "poll-2", outcome: "success", poll)
      .attempt("10:00:05", "job").operation("10:00:05", "job")
    let counts = WindowedCounts.weeks(log)
    #expect(counts.week.operations.count == 1)
    #expect(counts.week.attemptCount == 1)
    let rows = counts.byScope()
    #expect(rows.map(\.operation) == ["poll", "transcribe"])
    #expect(rows.map(\.tally.operations.count) == [2, 1])
    #expect(rows.map(\.tally.attemptCount) == [2, 1])
  }

  @Test func `errors are listed with their share and the operations that ended with them`() {
    // 5 failed attempts in A′; the cancelled one is no error; ended with: exhausted and refused
    let rows = WindowedCounts.weeks(.someOperations).errorRows().map(Self.text)
    #expect(
      rows == [
        "server_error 503 – 503: 3 0.6 0",
        "invalid_request 400 – 400: 1 0.2 1",
        "timeout timedOut – –: 1 0.2 1",
      ])
  }

  @Test func `shares are of the failed attempts of the pair`() {
    let poll = #""operation":"poll""#
    let log = LogText()
      .attempt("10:00:00", "1", error: "timeout").attempt("10:00:00", "2", error: "network", poll)
      .attempt("10:00:00", "3", error: "timeout", poll)
      // In no attempt line of this week.
      .operation(
        "10:00:00", "4", outcome: "not_retryable", #""operation":"wait","error_class":"auth""#
      )
      .attempt("2026-11-11T10:00:00Z", "5", error: "auth")
    let rows = WindowedCounts.weeks(log).errorRows()
    #expect(rows.map(\.share) == [0.5, 0.5, 1, 0])
    #expect(rows.map(\.errorClass) == [.network, .timeout, .timeout, .auth])
  }

  @Test func `errors are in one order, whatever is absent`() {
    let parts = [
      #""error_type":null"#, #""error_type":"""#, #""error_type":null,"error_code":"""#,
      #""error_type":"","error_code":"""#, #""error_type":null,"error_code":"x""#,
    ]
    // Rows come from a dictionary, whose order differs from one instance to the next.
    let orders = (0..<20).map { shift in
      var log = LogText()
      for index in parts.indices {
        let part = parts[(index + shift) % parts.count]
        log = log.attempt("10:00:00", "\(index)", error: "timeout", part)
      }
      return WindowedCounts.weeks(log).errorRows().map(Self.text)
    }
    #expect(Set(orders).count == 1)
    #expect(orders[0].count == parts.count)
  }

  @Test func `names are ordered by code points`() {
    let names = ["é", "e\u{301}", "Z", "a", "😀", "\u{FFFD}"]
    let log = names.reduce(LogText()) { log, name in
      log.operation("10:00:00", name, outcome: "success", #""operation":"\#(name)""#)
    }
    let rows = WindowedCounts.weeks(log).byScope().map { Array($0.operation.utf8) }
    let ordered = ["Z", "a", "e\u{301}", "é", "\u{FFFD}", "😀"].map { Array($0.utf8) }
    #expect(rows == ordered)
  }

  private static func text(_ row: ErrorRow) -> String {
    let status = row.httpStatus.map { "\($0)" } ?? "–"
    let names = "\(row.errorClass.rawValue) \(row.type ?? "–") \(row.code ?? "–") \(status)"
    return "\(names): \(row.attempts) \(row.share) \(row.final)"
  }
}

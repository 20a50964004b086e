import AttemptLog
import TestSupport
import Testing

@testable import Reliability

struct IncidentTests {
  /// As `operation from–to failed/retries error`.
  private static func text(_ logs: LogText...) -> [String] {
    Aggregate<WindowedCounts>.weeks(logs).incidents.map { incident in
      let to = incident.to.map(clock) ?? "open"
      return "\(incident.operation) \(clock(incident.from))–\(to) "
        + "\(incident.failedOperations)/\(incident.retries) \(incident.error ?? "–")"
    }
  }

  private static func clock(_ time: Timestamp) -> String {
    String(time.rfc3339(.sixUnlessZero).dropFirst(11).dropLast())
  }

  /// Operations ten seconds apart: `f` failed, `s` succeeded, `c` was cancelled.
  private static func log(_ ends: String, writer: String = "a", _ more: String = "") -> LogText {
    ends.enumerated().reduce(LogText(writer: writer)) { log, item in
      let outcomes: [Character: String] = ["f": "attempts_exhausted", "c": "cancelled"]
      return log.operation(
        "10:00:\(item.offset)0", "\(writer)-\(item.offset)",
        outcome: outcomes[item.element] ?? "success", attempts: 2, more)
    }
  }

  @Test(arguments: [
    ("ff", []), ("ffs", []), ("ffsf", []),
    ("fff", ["transcribe 10:00:00–open 3/3 –"]), ("sfffs", ["transcribe 10:00:10–10:00:40 3/3 –"]),
    ("ffcf", ["transcribe 10:00:00–open 3/3 –"]), ("fcfcs", []),
  ])
  func `three failures in a row are one`(ends: String, incidents: [String]) {
    #expect(Self.text(Self.log(ends)) == incidents)
  }

  @Test func `each operation has its own, in the order of their beginnings`() {
    #expect(
      Self.text(
        Self.log("sffs", #""operation":"poll""#), Self.log("fff", writer: "b"),
        Self.log("sfff", writer: "c", #""operation":"poll","provider":"acme""#)
      ) == ["transcribe 10:00:00–open 3/3 –", "poll 10:00:10–open 3/3 –"])
  }

  @Test func `operations are taken in the order of their ends`() {
    let success = LogText(writer: "late").operation("10:00:05", "between")
    #expect(Self.text(Self.log("fff"), success) == [])
    #expect(
      Self.text(Self.log("ffff"), success) == ["transcribe 10:00:10–open 3/3 –"])
    // Equal times in reading order.
    let equal = LogText(writer: "late").operation("10:00:20", "equal")
    #expect(Self.text(Self.log("fff"), equal) == ["transcribe 10:00:00–10:00:20 3/3 –"])
    #expect(Self.text(equal, Self.log("fff")) == [])
  }

  @Test func `the most frequent error is named, of several the first in the alphabet`() {
    func fail(_ log: LogText, _ time: String, _ error: String) -> LogText {
      log.operation(time, time, outcome: "not_retryable", error)
    }
    var log = fail(LogText(), "10:00:00", #""error_code":"b","error_type":"x""#)
    log = fail(log, "10:00:01", #""error_type":"a","error_code":"""#)
    log = fail(log, "10:00:02", #""error_class":"timeout""#)
    #expect(Self.text(log) == ["transcribe 10:00:00–open 3/0 a"])
    log = fail(log, "10:00:03", #""error_class":"no such class""#)
    log = fail(log, "10:00:04", #""error_code":"other""#)
    #expect(Self.text(log) == ["transcribe 10:00:00–open 5/0 other"])
  }

  @Test func `retries that no machine can count stay at the largest number`() {
    let log = Self.log("fff", #""attempts":9223372036854775807"#)
    #expect(Self.text(log) == ["transcribe 10:00:00–open 3/9223372036854775807 –"])
  }

  @Test func `errors beyond the limit are known by their class, until a run gives its room back`() {
    let span = Window(from: .at("00:00:00"), to: .at("23:00:00"))
    var history = IncidentHistory(span: span, errorsMax: 2)
    var second = 0
    func end(_ scope: Int, error: Int?) {
      second += 1
      let event = OperationEvent(
        outcome: error == nil ? .success : .notRetryable,
        time: Timestamp.at("10:00:00").advanced(bySeconds: Int64(second)), isRetried: false,
        attempts: 1, durationMilliseconds: 1, sleptMilliseconds: 0,
        errorClass: error == nil ? nil : .timeout, error: nil)
      history.note(event, scope: scope, error: error)
    }
    // No incident: its two errors are forgotten.
    for error in [0, 1, nil] { end(0, error: error) }
    for error in [2, 2, 2, 4, 5, nil] { end(1, error: error) }
    for error in [6, 6, 7] { end(2, error: error) }
    let incidents = history.conclude(
      scopeName: { Array("p\($0)".utf8)[...] },
      errorName: { [LineNames.separator, 0xFE] + Array("e\($0)".utf8) + [LineNames.separator] })
    #expect(incidents.map(\.failedOperations) == [5, 3])
    #expect(incidents.map(\.error) == ["e2", "timeout"])
  }
}

import AttemptLog
import Foundation
import Reliability
import Report
import TestSupport
import Testing

/// Each finding is there where its evidence just suffices, and is not where it just does not.
struct ReportFindingsTests {
  typealias Code = Report.Finding.Code

  private static let other = #""provider":"assemblyai""#
  private static let child = #""operation":"poll","parent_id":"p""#

  private func finds(_ code: Code, _ logs: LogText...) -> Bool {
    Report.of(logs).findings.contains { $0.code == code }
  }

  private func text(_ code: Code, _ logs: LogText...) -> String { text(code, many: logs) }

  private func text(_ code: Code, many logs: [LogText]) -> String {
    Report.of(logs).findings.filter { $0.code == code }.flatMap(\.text).map { run in
      switch run {
      case .text(let text), .strong(let text), .name(let text): text
      }
    }.joined()
  }

  @Test func `retries that never help are futile, and so is their reason`() {
    // The interval of 0/34 ends at 0.1015, that of 0/35 at 0.0989.
    for code in [Code.futileAttempts, .uselessReason] {
      #expect(!finds(code, .retries(failed: 34, attempt: 3)))
      #expect(finds(code, .retries(failed: 35, attempt: 3)))
    }
    #expect(
      text(.futileAttempts, .retries(failed: 35, attempt: 3))
        == "lesan transcribe: attempt 3 and later ones helped in 0/35 cases, and 70.0 s were "
        + "waited for them: 2 attempts would do, unless what fails here changes.")
  }

  @Test func `later attempts are futile though the second helps`() {
    let log = LogText.retries(failed: 20, attempt: 4, .retries(failed: 20, attempt: 3))
    let helped = (0..<20).reduce(log) { $0.attempt("09:00:00", "helped\($1)", attempt: 2) }
    #expect(text(.futileAttempts, helped).contains("attempt 3 and later ones helped in 0/40"))
    #expect(!finds(.uselessReason, helped))
  }

  @Test func `retries that rescue nearly all are kept`() {
    // 34/34 is at least 0.8985, 35/35 at least 0.9011.
    func rescued(_ count: Int, once: Int) -> LogText {
      (0..<count + once).reduce(LogText()) {
        $0.operation("10:00:00", "\($1)", attempts: $1 < count ? 2 : 1)
      }
    }
    #expect(!finds(.retriesRescue, rescued(34, once: 1)))
    #expect(finds(.retriesRescue, rescued(35, once: 1)))
    // What another finding says of them is not to be kept.
    #expect(finds(.retryStorm, rescued(35, once: 0)))
    #expect(!finds(.retriesRescue, rescued(35, once: 0)))
  }

  @Test func `a day of more retries than first attempts is a storm`() {
    func day(twice: Int, once: Int) -> LogText {
      (0..<twice + once).reduce(LogText()) {
        $0.operation("10:00:00", "\($1)", attempts: $1 < twice ? 2 : 1)
      }
    }
    #expect(finds(.retryStorm, day(twice: 20, once: 0)))
    #expect(!finds(.retryStorm, day(twice: 19, once: 0)))
    #expect(!finds(.retryStorm, day(twice: 19, once: 1)))
    let denied = day(twice: 20, once: 0).operation(
      "11:00:00", "d", outcome: "budget_denied", attempts: 0)
    #expect(text(.retryStorm, denied).contains("were sent for each of 20 operations"))
  }

  @Test func `a key that worked, was refused and did not work again was rejected`() {
    func refused(_ count: Int) -> LogText {
      (0..<count).reduce(LogText().attempt("10:00:00", "ok")) {
        $0.attempt("10:01:0\($1)", "\($1)", error: "auth", #""http_status":401"#)
      }
    }
    #expect(finds(.keyRejected, refused(3)))
    #expect(!finds(.keyRejected, refused(2)))
    #expect(!finds(.keyRejected, refused(3).attempt("10:02:00", "again")))
    #expect(!finds(.keyRejected, refused(4).dropLine(0)))
    #expect(
      text(.keyRejected, refused(3)).hasPrefix(
        "lesan: the key worked until 2026-11-18T10:00:00Z, from 2026-11-18T10:01:00Z on "
          + "3 attempts were refused with it and none was accepted"))
  }

  @Test func `an answer that needs a key proves it, in whatever operation`() {
    let refused = (0..<3).reduce(LogText().attempt("10:00:00", "ok")) {
      $0.attempt("10:01:0\($1)", "\($1)", error: "auth", #""http_status":401"#)
    }
    let answers = [
      ("media_error", #""http_status":400"#, true),
      ("invalid_request", #""http_status":400"#, true),
      ("quota_exhausted", #""http_status":429"#, true),
      ("server_error", #""http_status":503"#, false),
      ("network", #""http_status":null"#, false), ("media_error", #""http_status":null"#, false),
    ]
    for (error, more, proves) in answers {
      let log = refused.attempt(
        "10:02:00", "x", error: error, more + #","operation":"upload""#)
      #expect(finds(.keyRejected, log) == !proves, "\(error)")
    }
    // Its child was refused with it.
    let child = (0..<3).reduce(LogText().attempt("10:00:00", "ok")) {
      $0.attempt("10:01:0\($1)", "\($1)", error: "auth", #""parent_id":"p""#)
    }
    #expect(!finds(.keyRejected, child))
    // On another host one was still accepted; whichever log is read first.
    let inFlight = LogText(writer: "b").attempt("10:01:00.5", "late")
    for logs in [[refused, inFlight], [inFlight, refused]] {
      #expect(text(.keyRejected, many: logs) == "")
      let more = (3..<6).reduce(refused) {
        $0.attempt("10:01:0\($1)", "\($1)", error: "auth", #""http_status":401"#)
      }
      #expect(
        text(.keyRejected, many: logs.map { $0.lines == refused.lines ? more : $0 }).contains(
          "until 2026-11-18T10:01:00Z, from 2026-11-18T10:01:01Z on 5 attempts"))
    }
    // Refused again, after it was accepted.
    let again = (0..<3).reduce(refused.attempt("10:02:00", "x")) {
      $0.attempt("10:03:0\($1)", "again\($1)", error: "auth", #""http_status":401"#)
    }
    #expect(
      text(.keyRejected, again).contains(
        "until 2026-11-18T10:02:00Z, from 2026-11-18T10:03:00Z on 3 attempts"))
  }

  @Test func `a key is that of an account, and what it did before the window counts`() {
    func account(_ name: String) -> String { #""account":"\#(name)","http_status":401"# }
    func refused(_ name: String, _ log: LogText) -> LogText {
      (0..<3).reduce(log) {
        $0.attempt("10:01:0\($1)", "\(name)\($1)", error: "auth", account(name))
      }
    }
    let worked = LogText().attempt("2026-11-11T10:00:00Z", "ok", #""account":"one""#)
    #expect(!finds(.keyRejected, refused("two", worked)))
    #expect(
      text(.keyRejected, refused("one", worked)).hasPrefix(
        "lesan account one: the key worked until 2026-11-11T10:00:00Z"))
    // Behind the window nothing counts.
    let later = refused("one", worked).attempt("2026-11-24T10:00:00Z", "l", #""account":"one""#)
    #expect(finds(.keyRejected, later))
    let early = (0..<3).reduce(worked) {
      $0.attempt("2026-11-12T10:00:0\($1)Z", "e\($1)", error: "auth", account("one"))
    }
    #expect(!finds(.keyRejected, early.operation("10:00:00", "other")))
  }

  @Test func `a rejected key is told with its hosts if they are known`() {
    func worker(_ name: String, on host: String?) -> LogText {
      let log = LogText(writer: name)
      return host.map { log.add("writer_start", "09:00:00", #""host":"\#($0)","pid":7"#) } ?? log
    }
    func refused(_ log: LogText, _ count: Int) -> LogText {
      (0..<count).reduce(log) { $0.attempt("10:01:0\($1)", "\($1)", error: "auth") }
    }
    let worked = worker("d", on: "fine").attempt("10:00:00", "ok")
    let first = refused(worker("a", on: "one"), 2)
    let second = refused(worker("b", on: "two"), 1)
    #expect(
      text(.keyRejected, worked, first, second).contains(
        "3 attempts were refused with it on 2 hosts and none was accepted"))
    let beside = refused(worker("c", on: "one"), 1)
    #expect(text(.keyRejected, worked, first, beside).contains("with it on 1 host and"))
    let elsewhere = refused(worker("e", on: nil), 1)
    #expect(text(.keyRejected, worked, first, elsewhere).contains("with it and none"))
    let earlier = worker("f", on: nil).attempt("2026-11-11T10:00:00Z", "old", error: "auth")
    #expect(text(.keyRejected, earlier, worked, first, second).contains("on 2 hosts"))
    let many = (0..<1000).map { refused(worker("w\($0)", on: "host\($0)"), 1) }
    #expect(text(.keyRejected, many: [worked] + many.dropLast()).contains("on 999 hosts"))
    #expect(text(.keyRejected, many: [worked] + many).contains("with it and none"))
  }

  @Test func `an error is new if chance does not explain that it was not there before`() {
    // Newcombe: of 0/20 to 4/20 the interval has 0 in it, of 0/20 to 5/20 it has not.
    func weeks(failed: Int) -> LogText {
      (0..<20).reduce(LogText()) {
        $0.attempt("2026-11-11T10:00:00Z", "before\($1)")
          .attempt("10:00:00", "\($1)", error: $1 < failed ? "timeout" : nil)
      }
    }
    #expect(!finds(.newError, weeks(failed: 4)))
    #expect(finds(.newError, weeks(failed: 5)))
    let known = weeks(failed: 5).attempt("2026-11-11T11:00:00Z", "known", error: "timeout")
    #expect(!finds(.newError, known))
    let ended = weeks(failed: 5).operation(
      "2026-11-11T11:00:00Z", "known", outcome: "not_retryable",
      #""error_class":"timeout","error_type":"503","http_status":503"#)
    #expect(!finds(.newError, ended))
    #expect(Report.of(ended).errors.map(\.isNew) == [false])
    #expect(Report.of(weeks(failed: 1).dropLine(1)).goneErrors.isEmpty)
    #expect(Report.of(weeks(failed: 5)).errors.map(\.example) == ["0"])
  }

  @Test func `an operation has most of the loss if it has more of it than of the operations`() {
    // 5/5 is at least 0.566.
    func pairs(failed: Int, succeeded: Int, otherSucceeded: Int) -> LogText {
      let failures = (0..<failed).reduce(LogText()) {
        $0.operation("10:00:00", "f\($1)", outcome: "not_retryable")
      }
      let successes = (0..<succeeded).reduce(failures) { $0.operation("10:00:01", "s\($1)") }
      return (0..<otherSucceeded).reduce(successes) {
        $0.operation("10:00:02", "o\($1)", outcome: "success", Self.other)
      }
    }
    #expect(finds(.lossConcentrated, pairs(failed: 5, succeeded: 0, otherSucceeded: 5)))
    #expect(!finds(.lossConcentrated, pairs(failed: 4, succeeded: 0, otherSucceeded: 5)))
    #expect(!finds(.lossConcentrated, pairs(failed: 5, succeeded: 3, otherSucceeded: 5)))
    #expect(!finds(.lossConcentrated, pairs(failed: 5, succeeded: 5, otherSucceeded: 0)))
    // What serves another operation is no loss of its own.
    let children = (0..<5).reduce(pairs(failed: 5, succeeded: 0, otherSucceeded: 5)) {
      $0.operation("10:00:00", "c\($1)", outcome: "not_retryable", Self.child)
    }
    #expect(
      text(.lossConcentrated, children).contains("has 5/5 of the operations that failed, but 5/10"))
    #expect(!text(.lossConcentrated, children).contains("poll"))
  }

  @Test func `an incident that nothing ended is open`() {
    let failed = (0..<3).reduce(LogText()) {
      $0.operation("10:00:0\($1)", "\($1)", outcome: "not_retryable")
    }
    #expect(finds(.openIncident, failed))
    #expect(!finds(.openIncident, failed.dropLine(2)))
    #expect(!finds(.openIncident, failed.operation("10:01:00", "again")))
  }

  @Test func `what began and never ended is abandoned`() {
    let begun = LogText().start("10:00:00", "1").attempt("10:00:01", "1")
    #expect(finds(.operationsAbandoned, begun))
    #expect(!finds(.operationsAbandoned, begun.operation("10:00:01", "1")))
  }

  @Test func `quotas are named for a tenth of the loss`() {
    // 3/10 is at least 0.108, 3/11 at least 0.0975.
    func day(otherFailures: Int) -> LogText {
      let others = (0..<otherFailures).reduce(LogText()) {
        $0.operation("09:00:00", "f\($1)", outcome: "not_retryable")
      }
      return (0..<3).reduce(others) {
        $0.attempt("10:00:0\($1)", "q\($1)", error: "quota_exhausted", #""http_status":429"#)
          .operation("10:00:0\($1)", "q\($1)", outcome: "delay_too_long")
      }
    }
    #expect(finds(.quotaLosses, day(otherFailures: 7)))
    #expect(
      text(.quotaLosses, day(otherFailures: 7)).contains(
        "in 1 episode from 2026-11-18T10:00:00Z to "))
    #expect(!finds(.quotaLosses, day(otherFailures: 8)))
    // It had not ended with the window, but refused nothing behind it.
    let log = [day(otherFailures: 7)]
    let codes = { (until: String) in
      Report.of(log, to: until).findings.filter { $0.code == .quotaLosses }.count
    }
    #expect(codes("2026-11-18T10:00:03Z") == 1)
    #expect(codes("2026-11-18T10:00:02Z") == 0)
  }

  @Test func `errors without a class are named for a tenth of the loss`() {
    // 3/10 is at least 0.108, 3/11 at least 0.0975.
    func day(otherFailures: Int) -> LogText {
      let others = (0..<otherFailures).reduce(LogText()) {
        $0.operation("09:00:00", "f\($1)", outcome: "not_retryable")
      }
      return (0..<3).reduce(others) {
        $0.attempt("10:00:0\($1)", "q\($1)", error: "other", #""error_type":"TimedOut""#)
          .operation(
            "10:00:0\($1)", "q\($1)", outcome: "not_retryable",
            #""error_class":"other","error_type":"TimedOut""#)
      }
    }
    #expect(text(.unclassifiedErrors, day(otherFailures: 7)).contains("most often TimedOut"))
    #expect(!finds(.unclassifiedErrors, day(otherFailures: 8)))
    let children = (0..<20).reduce(day(otherFailures: 8)) {
      $0.operation(
        "10:00:00", "c\($1)", outcome: "not_retryable", Self.child + #","error_class":"other""#)
    }
    #expect(!finds(.unclassifiedErrors, children))
  }

  @Test func `attempts are pointless before the announced end`() {
    // 2/5 is at least 0.118, 2/6 at least 0.0968.
    func refused(unannounced: Int) -> LogText {
      let first = (0..<unannounced).reduce(LogText()) {
        $0.attempt("10:00:\(10 + $1)", "u\($1)", error: "quota_exhausted", #""http_status":429"#)
      }
      return (0..<3).reduce(first) {
        $0.attempt(
          "10:01:\(10 + 5 * $1)", "a\($1)", error: "quota_exhausted",
          #""http_status":429,"retry_after_ms":600000"#)
      }
    }
    #expect(finds(.pointlessAttempts, refused(unannounced: 2)))
    #expect(!finds(.pointlessAttempts, refused(unannounced: 3)))
  }

  @Test func `a success rate has changed if chance does not explain it`() {
    func weeks(_ before: Int, _ after: Int) -> LogText {
      (0..<20).reduce(LogText()) {
        $0.operation(
          "2026-11-11T10:00:00Z", "b\($1)", outcome: $1 < before ? "success" : "not_retryable"
        )
        .operation("10:00:00", "a\($1)", outcome: $1 < after ? "success" : "not_retryable")
      }
    }
    #expect(finds(.successRateChanged, weeks(20, 15)))
    #expect(!finds(.successRateChanged, weeks(20, 16)))
    #expect(text(.successRateChanged, weeks(20, 15)).contains("worse"))
    #expect(text(.successRateChanged, weeks(15, 20)).contains("better"))
  }

  @Test func `below one operation of budget there is too little data`() {
    func operations(_ count: Int) -> LogText {
      (0..<count).reduce(LogText()) { $0.operation("10:00:00", "\($1)") }
    }
    #expect(finds(.tooLittleData, operations(199)))
    #expect(!finds(.tooLittleData, operations(200)))
    #expect(!finds(.tooLittleData))
    #expect(Report.of(operations(9), objective: 1).findings.isEmpty)
  }

  @Test func `a damaged log is said to be`() {
    let log = LogText().operation("10:00:00", "1").operation("10:00:01", "2")
      .operation("10:00:02", "3")
    #expect(finds(.logIncomplete, log.dropLine(1)))
    #expect(!finds(.logIncomplete, log))
    func loss(_ reason: String) -> LogText {
      log.add("dropped", "10:00:03", #""count":0,"reason":"\#(reason)""#)
    }
    #expect(text(.logIncomplete, loss("truncated_by_others")).contains("cut by others once"))
    #expect(!finds(.logIncomplete, loss("sync_failed")))
  }

  @Test func `the README lists every code`() throws {
    let readme = try String(contentsOfFile: Repository.root + "/README.md", encoding: .utf8)
    let table = readme.split(separator: "| code | severity | there if |\n").last ?? ""
    let rows = table.split(separator: "\n").dropFirst().prefix { $0.hasPrefix("| `") }
    let codes = rows.compactMap { $0.split(separator: "`").dropFirst().first.map(String.init) }
    #expect(codes == Code.allCases.map(\.rawValue))
  }

  @Test func `the most severe come first and no more than three of a code`() {
    let findings = Report.of(.everyFinding).findings
    let ranks = findings.map { ReportDocument.Notice.Severity.allCases.firstIndex(of: $0.severity) }
    #expect(ranks.compactMap(\.self) == ranks.compactMap(\.self).sorted())
    for severity in ReportDocument.Notice.Severity.allCases {
      let codes = findings.filter { $0.severity == severity }.map(\.code.rawValue)
      #expect(codes == codes.sorted())
    }
    #expect(findings.count { $0.code == .openIncident } == 3)
    // Of the longest ones, the longest first.
    #expect(
      findings.filter { $0.code == .openIncident }.map { $0.text[0] }
        == [.name("p4"), .name("p3"), .name("p2")])
  }
}

extension LogText {
  /// Retries of this number after server errors, each of its own operation.
  fileprivate static func retries(
    failed: Int, attempt: Int, _ log: LogText = LogText()
  ) -> LogText {
    (0..<failed).reduce(log) {
      $0.attempt("10:00:00", "\(attempt)-\($1)", attempt: attempt, error: "server_error")
    }
  }

  /// Five providers that fail to the end, each longer than the one before it, and a log that is not
  /// whole.
  fileprivate static let everyFinding = (0..<5).reduce(LogText()) { log, provider in
    (0..<3 + provider).reduce(log) {
      $0.operation(
        "10:00:0\($1)", "\(provider)-\($1)", outcome: "not_retryable",
        #""provider":"p\#(provider)""#)
    }
  }.dropLine(1).start("10:10:00", "lost")
}

import AttemptLog
import TestSupport
import Testing

@testable import Reliability

/// Each threshold of a check, on both of its sides.
struct CheckTests {
  /// At noon.
  private static func findings(
    _ log: LogText, within: Int64 = 3600, objective: Double = 0.995,
    silentAfter: Int64? = 86_400, isWhole: Bool = true
  ) -> [CheckFinding.Alert] {
    check(
      log, within: within, objective: objective, silentAfter: silentAfter, isWhole: isWhole
    ).findings.map(\.alert)
  }

  private static func check(
    _ log: LogText, within: Int64 = 3600, objective: Double = 0.995,
    silentAfter: Int64? = 86_400, isWhole: Bool = true
  ) -> Check {
    let rules = CheckRules(
      withinSeconds: within, objective: objective, silentAfterSeconds: silentAfter)
    var aggregate = Aggregate(CheckCounts(now: .at("12:00:00"), rules: rules))
    aggregate.read([log])
    return Check(aggregate, rules: rules, isWhole: isWhole)
  }

  /// Operations that needed a retry, so many of them rescued at last.
  private static func retried(
    _ count: Int, rescued: Int, at time: String = "11:55:00", _ log: LogText = LogText()
  ) -> LogText {
    (0..<count).reduce(log) { log, index in
      log.operation(
        time, "\(time)-\(index)",
        outcome: index < count - rescued ? "attempts_exhausted" : "success",
        attempts: 2)
    }
  }

  /// Operations that succeed or fail at the first attempt.
  private static func ended(
    _ count: Int, failed: Int, at time: String = "11:58:00", _ log: LogText = LogText()
  ) -> LogText {
    (0..<count).reduce(log) { log, index in
      log.operation(
        time, "\(time)-\(index)", outcome: index < failed ? "not_retryable" : "success")
    }
  }

  // MARK: - Retries

  @Test(arguments: [
    (retried: 10, rescued: 4, fires: true), (10, 5, false), (9, 4, false), (10, 0, true),
    (11, 5, true),
  ])
  func `retries keep failing if fewer than half of ten or more operations are rescued`(
    retried: Int, rescued: Int, fires: Bool
  ) {
    let found = Self.findings(Self.retried(retried, rescued: rescued))
    #expect(found.contains(.retriesKeepFailing) == fires)
  }

  @Test func `retries that work again do not keep failing`() {
    let before = Self.retried(10, rescued: 0, at: "11:40:00")
    #expect(!Self.findings(before).contains(.retriesKeepFailing))
    let again = Self.retried(2, rescued: 1, at: "11:55:00", before)
    #expect(!Self.findings(again).contains(.retriesKeepFailing))
    let still = Self.retried(3, rescued: 1, at: "11:55:00", before)
    #expect(Self.findings(still).contains(.retriesKeepFailing))
  }

  @Test(arguments: [
    ("11:00:00", false), ("11:00:00.000001", true), ("12:00:00", true), ("12:00:00.000001", false),
  ])
  func `a span ends now and begins right behind its length before`(time: String, counts: Bool) {
    let rest = Self.retried(9, rescued: 0, at: "11:59:00")
    let found = Self.findings(Self.retried(1, rescued: 0, at: time, rest))
    #expect(found.contains(.retriesKeepFailing) == counts)
  }

  @Test(arguments: [
    (retried: 3, rescued: 0, fires: false), (4, 0, true), (8, 2, false), (59, 21, true),
    (60, 23, false), (100, 0, true),
  ])
  func `at low traffic what the interval excludes is told`(
    retried: Int, rescued: Int, fires: Bool
  ) {
    let one = Self.retried(1, rescued: 0)
    let found = Self.findings(Self.retried(retried - 1, rescued: rescued, at: "06:00:01", one))
    #expect(found.contains(.retriesKeepFailingLowTraffic) == fires)
    let earlier = Self.findings(Self.retried(retried - 1, rescued: rescued, at: "06:00:00", one))
    #expect(!earlier.contains(.retriesKeepFailingLowTraffic))
    let over = Self.findings(Self.retried(retried, rescued: rescued, at: "11:00:00"))
    #expect(!over.contains(.retriesKeepFailingLowTraffic))
  }

  @Test func `what was rescued hours ago does not excuse what fails now`() {
    let before = Self.retried(70, rescued: 70, at: "08:00:00")
    func alerts(_ failed: Int) -> [CheckFinding.Alert] {
      Self.findings(Self.retried(failed, rescued: 0, at: "11:30:00", before))
    }
    #expect(!alerts(3).contains(.retriesKeepFailingLowTraffic))
    #expect(alerts(4).contains(.retriesKeepFailingLowTraffic))
    #expect(alerts(9).contains(.retriesKeepFailingLowTraffic))
    // From there on the other one looks at the share.
    #expect(!alerts(10).contains(.retriesKeepFailingLowTraffic))
  }

  @Test func `the last failures of an outage that is over are no news`() {
    func alerts(before: Int, lately: Int) -> [CheckFinding.Alert] {
      let outage = Self.retried(
        5, rescued: 0, at: "11:20:00", Self.retried(before, rescued: 0, at: "10:50:00"))
      return Self.findings(Self.retried(lately, rescued: 0, at: "11:55:00", outage))
    }
    #expect(!alerts(before: 10, lately: 0).contains(.retriesKeepFailingLowTraffic))
    #expect(alerts(before: 9, lately: 0).contains(.retriesKeepFailingLowTraffic))
    #expect(alerts(before: 10, lately: 1).contains(.retriesKeepFailingLowTraffic))
  }

  @Test func `another span of judgement takes the others along`() {
    let log = Self.retried(10, rescued: 0, at: "10:00:01", Self.retried(1, rescued: 0))
    #expect(!Self.findings(log).contains(.retriesKeepFailing))
    #expect(Self.findings(log, within: 7200).contains(.retriesKeepFailing))
  }

  @Test(arguments: [
    (initial: 50, retries: 5, fires: false), (50, 6, true), (49, 49, false),
  ])
  func `retries above a tenth of first attempts are told`(
    initial: Int, retries: Int, fires: Bool
  ) {
    let first = (0..<initial).reduce(LogText()) { $0.attempt("11:30:00", "\($1)") }
    let all = (0..<retries).reduce(first) { $0.attempt("11:30:05", "\($1)", attempt: 2) }
    #expect(Self.findings(all).contains(.retryAmplification) == fires)
  }

  // MARK: - Success

  @Test func `three operations that fail in a row are told until one succeeds`() {
    let two = Self.ended(2, failed: 2, at: "02:00:00")
    #expect(Self.findings(two) == [])
    let three = Self.ended(1, failed: 1, at: "02:01:00", two)
    #expect(Self.findings(three) == [.consecutiveFailures])
    #expect(Self.findings(three.operation("02:02:00", "x", outcome: "cancelled")).count == 1)
    #expect(Self.findings(three.operation("02:02:00", "x")) == [])
    // What has not happened yet ends nothing.
    #expect(Self.findings(three.operation("12:00:01", "x")) == [.consecutiveFailures])
  }

  @Test(arguments: [
    (first: "10:00:01", last: "11:00:01", fires: true), ("10:00:00", "11:00:01", false),
    ("11:00:00", "11:00:01", true), ("11:00:01", "11:59:00", false),
    ("10:00:01", "11:00:00", false),
  ])
  func `attempts that go on for two spans without a success are told`(
    first: String, last: String, fires: Bool
  ) {
    let log = LogText().attempt(first, "a", error: "timeout").attempt(last, "b", error: "timeout")
    #expect(Self.findings(log).contains(.noSuccess) == fires)
    let before = LogText().attempt("09:00:00", "c", error: "timeout").operation("09:59:59", "c")
    let after = before.attempt(first, "a", error: "timeout").attempt(last, "b", error: "timeout")
    #expect(Self.findings(after).contains(.noSuccess) == fires)
    #expect(!Self.findings(after.operation("10:00:01", "a")).contains(.noSuccess))
  }

  @Test(arguments: [
    (operations: 5, failed: 5, fires: true), (4, 4, false), (74, 5, true), (75, 5, false),
  ])
  func `a budget burns fast above 13.44 times what the objective allows`(
    operations: Int, failed: Int, fires: Bool
  ) {
    let log = Self.ended(operations, failed: failed)
    #expect(Self.findings(log).contains(.budgetBurnFast) == fires)
    // It does not go on.
    let over = Self.ended(operations, failed: failed, at: "11:50:00")
    #expect(!Self.findings(over).contains(.budgetBurnFast))
  }

  @Test(arguments: [(operations: 20, failed: 19, fires: false), (21, 20, true)])
  func `more than 95 % failed are too many for any budget`(
    operations: Int, failed: Int, fires: Bool
  ) {
    let log = Self.ended(operations, failed: failed)
    #expect(Self.findings(log, objective: 0.5).contains(.budgetBurnFast) == fires)
    #expect(Self.findings(log, objective: 0.5).contains(.budgetBurnSlow) == fires)
  }

  @Test(arguments: [
    (operations: 5, failed: 5, fires: true), (4, 4, false), (285, 5, true), (286, 5, false),
  ])
  func `a budget burns slowly above 3.5 times what the objective allows`(
    operations: Int, failed: Int, fires: Bool
  ) {
    let log = Self.ended(operations, failed: failed, at: "11:40:00")
    #expect(Self.findings(log).contains(.budgetBurnSlow) == fires)
    let over = Self.ended(operations, failed: failed, at: "11:00:00")
    #expect(!Self.findings(over).contains(.budgetBurnSlow))
  }

  // MARK: - Quotas

  @Test func `an exhausted quota is told at once, until an attempt is accepted`() {
    let log = LogText().attempt(
      "09:00:00", "a", error: "quota_exhausted",
      #""quota_name":"daily","quota_reset":"2026-11-19T00:00:00Z""#)
    #expect(Self.findings(log) == [.quotaExhausted])
    #expect(Self.findings(log.attempt("09:30:00", "b")) == [])
    #expect(Self.findings(log.attempt("12:00:01", "b")) == [.quotaExhausted])
    let announced = LogText().attempt(
      "09:00:00", "a", error: "quota_exhausted", #""retry_after_ms":10800000"#)
    #expect(Self.findings(announced) == [], "it ends at noon")
  }

  @Test(arguments: [(from: "11:45:00", fires: false), ("11:44:59", true)])
  func `a limit that refuses for more than half of half an hour is told`(
    from: String, fires: Bool
  ) {
    let log = LogText()
      .attempt(from, "a", error: "rate_limited").attempt("11:50:00", "b", error: "rate_limited")
      .attempt("11:55:00", "c", error: "rate_limited")
    #expect(Self.findings(log).contains(.rateLimitedSustained) == fires)
  }

  // MARK: - The log

  @Test(arguments: [("10:59:59", false), ("11:00:00", false), ("11:00:01", true)])
  func `damage is told if it is new`(time: String, fires: Bool) throws {
    let end = LogText(writer: "b").operation("11:59:00", "z")
    let torn = LogText().operation(time, "a").lines + ["{"] + end.lines
    let rules = CheckRules(objective: 0.995)
    var aggregate = Aggregate(CheckCounts(now: .at("12:00:00"), rules: rules))
    aggregate.read(torn.map { $0 + "\n" }.joined())
    #expect(
      Check(aggregate, rules: rules, isWhole: true).findings.map(\.alert)
        == (fires ? [.logDamaged] : []))
    let gap = LogText().operation("09:00:00", "a").operation("09:00:00", "b").operation(time, "c")
    #expect(Self.findings(gap.dropLine(1)) == (fires ? [.logDamaged] : []))
    #expect(Self.findings(gap) == [])
    let dropped = LogText().operation("09:00:00", "a").add("dropped", time, #""count":3"#)
    #expect(Self.findings(dropped) == (fires ? [.logDamaged] : []))
  }

  @Test func `a gap that a late line fills is none`() {
    let log = LogText().attempt("11:30:00", "a").attempt("11:30:00", "b").attempt("11:30:01", "c")
    let late = LogText(seq: 2).attempt("11:30:02", "b")
    var aggregate = Aggregate(
      CheckCounts(now: .at("12:00:00"), rules: CheckRules(objective: 0.995)))
    aggregate.read([log.dropLine(1), late])
    #expect(
      Check(aggregate, rules: CheckRules(objective: 0.995), isWhole: true).findings.isEmpty)
  }

  @Test func `a file that cannot be read to its end is damage`() {
    let log = LogText().attempt("11:30:00", "a")
    #expect(Self.findings(log, isWhole: false) == [.logDamaged])
  }

  @Test(arguments: [
    ("2026-11-17T12:00:00Z", false), ("2026-11-17T11:59:59Z", true),
  ])
  func `a log is silent after a day`(time: String, fires: Bool) {
    let log = LogText().attempt(time, "a")
    #expect(Self.findings(log) == (fires ? [.logSilent] : []))
    #expect(Self.findings(log, silentAfter: nil) == [])
  }

  @Test func `a line of the future is no sign of life`() {
    let log = LogText().operation("2026-11-16T12:00:00Z", "a").operation(
      "2099-01-01T00:00:00Z", "b")
    let check = Self.check(log)
    #expect(check.findings.map(\.alert) == [.logSilent])
    #expect(check.lastRecord == .at("2026-11-16T12:00:00Z"))
  }

  @Test func `attempts that succeed or are cancelled are no outage`() {
    func attempts(_ error: String?) -> LogText {
      (0..<20).reduce(LogText()) {
        $0.attempt("\($1 < 10 ? 10 : 11):30:\(10 + $1)", "\($1)", error: error)
      }
    }
    #expect(Self.findings(attempts(nil)) == [])
    #expect(Self.check(attempts(nil)).state == .unknown)
    #expect(Self.findings(attempts("cancelled")) == [])
    #expect(Self.findings(attempts("timeout")) == [.noSuccess])
  }

  @Test func `a streak of what was not attempted for a week is told no more`() {
    func log(_ time: String) -> LogText {
      Self.ended(3, failed: 3, at: time, LogText().attempt(time, "a", error: "timeout"))
    }
    #expect(Self.findings(log("2026-11-11T12:00:01Z"), silentAfter: nil) == [.consecutiveFailures])
    #expect(Self.findings(log("2026-11-11T12:00:00Z"), silentAfter: nil) == [])
  }

  @Test func `without an attempt ever nothing can be said`() {
    let log = LogText().add("writer_start", "2026-11-01T00:00:00Z")
    #expect(Self.check(log).state == .unknown)
    #expect(Self.check(log.start("11:00:00", "a")).state == .unknown)
    #expect(Self.check(log.attempt("11:00:00", "a")).state == .ok)
    let begun = (0..<9).reduce(log) { $0.attempt("11:00:00", "\($1)") }
    #expect(Self.check(begun).state == .ok)
    let endless = begun.attempt("11:00:00", "9")
    #expect(Self.check(endless).state == .unknown)
    #expect(Self.check(endless.operation("11:00:00", "9")).state == .ok)
  }

  @Test func `the worst comes first`() {
    let log = Self.retried(10, rescued: 0)
    let check = Self.check(log)
    #expect(
      check.findings.map(\.alert) == [
        .retriesKeepFailing, .consecutiveFailures, .budgetBurnSlow,
      ])
    #expect(check.state == .critical)
    #expect(Self.check(Self.ended(3, failed: 3)).state == .warning)
  }
}

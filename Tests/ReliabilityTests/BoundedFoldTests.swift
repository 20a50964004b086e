import AttemptLog
import TestSupport
import Testing

@testable import Reliability

/// What becomes of a log that says more than is remembered.
struct BoundedFoldTests {
  private static let retry = #""decision":"retry","backoff_ms":2000"#

  private func aggregate(
    _ log: LogText, _ limits: OperationTable.Limits, now: Timestamp = .later
  ) -> Aggregate<WindowedCounts> {
    let windows = ISOWeek("2026-W47").map { [$0.window()] } ?? []
    var aggregate = Aggregate(
      WindowedCounts(windows: windows, detailed: 0..<1), limits: limits)
    aggregate.read([log])
    aggregate.judge(at: now)
    return aggregate
  }

  private func week(
    _ log: LogText, _ limits: OperationTable.Limits, now: Timestamp = .later
  ) -> (counts: WindowedCounts, givenUp: Int) {
    let aggregate = aggregate(log, limits, now: now)
    return (aggregate.counts, aggregate.operationsGivenUp)
  }

  @Test(arguments: [0, 1, 2, 1000])
  func `attempts count with their operation however soon it is forgotten`(endedMax: Int) {
    var limits = OperationTable.Limits()
    limits.endedMax = endedMax
    let counts = week(.someOperations, limits).counts
    let whole = week(.someOperations, OperationTable.Limits()).counts
    #expect(counts.headline(0..<1).attemptCount == 8)
    #expect(counts.headline(0..<1).attemptErrorRate == whole.headline(0..<1).attemptErrorRate)
    #expect(counts.errorRows().map(\.attempts) == whole.errorRows().map(\.attempts))
  }

  @Test func `an attempt that comes too late for its operation counts at its own time`() {
    let log = LogText().operation("2026-11-24T00:00:00Z", "1").operation("10:00:00", "2")
      .attempt("10:00:01", "1")
    var limits = OperationTable.Limits()
    #expect(week(log, limits).counts.headline(0..<1).attemptCount == 0)
    limits.endedMax = 1
    #expect(week(log, limits).counts.headline(0..<1).attemptCount == 1)
  }

  @Test func `where too many are open, the one that was silent longest is given up`() {
    let log = LogText().start("10:00:00", "1").start("10:00:01", "2").start("10:00:02", "3")
      .attempt("10:00:03", "1", error: "server_error", Self.retry)
      .start("10:00:04", "4").operation("10:00:05", "1").operation("10:00:05", "3")
    var limits = OperationTable.Limits()
    limits.openMax = 3
    let (counts, givenUp) = week(log, limits, now: .at("10:00:06"))
    let outcomes = counts.headline(0..<1).operations.byOutcome
    #expect(givenUp == 1)
    #expect(outcomes[.abandoned].count == 1)
    #expect(outcomes[.success].count == 2)
    #expect(week(log, OperationTable.Limits(), now: .at("10:00:06")).givenUp == 0)
  }

  @Test func `attempts of one operation cost no other its place`() {
    var log = LogText().start("10:00:00", "other")
    for number in 1...100 {
      log = log.attempt("10:00:00", "1", attempt: number, error: "timeout", Self.retry)
    }
    log = log.operation("10:00:01", "other").operation("10:00:01", "1", attempts: 100)
    var limits = OperationTable.Limits()
    limits.attemptsMax = 10
    let aggregate = aggregate(log, limits)
    let tally = aggregate.counts.headline(0..<1)
    #expect(tally.attemptCount == 100)
    #expect(tally.operations.count == 2)
    #expect(aggregate.operationsGivenUp == 0)
    #expect(aggregate.attemptsSettledEarly == 90)
  }

  @Test func `a late line of an operation that is forgotten makes no other of it`() {
    let log = LogText().attempt("10:00:00", "1", error: "server_error", Self.retry)
      .operation("10:00:02", "1").operation("10:00:03", "2")
      .attempt("10:00:01", "1", attempt: 2, error: "server_error", Self.retry)
      .attempt("10:00:04", "new", error: "server_error", Self.retry)
    var limits = OperationTable.Limits()
    limits.endedMax = 1
    let aggregate = aggregate(log, limits)
    let tally = aggregate.counts.headline(0..<1)
    #expect(tally.attemptCount == 3)
    // `new` alone: its line came when it happened.
    #expect(tally.operations.byOutcome[.abandoned].count == 1)
    #expect(aggregate.operationsUndecided == 1)
  }

  @Test func `processes beyond the limit are forgotten`() {
    var log = LogText()
    for pid in 1...100 {
      log = log.add("writer_start", "10:00:00", #""host":"h","pid":\#(pid),"version":"1""#)
    }
    log = log.start("10:00:01", "open")
    let other = LogText(writer: "b").add("writer_start", "10:00:02", #""host":"h","pid":100"#)
    var limits = OperationTable.Limits()
    for (processesMax, isGone) in [(10, true), (1000, true), (99, true)] {
      limits.processesMax = processesMax
      var aggregate = Aggregate(LifetimeCounts(), limits: limits)
      aggregate.read([log, other])
      #expect(aggregate.openOperations(at: .at("10:00:03")).isEmpty == isGone)
    }
  }

  @Test func `a loss belongs to the episode that ended in its microsecond`() {
    let refused = #""http_status":429,"quota_name":"rate""#
    var log = LogText()
    for second in [0, 3, 6] {
      log = log.attempt("10:00:0\(second)", "\(second)", error: "rate_limited", refused)
    }
    log = log.operation("10:00:06", "6", outcome: "not_retryable")
      .attempt("10:00:06", "accepted", #""latency_ms":0"#)
      .attempt("10:00:06", "again", error: "rate_limited", refused)
    let rows = week(log, OperationTable.Limits()).counts.quotaEpisodes
    #expect(rows.map(\.episode.signals) == [3])
    #expect(rows.map(\.operationsLost) == [1])
  }

  @Test func `error rows beyond the limit are counted together`() {
    let log = (0..<WindowedCounts.errorRowsMax + 5).reduce(LogText()) {
      $0.attempt("10:00:00", "\($1)", error: "timeout", #""error_type":"t\#($1)""#)
    }
    let rows = week(log, OperationTable.Limits()).counts.errorRows()
    #expect(rows.count == WindowedCounts.errorRowsMax + 1)
    #expect(rows.reduce(0) { $0 + $1.attempts } == WindowedCounts.errorRowsMax + 5)
    #expect(rows.first.map { [$0.type, "\($0.attempts)"] } == ["_other", "5"])
  }

  @Test func `high attempt numbers are counted, but not listed`() {
    let log = LogText().attempt("10:00:00", "1", attempt: 100)
      .attempt("10:00:01", "1", attempt: 101).operation("10:00:02", "1", attempts: 101)
    let tally = week(log, OperationTable.Limits()).counts.headline(0..<1)
    #expect(tally.retryAttemptSuccessRatio == Ratio(hits: 2, of: 2))
    #expect(tally.retriesByAttempt.keys.sorted() == [100])
  }

  @Test func `operations of which only the end was seen are not given up`() {
    let log = (1...9).reduce(LogText()) { $0.attempt("10:00:00", "\($1)") }
    var limits = OperationTable.Limits()
    limits.openMax = 2
    let (counts, givenUp) = week(log, limits)
    #expect(givenUp == 0)
    #expect(counts.headline(0..<1).attemptCount == 9)
    #expect(counts.headline(0..<1).operations.count == 0)
  }

  @Test func `pairs and errors beyond the limit are counted together`() {
    let log = (0...WindowedCounts.scopesMax + 1).reduce(LogText()) {
      $0.attempt("10:00:00", "\($1)", error: "timeout", #""operation":"o\#($1)""#)
    }
    let counts = week(log, OperationTable.Limits()).counts
    let scopes = counts.byScope()
    #expect(scopes.count == WindowedCounts.scopesMax + 1)
    let rest = scopes.filter { $0.provider == "_other" && $0.operation == "_other" }
    #expect(rest.map(\.tally.attemptCount) == [2])
  }

  @Test func `names that are numbered anew are the same names`() {
    // More than a reader remembers, between two lines of one pair.
    var log = LogText().operation("10:00:00", "first")
    for number in 0...LineNames.namesMax {
      log = log.add("heartbeat", "10:00:00", #""writer":"w\#(number)""#)
    }
    log = log.operation("10:00:01", "last", outcome: "not_retryable")
    let scopes = week(log, OperationTable.Limits()).counts.byScope()
    #expect(scopes.map(\.tally.operations.count) == [2])
  }
}

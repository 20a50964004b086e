import AttemptLog
import TestSupport
import Testing

@testable import Reliability

struct OperationTableTests {
  private static let retry = #""decision":"retry","backoff_ms":60000"#
  private static let poll = #""operation":"poll","parent_id":"job""#

  /// Counts of the one pair, with silence judged at `now`.
  private func state(_ logs: LogText..., now: String) -> State {
    let now = Timestamp.at(now)
    let aggregate = Aggregate(LifetimeCounts(), reading: logs, now: now)
    let index = aggregate.counts.scopes.firstIndex { $0.operation == "transcribe" }
    let outcomes = index.map { aggregate.counts.scopes[$0].tally.operations.byOutcome }
    return State(
      open: index.flatMap { aggregate.openOperations(at: now)[$0] } ?? OpenScope(),
      abandoned: outcomes?[.abandoned].no ?? 0, abandonedRetried: outcomes?[.abandoned].yes ?? 0)
  }

  private struct State {
    var open: OpenScope
    var abandoned: Int
    var abandonedRetried: Int
  }

  @Test func `an operation backs off, then attempts, and is abandoned after the grace`() {
    // Planned until 10:01:00, grace until 10:16:00.
    let log = LogText().attempt("10:00:00", "lost", error: "server_error", Self.retry)
    let early = state(log, now: "10:00:59.999999").open
    #expect(early.backingOff == 1)
    #expect(early.attempting == 0)
    // The attempt took 1 s.
    #expect(early.oldest == .at("09:59:59"))
    for now in ["10:01:00", "10:16:00"] {
      let later = state(log, now: now)
      #expect(later.open.backingOff == 0)
      #expect(later.open.attempting == 1)
      #expect(later.abandoned == 0)
    }
    let after = state(log, now: "10:16:00.000001")
    #expect(after.open == OpenScope())
    #expect(after.abandoned == 1)
  }

  @Test func `an abandoned operation that goes on is open again and counted once`() {
    let log = LogText().start("10:00:00", "slow")
    var aggregate = Aggregate(LifetimeCounts(), reading: [log], now: .at("10:16:00"))
    func abandoned() -> Int? { aggregate.scope()?.tally.operations.byOutcome[.abandoned].count }
    #expect(abandoned() == 1)
    aggregate.read([LogText(seq: 2).attempt("10:20:00", "slow", error: "server_error", Self.retry)])
    #expect(aggregate.openOperations(at: .at("10:20:30"))[0]?.backingOff == 1)
    aggregate.judge(at: .at("11:00:00"))
    #expect(abandoned() == 1)
    #expect(aggregate.openOperations(at: .at("11:00:00"))[0] == nil)
    aggregate.read([LogText(seq: 3).operation("11:30:00", "slow", attempts: 2)])
    #expect(abandoned() == 1)
    #expect(aggregate.scope()?.tally.operations.byOutcome[.success].count == 1)
  }

  @Test func `what is abandoned counts in no rate and has no duration`() {
    let log = LogText().attempt("10:00:00", "lost", error: "server_error", Self.retry)
    let tally = WindowedCounts.weeks(log).week
    #expect(tally.operations.count == 1)
    #expect(tally.operations.byOutcome[.abandoned].count == 1)
    #expect(tally.successRate == Ratio(hits: 0, of: 0))
    #expect(tally.amplification == 1)
    #expect(tally.allDurations.count == 0)
    #expect(tally.operations.perOperation[.failure].count == 0)
  }

  @Test func `it belongs to the window of its last sign of life, its attempts to their own`() {
    let log = LogText()
      .attempt("2026-11-15T23:59:00Z", "job", error: "timeout", Self.retry)
      .start("2026-11-15T23:59:59Z", "job", attempt: 2)
      .attempt("2026-11-16T00:00:01Z", "poll", Self.poll)
      .operation("2026-11-16T00:00:01Z", "poll", outcome: "success", Self.poll)
    let counts = WindowedCounts.weeks(log)
    #expect(counts.before.operations.count == 0)
    #expect(counts.before.attemptCount == 1)
    #expect(counts.week.operations.byOutcome[.abandoned].yes == 1)
    #expect(counts.week.amplification == 1)
    #expect(counts.week.attemptCount == 0)
  }

  @Test func `a writer that stopped or whose process id is taken over is gone`() {
    let process = #""host":"worker","pid":7"#
    let stopped = LogText(writer: "a").add("writer_start", "10:00:00", process)
      .start("10:00:01", "1").add("writer_stop", "10:00:02")
    let otherHost = LogText(writer: "b")
      .add("writer_start", "10:00:03", #""host":"elsewhere","pid":7"#).start("10:00:04", "2")
    let crashed = LogText(writer: "c").add("writer_start", "10:00:05", process)
      .start("10:00:06", "3").start("10:00:06", "3", attempt: 2)
    let successor = LogText(writer: "d").add("writer_start", "10:00:07", process)
      .start("10:00:08", "4")
    let state = state(stopped, otherHost, crashed, successor, now: "10:00:09")
    #expect(state.abandoned == 1)  // 1
    #expect(state.abandonedRetried == 1)  // 3
    #expect(state.open.attempting == 2)  // 2 and 4
    #expect(state.open.oldest == .at("10:00:04"))
  }

  @Test func `the later of two writers with one process id lives, in whatever order they are read`()
  {
    let process = #""host":"worker","pid":7"#
    let old = LogText(writer: "old").add("writer_start", "10:00:00", process)
      .start("10:00:01", "1")
    let new = LogText(writer: "new").add("writer_start", "10:00:05", process)
      .start("10:00:06", "2")
    for state in [state(old, new, now: "10:00:07"), state(new, old, now: "10:00:07")] {
      #expect(state.abandoned == 1)
      #expect(state.open.oldest == .at("10:00:06"))
    }
  }

  @Test func `a writer that begins its line in the next file is not gone`() {
    let process = #""host":"worker","pid":7"#
    let log = LogText().add("writer_start", "10:00:00", process).start("10:00:01", "1")
      .add("writer_start", "10:00:02", process)
    #expect(state(log, now: "10:00:03").open.attempting == 1)
  }

  @Test func `an operation that another writer goes on with outlives its first`() {
    let first = LogText(writer: "a").start("10:00:00", "1").add("writer_stop", "10:00:01")
    let second = LogText(writer: "b").start("10:00:02", "1", attempt: 2)
    #expect(state(first, second, now: "10:00:03").open.attempting == 1)
  }

  @Test func `polls keep a job alive`() {
    let log = LogText().start("10:00:00", "job").attempt("10:14:00", "poll-1", Self.poll)
      .operation("10:14:00", "poll-1", outcome: "success", Self.poll)
    #expect(state(log, now: "10:29:00").open.attempting == 1)
    #expect(state(log, now: "10:29:00.000001").abandoned == 1)
  }

  @Test(arguments: [false, true])
  func `an end beats silence wherever it stands`(isFirst: Bool) {
    let begin = LogText(writer: "a").start("10:00:00", "slow").attempt("11:00:00", "slow")
    let end = LogText(writer: "b").operation("11:00:00", "slow")
    let logs = isFirst ? [end, begin] : [begin, end]
    let aggregate = Aggregate(LifetimeCounts(), reading: logs)
    let outcomes = aggregate.counts.scopes[0].tally.operations.byOutcome
    #expect(outcomes[.success].count == 1)
    #expect(outcomes[.abandoned].count == 0)
    #expect(aggregate.openOperations(at: .later).isEmpty)
  }

  @Test func `a final attempt alone is no operation`() {
    // Only the last line of the operation was lost; nothing shows that it went on.
    let log = LogText().attempt("10:00:00", "1")
    let tally = WindowedCounts.weeks(log).week
    #expect(tally.operations.count == 0)
    #expect(tally.attemptCount == 1)
    #expect(state(log, now: "10:00:01").open == OpenScope())
  }

  @Test func `silence is judged once, and an end after it counts as well`() {
    var aggregate = Aggregate.lifetime(LogText().start("10:00:00", "1"), now: .at("11:00:00"))
    aggregate.judge(at: .at("12:00:00"))
    aggregate.read([LogText(writer: "b").operation("12:00:01", "1")])
    aggregate.judge(at: .at("13:00:00"))
    let outcomes = aggregate.counts.scopes[0].tally.operations.byOutcome
    #expect(outcomes[.abandoned].count == 1)
    #expect(outcomes[.success].count == 1)
  }

  @Test func `sleeps and latencies beyond the calendar neither crash nor overflow`() {
    let log = LogText()
      .attempt("10:00:00", "1", error: "timeout", #""decision":"retry","backoff_ms":1e308"#)
      .attempt("10:00:00", "2", error: "timeout", Self.retry + #","latency_ms":1e308"#)
    let state = state(log, now: "10:00:30")
    #expect(state.open.backingOff == 2)
    #expect(state.open.oldest == .earliest)
  }
}

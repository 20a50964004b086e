import AttemptLog
import Reliability
import TestSupport
import Testing

struct QuotaEpisodeTests {
  private static let daily = #""error_class":"quota_exhausted""#
  private static let rate = #""error_class":"rate_limited""#
  private static let slow = #""latency_ms":10001"#

  /// As `quota from–to signals`, with `~` before an end that is not certain.
  private static func text(_ logs: LogText...) -> [String] {
    Aggregate<WindowedCounts>.weeks(logs).quotaEpisodes.map { row in
      let end = (row.episode.isCensored ? "~" : "") + clock(row.episode.end)
      return "\(row.quota) \(clock(row.episode.start))–\(end) \(row.episode.signals)"
    }
  }

  private static func clock(_ time: Timestamp) -> String {
    String(time.rfc3339(.sixUnlessZero).dropFirst(11).dropLast())
  }

  /// An attempt that was refused.
  private static func signal(
    _ log: LogText, _ time: String, _ kind: String = daily, _ more: String = ""
  ) -> LogText {
    log.attempt(
      time, "refused-\(time)", error: "rate_limited",
      #""http_status":429,"# + kind + (more.isEmpty ? "" : "," + more))
  }

  private static func log(_ signals: (String, String)..., accepted: String...) -> LogText {
    let refused = signals.reduce(LogText()) { signal($0, $1.0, $1.1) }
    return accepted.reduce(refused) { $0.attempt($1, "accepted-\($1)") }
  }

  @Test(arguments: [
    (log(("10:00:00", daily), accepted: "10:05:00"), ["daily 10:00:00–10:05:00 1"]),
    // Nothing tells when it ended.
    (log(("10:00:00", daily)), ["daily 10:00:00–~10:15:00 1"]),
    (log(("10:00:00", daily), accepted: "10:15:00"), ["daily 10:00:00–10:15:00 1"]),
    (log(("10:00:00", daily), accepted: "10:15:01"), ["daily 10:00:00–~10:15:00 1"]),
    (
      log(("10:00:00", daily), ("10:15:00", daily), ("10:30:01", daily)),
      // The second begins one second after the first has ended.
      ["daily 10:00:00–~10:45:01 3"]
    ),
    // A limit of a minute refuses now and then.
    (log(("10:00:00", rate)), []),
    (log(("10:00:00", rate), ("10:00:59", rate)), []),
    (log(("10:00:00", rate), ("10:01:00", rate)), ["rate 10:00:00–~10:16:00 2"]),
    (
      log(("10:00:00", rate), ("10:00:01", rate), ("10:00:02", rate)),
      ["rate 10:00:00–~10:15:02 3"]
    ),
    (
      log(
        ("10:00:00", rate), ("10:00:01", rate), ("10:00:04", rate), ("10:00:05", rate),
        accepted: "10:00:03"), []
    ),
  ])
  func `it opens and closes`(log: LogText, episodes: [String]) {
    #expect(Self.text(log) == episodes)
  }

  @Test(arguments: [
    ([#""retry_after_ms":3600000"#], "daily 10:00:00–~11:00:00 1"),
    ([#""quota_reset":"2026-11-18T12:00:00Z""#], "daily 10:00:00–~12:00:00 1"),
    (
      [#""quota_reset":"2026-11-18T12:00:00Z","retry_after_ms":1500"#],
      "daily 10:00:00–~10:00:01.500000 1"
    ),
    // A reset that lies behind announces nothing.
    ([#""quota_reset":"2026-11-18T10:00:00Z""#], "daily 10:00:00–~10:15:00 1"),
    // A signal that says nothing does not revoke it; the newest holds.
    ([#""retry_after_ms":3600000"#, ""], "daily 10:00:00–~11:00:00 2"),
    ([#""retry_after_ms":3600000"#, #""retry_after_ms":600000"#], "daily 10:00:00–~10:11:00 2"),
    // Passed: 15 minutes after the latest signal.
    ([#""retry_after_ms":59000"#, ""], "daily 10:00:00–~10:16:00 2"),
  ])
  func `an end may be announced`(more: [String], episode: String) {
    let log = more.enumerated().reduce(LogText()) { log, item in
      Self.signal(log, "10:0\(item.offset):00", Self.daily, item.element)
    }
    #expect(Self.text(log) == [episode])
  }

  @Test(arguments: [
    ("10:59:00", "daily 10:00:00–10:59:00 1"), ("11:15:00", "daily 10:00:00–11:15:00 1"),
    ("11:15:01", "daily 10:00:00–~11:00:00 1"),
  ])
  func `it waits for 15 minutes after the announced end`(accepted: String, episode: String) {
    let log = Self.signal(LogText(), "10:00:00", Self.daily, #""retry_after_ms":3600000"#)
    #expect(Self.text(log.attempt(accepted, "next")) == [episode])
  }

  @Test(arguments: [
    #""operation":"upload""#, #""account":"other""#, #""provider":"other""#,
    #""http_status":null"#, slow, #""outcome":"failure","error_class":"cancelled""#,
    #""outcome":"failure","error_class":"rate_limited""#,
  ])
  func `only a request like those that were refused closes it`(more: String) {
    let refused = Self.signal(LogText(), "10:00:00")
    #expect(Self.text(refused.attempt("10:00:10", "1")) == ["daily 10:00:00–10:00:10 1"])
    #expect(Self.text(refused.attempt("10:00:10", "1", more)) == ["daily 10:00:00–~10:15:00 1"])
    // One that failed for another reason was accepted.
    let failed = refused.attempt("10:00:10", "1", error: "server_error")
    #expect(Self.text(failed) == ["daily 10:00:00–10:00:10 1"])
  }

  @Test func `two that lie near each other are one`() {
    func log(_ second: String) -> LogText {
      let first = Self.signal(LogText(), "10:00:00").attempt("10:00:10", "1")
      return Self.signal(first, second).attempt("10:05:00", "2")
    }
    #expect(Self.text(log("10:01:09")) == ["daily 10:00:00–10:05:00 2"])
    #expect(
      Self.text(log("10:01:10")) == ["daily 10:00:00–10:00:10 1", "daily 10:01:10–10:05:00 1"])
  }

  @Test(arguments: [
    (#""error_class":"concurrency_limited""#, [String]()),
    (#""error_class":"quota_exhausted","quota_name":"balance""#, ["balance 10:00:00–~10:15:00 1"]),
    (#""error_class":"quota_exhausted","quota_name":"audio""#, ["audio 10:00:00–~10:15:00 1"]),
    (#""error_class":"quota_exhausted","quota_name":"rate""#, []),
    (#""error_class":"rate_limited","quota_name":"daily""#, ["daily 10:00:00–~10:15:00 1"]),
    (#""error_class":"rate_limited","quota_name":"minutes""#, []),
    (#""error_class":"server_error","quota_name":"daily""#, []),
  ])
  func `the name of the quota goes before the class`(kind: String, episodes: [String]) {
    #expect(Self.text(Self.log(("10:00:00", kind))) == episodes)
  }

  @Test func `attempts are taken in the order of their times`() {
    let late = LogText(writer: "b").attempt("10:00:30", "accepted")
    let log = Self.signal(Self.signal(LogText(), "10:02:00"), "10:00:00")
    // 90 s lie between the acceptance and the next signal.
    #expect(
      Self.text(log, late) == ["daily 10:00:00–10:00:30 1", "daily 10:02:00–~10:17:00 1"])
  }

  @Test func `operations are lost with their last attempt, without those that serve another`() {
    let retry = #""http_status":429"#
    let log = LogText()
      .attempt("10:00:00", "lost", error: "quota_exhausted", retry)
      .operation("10:00:00", "lost", outcome: "not_retryable")
      .attempt("10:00:01", "rescued", error: "quota_exhausted", retry)
      .attempt("10:00:02", "child", error: "quota_exhausted", retry + #","parent_id":"lost""#)
      .operation("10:00:02", "child", outcome: "not_retryable", #""parent_id":"lost""#)
      .attempt("10:00:03", "open", error: "quota_exhausted", retry)
      .attempt("10:00:04", "cancelled", error: "quota_exhausted", retry)
      .operation("10:00:04", "cancelled", outcome: "cancelled")
      .attempt("10:20:00", "rescued", attempt: 2, error: "server_error")
      .operation("10:20:00", "rescued", outcome: "attempts_exhausted", attempts: 2)
    let rows = Aggregate<WindowedCounts>.weeks([log]).quotaEpisodes
    #expect(rows.map(\.episode.signals) == [5])
    #expect(rows.map(\.operationsLost) == [1])
  }

  @Test func `pointless is what was sent between an announcement and the end that it told`() {
    let told = Self.signal(LogText(), "10:00:00", Self.daily, #""retry_after_ms":60000"#)
    // Each began 1 s before: before it was told, just then, within, at the end.
    let log = ["10:00:00.500000", "10:00:01", "10:00:01.000001", "10:00:59", "10:01:01"].reduce(
      told
    ) {
      Self.signal($0, $1)
    }
    let rows = Aggregate<WindowedCounts>.weeks([log]).quotaEpisodes
    #expect(rows.map(\.episode.signals) == [6])
    #expect(rows.map(\.pointlessAttempts) == [2])
  }

  @Test func `an episode of very many parts takes those that are read too late`() {
    func day(_ date: String, _ log: LogText, count: Int) -> LogText {
      (0..<count).reduce(log) { log, second in
        let time = String(
          Self.start(date).advanced(byMicroseconds: Int64(second) * 1_000_000).rfc3339())
        return second.isMultiple(of: 2)
          ? Self.signal(log, time) : log.attempt(time, "accepted-\(time)")
      }
    }
    // More than wait to be put in order, then more than an episode keeps parts.
    let log = day("2026-11-16", day("2026-11-17", LogText(), count: 26_000), count: 17_000)
    let signals = Self.text(log).compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }
    #expect(signals.reduce(0, +) == 21_500)
  }

  private static func start(_ date: String) -> Timestamp {
    Timestamp(rfc3339: date + "T10:00:00Z") ?? .earliest
  }

  @Test func `accounts and providers have their own`() {
    let log = ["", #""account":"""#, #""account":"main""#, #""provider":"acme""#].reduce(LogText())
    {
      Self.signal($0, "10:00:00", Self.daily, $1)
    }
    let rows = Aggregate<WindowedCounts>.weeks([log]).quotaEpisodes
    #expect(rows.map(\.provider) == ["acme", "lesan", "lesan", "lesan"])
    #expect(rows.map(\.account) == [nil, nil, "", "main"])
  }
}

struct QuotaWatchTests {
  private static func log(_ times: String...) -> LogText {
    times.reduce(LogText()) {
      $0.attempt($1, $1, error: "quota_exhausted", #""http_status":429"#)
    }
  }

  private static func state(
    _ logs: LogText..., now: String, quota: QuotaName = .daily
  ) -> QuotaWatch.State {
    Aggregate(LifetimeCounts(), reading: logs, now: .at(now)).counts.quotas.state(0, quota)
  }

  @Test func `time inside an open episode grows until its end`() {
    let log = Self.log("10:00:00")
    #expect(Self.state(log, now: "10:01:00").seconds == 60)
    #expect(Self.state(log, now: "10:01:00").isExhausted)
    #expect(Self.state(log, now: "10:15:00").seconds == 900)
    #expect(!Self.state(log, now: "10:15:00").isExhausted)
    #expect(Self.state(log, now: "12:00:00").seconds == 900)
    #expect(Self.state(log, now: "12:00:00", quota: .rate).episodes == 0)
  }

  @Test func `what was shown does not go back`() {
    var aggregate = Aggregate(
      LifetimeCounts(), reading: [Self.log("10:00:00")], now: .at("10:10:00"))
    #expect(aggregate.counts.quotas.state(0, .daily).seconds == 600)
    aggregate.read([LogText(writer: "late").attempt("10:00:05", "1")])
    aggregate.judge(at: .at("10:10:01"))
    let state = aggregate.counts.quotas.state(0, .daily)
    #expect(state.seconds == 600)
    #expect(state.episodes == 1)
    #expect(!state.isExhausted)
  }

  @Test func `attempts that are read too late are taken in the order of their times`() {
    let late = LogText(writer: "b").attempt("10:00:30", "accepted")
    let state = Self.state(Self.log("10:02:00", "10:00:00"), late, now: "10:03:00")
    #expect(state.episodes == 2)
    #expect(state.seconds == 30 + 60)
  }

  @Test func `it is the same whether judged once or all the time`() {
    let times = ["10:00:00", "10:00:02", "10:30:00", "11:30:00", "11:31:00"]
    let lines = Self.log(times[0], times[1], times[2], times[3]).attempt(times[4], "1")
    let whole = Self.state(lines, now: "12:00:00")
    var aggregate = Aggregate(LifetimeCounts())
    for (line, time) in zip(lines.lines, times) {
      aggregate.read(line + "\n")
      aggregate.judge(at: .at(time))
    }
    aggregate.judge(at: .at("12:00:00"))
    #expect(aggregate.counts.quotas.state(0, .daily) == whole)
    #expect(whole.episodes == 3)
    #expect(whole.seconds == 902 + 900 + 60)
  }

  @Test func `a long log is folded while it is read`() throws {
    // More than wait, with signals at both ends.
    let start = Timestamp.at("10:00:10")
    var log = Self.log("10:00:00")
    for second in 0..<17_000 {
      let time = start.advanced(byMicroseconds: Int64(second) * 1_000_000)
      log = log.attempt(time.rfc3339(), "\(second)")
    }
    log = log.attempt(
      "16:00:00", "last", error: "quota_exhausted", #""http_status":429,"retry_after_ms":60000"#)
    let state = Self.state(log, now: "16:00:30")
    #expect(state.episodes == 2)
    #expect(state.seconds == 10 + 30)
    #expect(state.reset == .at("16:01:00"))
  }

  @Test func `accounts beyond the limit are followed together`() {
    let log = (0...QuotaWatch.accountsMax + 1).reduce(LogText()) {
      $0.attempt(
        "10:00:00", "\($1)", error: "quota_exhausted", #""http_status":429,"account":"\#($1)""#)
    }
    #expect(Self.state(log, now: "10:01:00").episodes == QuotaWatch.accountsMax + 1)
  }

  @Test func `names beyond the limit are other`() {
    let log = (0..<100).reduce(LogText()) {
      $0.attempt(
        "10:00:00", "\($1)", error: "quota_exhausted", #""http_status":429,"quota_name":"q\#($1)""#)
    }
    // `other` itself is one of the names.
    #expect(Self.state(log, now: "10:01:00", quota: .other).episodes == QuotaWatch.namesMax)
  }
}

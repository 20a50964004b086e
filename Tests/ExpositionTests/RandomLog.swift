import AttemptLog

/// Lines as several processes may write them, and some that nobody should.
struct RandomLog {
  private var generator: SeededGenerator
  private var seconds = 0
  private var seqs: [String: Int] = [:]

  init(seed: UInt64) {
    generator = SeededGenerator(seed: seed)
  }

  mutating func lines(_ count: Int) -> [String] {
    (0..<count).map { _ in line() }
  }

  private mutating func line() -> String {
    seconds += number(0...20)
    switch number(0...19) {
    case 0: return one(of: ["garbage", "", "{}", "{\"v\":1,\"kind\":\"attempt\"}", "\"v\":"])
    case 1: return record("writer_start", #""host":"h","pid":\#(number(1...3))"#)
    case 2: return record("writer_stop", #""x":1"#)
    case 3:
      let reason = one(of: ["enospc", "queue_full", "new"])
      return record("dropped", #""count":\#(number(0...4)),"reason":"\#(reason)""#)
    case 4: return record("heartbeat", #""x":1"#)
    case 5...7: return record("attempt_start", identity() + #","attempt":\#(number(1...3))"#)
    case 8...12: return record("operation", identity() + "," + ending())
    default: return record("attempt", identity() + "," + attempt())
    }
  }

  private mutating func record(_ kind: String, _ fields: String) -> String {
    let long = String(repeating: "long", count: 12)
    let writer = one(of: ["a", "b", "c", long])
    // Now and then a gap, or a number that was there before.
    let seq = max(1, seqs[writer, default: 1] + number(0...12) / 11 - number(0...20) / 20 * 3)
    seqs[writer] = max(seqs[writer, default: 1], seq + 1)
    let second = max(0, seconds - number(0...3))
    let digits = [second / 3600, second / 60 % 60, second % 60].map { "\($0 / 10)\($0 % 10)" }
    let time = "2026-11-18T\(digits.joined(separator: ":"))Z"
    return #"{"v":1,"kind":"\#(kind)","time":"\#(time)","writer":"\#(writer)","seq":\#(seq),"#
      + fields + "}"
  }

  private mutating func identity() -> String {
    let parent = one(of: ["", "", #","parent_id":"\#(number(0...30))""#])
    let provider = one(of: ["lesan", "assemblyai", "p\(number(0...3))", "_other"])
    let operation = one(of: ["transcribe", "upload", "_other", "é"])
    return #""provider":"\#(provider)","operation":"\#(operation)","#
      + #""operation_id":"\#(number(0...30))""# + parent
  }

  private mutating func ending() -> String {
    let outcome = one(of: ["success", "success", "attempts_exhausted", "cancelled", "vanished"])
    return #""outcome":"\#(outcome)","retried":\#(one(of: ["true", "false"])),"#
      + #""attempts":\#(number(0...4)),"duration_ms":\#(number(0...90_000)).25,"#
      + #""slept_ms":\#(number(0...900)).125,"error_class":"timeout""#
  }

  private mutating func attempt() -> String {
    let attempt = number(1...3)
    let errors = ["rate_limited", "quota_exhausted", "concurrency_limited", "timeout", "new"]
    let isFailure = number(0...2) > 0
    var fields = #""attempt":\#(attempt),"latency_ms":\#(number(0...5000)).5,"http_status":429,"#
    fields +=
      isFailure
      ? #""outcome":"failure","error_class":"\#(one(of: errors))","error_code":"c\#(number(0...5))""#
      : #""outcome":"success","audio_seconds":\#(number(0...99)).1"#
    fields += #","decision":"\#(one(of: ["stop", "retry"]))","backoff_ms":\#(number(0...9000))"#
    fields += #","retry_after_ms":\#(number(1...90_000)),"account":"k\#(number(0...3))""#
    fields += #","slept_ms":\#(number(0...999)),"slept_source":"server","retry_reason":"timeout""#
    let quota = one(of: ["daily", "rate", "balance", "seats"])
    return fields
      + #","quota_name":"\#(quota)","quota_limit":\#(number(0...9)),"quota_remaining":0.5"#
  }

  private mutating func number(_ range: ClosedRange<Int>) -> Int {
    .random(in: range, using: &generator)
  }

  private mutating func one(of texts: [String]) -> String { texts[number(0...texts.count - 1)] }
}

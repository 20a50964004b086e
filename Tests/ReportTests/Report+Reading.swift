import AttemptLog
import Reliability
import Report
import TestSupport

extension Report {
  /// The report on the week of the logs, or on another window of RFC 3339 times.
  static func of(
    _ logs: [LogText], from: String = "2026-11-16T00:00:00Z", to: String = "2026-11-23T00:00:00Z",
    zone: Zone = .utc, objective: Double = Objective.standard, damagedFiles: Int = 0
  ) -> Report {
    var input = ReportInput(
      window: Window(from: at(from), to: at(to)), zone: zone, objective: objective)
    input.read(logs)
    return input.report(at: at("2026-12-01T00:00:00Z"), damagedFiles: damagedFiles)
  }

  static func of(
    _ logs: LogText..., from: String = "2026-11-16T00:00:00Z", to: String = "2026-11-23T00:00:00Z",
    zone: Zone = .utc, objective: Double = Objective.standard
  ) -> Report {
    of(logs, from: from, to: to, zone: zone, objective: objective)
  }

  private static func at(_ text: String) -> Timestamp {
    guard let time = Timestamp(rfc3339: text) else { preconditionFailure("not a time: \(text)") }
    return time
  }

  var plainText: String {
    String(decoding: document().terminal(width: 100, isColoured: false), as: UTF8.self)
  }
}

extension LogText {
  /// Text between the quotes of a JSON string.
  static func escaped(_ text: String) -> String {
    text.unicodeScalars.map { scalar in
      switch scalar {
      case "\"", "\\": return "\\\(scalar)"
      case "\0"..<" ":
        let digits = String(scalar.value, radix: 16)
        return #"\u"# + String(repeating: "0", count: 4 - digits.count) + digits
      default: return String(scalar)
      }
    }.joined()
  }

  /// What a log may hold at worst: names and error texts from a provider that means no good.
  static let hostileTexts = [
    "\u{1B}[2J\u{1B}]0;owned\u{7}", "\u{9B}31m", "\u{7F}", "\r\n", "\0", "a\tb", "\u{202E}gpj.exe",
    "\u{2066}x\u{2069}", "zero\u{200B}\u{200D}\u{FEFF}width", "\u{2028}\u{2029}", "\u{AD}soft",
    "\u{E0041}tag", "\u{3164}filler\u{115F}", "x\u{34F}y", "\u{FE0F}", "\u{E000}private",
    #""quoted" \back\ {"v":1,"kind":""#, "e\u{301}", "日本語", "😀", "",
  ]

  /// A failed operation for each hostile text, as provider, operation, type and code.
  static let hostile = hostileTexts.enumerated().reduce(LogText()) { log, item in
    let text = escaped(item.element)
    let names = #""provider":"\#(text)","operation":"\#(text)""#
    let error = #""error_type":"\#(text)","error_code":"\#(text)""#
    return
      log.attempt("10:00:00", "\(item.offset)", error: "timeout", names + "," + error)
      .attempt("10:00:02", "\(item.offset)", attempt: 2, error: "timeout", names + "," + error)
      .operation(
        "10:00:02", "\(item.offset)", outcome: "attempts_exhausted", attempts: 2,
        names + #","http_status":503,"error_class":"timeout","# + error)
  }

  /// Two weeks with everything that a report has: two providers, polls below a job, rescues, an
  /// abandoned operation, a week before, and a damaged log.
  static let twoWeeks: [LogText] = {
    let lesan = (0..<12).reduce(LogText(writer: "before")) { log, number in
      log.attempt("2026-11-11T10:00:\(10 + number)Z", "before-\(number)")
        .operation("2026-11-11T10:00:\(10 + number)Z", "before-\(number)")
    }
    let retry = #""decision":"retry","backoff_ms":2000"#
    let late = (0..<8).reduce(LogText(writer: "b")) { log, number in
      log.attempt(
        "2026-11-20T09:00:0\(number)Z", "slow-\(number)", #""latency_ms":\#(number + 1)250.5"#
      )
      .operation(
        "2026-11-20T09:00:0\(number)Z", "slow-\(number)", #""duration_ms":\#(number + 1)300"#)
    }
    let job = #""provider":"assemblyai""#
    let poll = job + #","operation":"poll","parent_id":"job""#
    let jobs = LogText(writer: "c").start("12:00:00", "job", job)
      .attempt("12:00:10", "poll-1", poll).operation("12:00:10", "poll-1", outcome: "success", poll)
      .attempt(
        "12:00:20", "poll-2", error: "network",
        poll + #","http_status":null,"error_type":"URLError""#
      )
      .operation(
        "12:00:20", "poll-2", outcome: "not_retryable",
        poll + #","error_class":"network","error_type":"URLError""#
      )
      .attempt(
        "12:10:00", "job", error: "rate_limited",
        job + #","http_status":429,"error_type":"429","error_code":"rate_limit_exceeded","# + retry
      )
      .add("dropped", "12:10:01", #""count":3"#)
    let refused =
      #""account":"batch","http_status":429,"error_type":null,"error_class":"quota_exhausted","error_code":"daily_quota_exceeded""#
    let exhausted = (1...3).reduce(LogText(writer: "d")) { log, number in
      log.attempt(
        "2026-11-21T14:00:0\(number)Z", "daily-\(number)", error: "quota_exhausted",
        refused + #","quota_name":"daily","retry_after_ms":36000000"#
      )
      .operation(
        "2026-11-21T14:00:0\(number)Z", "daily-\(number)", outcome: "delay_too_long", refused)
    }
    return [
      lesan, .someOperations, late, jobs.dropLine(4), exhausted,
      late.dropLine(15).add("attempt", "2026-11-20T09:00:08Z"),
    ]
  }()
}

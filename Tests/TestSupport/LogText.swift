public import AttemptLog

/// The lines of one writer as they arrive, for tests that count them.
///
/// A time is `hh:mm:ss` on 2026-11-18, a Wednesday, or a whole RFC 3339 time. `more` are JSON fields
/// such as `"host":"worker","pid":7`; of a repeated key the last value counts, so they may replace
/// what a line has by default, and `null` removes it.
public struct LogText: Sendable {
  public private(set) var lines: [String]
  private let writer: String
  private var seq: Int64

  public init(writer: String = "a", seq: Int64 = 1) {
    lines = []
    self.writer = writer
    self.seq = seq
  }

  public func add(_ kind: String, _ time: String, _ more: String = "") -> LogText {
    let time = time.contains("T") ? time : "2026-11-18T\(time)Z"
    let keys = #""v":1,"kind":"\#(kind)","time":"\#(time)","writer":"\#(writer)","seq":\#(seq)"#
    var next = self
    next.lines.append("{" + keys + (more.isEmpty ? "" : "," + more) + "}")
    next.seq += 1
    return next
  }

  public func start(
    _ time: String, _ id: String, attempt: Int = 1, _ more: String = ""
  ) -> LogText {
    add("attempt_start", time, fields(identity(id), #""attempt":\#(attempt)"#, more))
  }

  /// Takes 1 s; a retry comes 2 s after a server error; an error is an HTTP 503.
  public func attempt(
    _ time: String, _ id: String, attempt: Int = 1, error: String? = nil, _ more: String = ""
  ) -> LogText {
    let retry = #""slept_ms":2000,"slept_source":"computed","retry_reason":"server_error""#
    let result =
      error.map {
        #""outcome":"failure","http_status":503,"error_class":"\#($0)","error_type":"503""#
      } ?? #""outcome":"success","http_status":200"#
    return add(
      "attempt", time,
      fields(
        identity(id), #""attempt":\#(attempt),"latency_ms":1000,"decision":"stop""#, result,
        attempt > 1 ? retry : "", more))
  }

  /// Takes 1 s and does not sleep.
  public func operation(
    _ time: String, _ id: String, outcome: String = "success", attempts: Int = 1,
    _ more: String = ""
  ) -> LogText {
    add(
      "operation", time,
      fields(
        identity(id), #""outcome":"\#(outcome)","retried":\#(attempts > 1)"#,
        #""attempts":\#(attempts),"duration_ms":1000,"slept_ms":0"#, more))
  }

  public func dropLine(_ index: Int) -> LogText {
    var rest = self
    rest.lines.remove(at: index)
    return rest
  }

  private func identity(_ id: String) -> String {
    #""provider":"lesan","operation":"transcribe","operation_id":"\#(id)""#
  }

  private func fields(_ parts: String...) -> String {
    parts.filter { !$0.isEmpty }.joined(separator: ",")
  }
}

extension LogText {
  /// Five operations: a direct success, a rescue, one exhausted, one refused, one cancelled.
  public static let someOperations = LogText()
    .attempt("10:00:00", "direct", #""audio_seconds":60"#)
    .operation("10:00:00", "direct")
    .attempt("10:01:00", "rescued", error: "server_error", retry + #","audio_seconds":30"#)
    .attempt("10:01:03", "rescued", attempt: 2, #""audio_seconds":30"#)
    .operation("10:01:03", "rescued", attempts: 2, #""duration_ms":4000,"slept_ms":2000"#)
    .attempt("10:02:00", "exhausted", error: "server_error", retry)
    .attempt("10:02:03", "exhausted", attempt: 2, error: "server_error", retry)
    .attempt("10:02:06", "exhausted", attempt: 3, error: "timeout", timedOut)
    .operation(
      "10:02:06", "exhausted", outcome: "attempts_exhausted", attempts: 3,
      #""duration_ms":7000,"slept_ms":4000,"error_class":"timeout","error_type":"timedOut""#
    )
    .attempt("10:03:00", "refused", error: "invalid_request", badRequest)
    .operation(
      "10:03:00", "refused", outcome: "not_retryable",
      #""error_class":"invalid_request","# + badRequest
    )
    .attempt("10:04:00", "cancelled", error: "cancelled", #""http_status":null"#)
    .operation("10:04:00", "cancelled", outcome: "cancelled", #""error_class":"cancelled""#)

  private static let retry = #""decision":"retry","backoff_ms":2000"#
  private static let timedOut = #""http_status":null,"error_type":"timedOut""#
  private static let badRequest = #""http_status":400,"error_type":"400""#
}

extension RecordSink {
  /// Reads whole logs, one after the other.
  public mutating func read(_ logs: [LogText]) {
    read(logs.flatMap(\.lines).map { $0 + "\n" }.joined())
  }

  /// Reads the text of a log to its end.
  public mutating func read(_ text: String) {
    var parser = LogParser()
    let bytes = Array(text.utf8)
    parser.feed(bytes.span, to: &self)
  }
}

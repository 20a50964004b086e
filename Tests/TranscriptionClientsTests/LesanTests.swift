import AttemptLog
import Retry
import TestSupport
import Testing

@testable import TranscriptionClients

struct LesanTests {
  static let done = #"{"id":"job_1","status":"completed","text":"ሰላም","duration_seconds":5.2}"#

  static func posted(_ status: Int, _ body: String) -> Exchange {
    .make("POST /transcribe", status, body)
  }

  static func posted(_ body: String, headers: [String: String] = [:]) -> Exchange {
    .make("POST /transcribe", 200, body, headers: headers)
  }

  static func refused(_ status: Int, _ type: String, _ code: String, more: String = "")
    -> Exchange
  {
    posted(status, #"{"error":{"type":"\#(type)","code":"\#(code)","message":"m"\#(more)}}"#)
  }

  /// Runs one transcription to its end, whatever that is.
  func run(
    _ exchanges: [Exchange], route: Lesan.Route = .guide,
    _ change: (inout ClientConfiguration) -> Void = { _ in }
  ) async -> (wire: WireScript, result: Result<Transcript, any Error>) {
    let wire = WireScript(exchanges)
    let lesan = wire.lesan(route: route, change)
    do {
      let transcript = try await lesan.transcribe(
        audioURL: "https://example.com/a.mp3", language: "am")
      return (wire, .success(transcript))
    } catch {
      return (wire, .failure(error))
    }
  }

  @Test func `a text that comes at once is one request`() async throws {
    let limits = [
      "X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "59", "X-RateLimit-Reset": "1794816930",
    ]
    let (wire, result) = await run([Self.posted(Self.done, headers: limits)])
    #expect(try result.get().text == "ሰላም")
    #expect(
      wire.events.lines == [
        "start transcribe 1", "attempt transcribe 1 success stop",
        "operation transcribe success 1",
      ])
    let attempt = try #require(wire.events.attempts.first)
    #expect(attempt.jobID == "job_1" && attempt.audioSeconds == 5.2)
    #expect(
      attempt.quota
        == Quota(
          name: "rate", limit: 60, remaining: 59,
          reset: Timestamp(microseconds: 1_794_816_930_000_000)))
    let request = try #require(wire.requests.first)
    #expect(request.headers.last?.value == "Bearer key-123")
    #expect(
      String(decoding: request.body ?? [], as: UTF8.self)
        == #"{"audio_url":"https://example.com/a.mp3","language":"am","mode":"sync"}"#)
  }

  @Test(arguments: [
    (200, #"{"id":"job_1","status":"queued"}"#),
    (408, #"{"id":"job_1","status":"processing"}"#),
    (408, #"{"error":{"type":"timeout","job_id":"job_1"}}"#),
  ])
  func `a job that goes on is polled and never submitted again`(
    status: Int, body: String
  ) async throws {
    let (wire, result) = await run([
      Self.posted(status, body),
      .make("GET /v1/transcriptions/job_1", #"{"id":"job_1","status":"processing"}"#),
      .make("GET /v1/transcriptions/job_1", 503, ""),
      .make("GET /v1/transcriptions/job_1", Self.done),
    ])
    #expect(try result.get().jobID == "job_1")
    #expect(wire.unplayed == [])
    let attempt = try #require(wire.events.attempts.last)
    #expect(attempt.identity.operation == "transcribe" && attempt.attempt == 1)
    #expect(attempt.error.httpStatus == 200 && attempt.requestSent == .yes)
  }

  @Test func `a 408 without a job is a timeout and retried`() async throws {
    let (wire, result) = await run([Self.posted(408, ""), Self.posted(Self.done)])
    #expect(throws: Never.self) { try result.get() }
    #expect(wire.events.attempts.first?.error.errorClass == .timeout)
  }

  @Test(arguments: [
    (400, "invalid_request_error", "missing_required_field", ErrorClass.invalidRequest),
    (400, "invalid_request_error", "invalid_field_value", .invalidRequest),
    (400, "invalid_request_error", "invalid_audio_format", .invalidRequest),
    (400, "invalid_request_error", "file_too_large", .invalidRequest),
    (400, "invalid_request_error", "invalid_json", .invalidRequest),
    (401, "authentication_error", "missing_api_key", .auth),
    (401, "authentication_error", "INVALID_API_KEY", .auth),
    (401, "authentication_error", "expired_api_key", .auth),
    (401, "authentication_error", "revoked_api_key", .auth),
    (403, "permission_error", "insufficient_scope", .permission),
    (403, "permission_error", "ip_not_allowed", .permission),
    (403, "permission_error", "origin_not_allowed", .permission),
    (404, "not_found_error", "job_not_found", .notFound),
    (404, "not_found_error", "webhook_not_found", .notFound),
    (404, "not_found_error", "resource_not_found", .notFound),
    (418, "teapot_error", "short_and_stout", .other),
  ])
  func `a refusal is final`(
    status: Int, type: String, code: String, errorClass: ErrorClass
  ) async throws {
    let (wire, _) = await run([Self.refused(status, type, code, more: #","param":"p""#)])
    #expect(wire.events.operations.map(\.outcome) == [.notRetryable])
    #expect(
      wire.events.attempts.first?.error
        == ErrorFacts(
          httpStatus: Int64(status), layer: .http, errorClass: errorClass, type: type,
          code: code.lowercased(), parameter: "p", message: "m"))
  }

  @Test func `a call whose fate is unknown is repeated unless the policy forbids it`() async throws
  {
    let lost = Exchange.failing(
      "POST /transcribe", TransportFailure(type: "URLError.timedOut", timedOut: true))
    let (wire, result) = await run([lost, Self.posted(Self.done)])
    #expect(throws: Never.self) { try result.get() }
    #expect(wire.events.attempts.last?.retryReason == .timeout)
    let (careful, _) = await run([lost]) { $0.policy.allowsDuplicates = false }
    #expect(careful.events.operations.map(\.outcome) == [.notRetryable])
  }

  @Test func `a created job that cannot be read is not asked for again`() async throws {
    for body in ["", "{}", #"{"status":"queued"}"#] {
      let (wire, _) = await run([Self.posted(201, body)])
      let attempt = try #require(wire.events.attempts.first)
      #expect(attempt.error.errorClass == .malformedResponse && attempt.error.httpStatus == 201)
    }
  }

  @Test(arguments: [
    ("key-123", "[RED"), ("%6bey-123", "[RED"), ("a2V5LTEyM", "[RED"),
    ("a://user:pass@b", "a://[RED"),
  ])
  func `a long text of the provider is cut after every secret is out of it`(
    secret: String, left: String
  ) async throws {
    let start = String(repeating: "x", count: 999 - left.count) + " "
    let text = start + secret + " " + String(repeating: "y", count: 99)
    let (wire, result) = await run([Self.posted(400, #"{"error":"\#(text)"}"#)])
    let cut = start + left
    #expect(wire.events.attempts.first?.error.message == cut)
    let error = try #require(throws: OperationError.self) { try result.get() }
    #expect(error.facts.message == cut)
    let underlying = try #require(error.underlying as? any AttemptError)
    #expect(underlying.attemptFacts.message == cut)
  }

  @Test(arguments: [
    (429, "rate_limit_error", "rate_limit_exceeded", ErrorClass.rateLimited, "rate" as String?),
    (429, "rate_limit_error", "concurrent_limit_exceeded", .concurrencyLimited, "concurrency"),
    (429, "rate_limit_error", "new_limit", .rateLimited, "rate"),
    (500, "server_error", "internal_error", .serverError, nil),
    (502, "server_error", "service_unavailable", .serverError, nil),
    (503, "server_error", "model_error", .serverError, nil),
    (504, "", "", .serverError, nil),
    (599, "", "", .serverError, nil),
  ])
  func `a passing error is retried after 1 and 2 s`(
    status: Int, type: String, code: String, errorClass: ErrorClass, quota: String?
  ) async throws {
    let (wire, _) = await run(Array(repeating: Self.refused(status, type, code), count: 3))
    #expect(wire.events.operations.map(\.outcome) == [.attemptsExhausted])
    #expect(wire.events.attempts.map(\.error.errorClass) == Array(repeating: errorClass, count: 3))
    #expect(wire.events.attempts.map(\.quota.name) == Array(repeating: quota, count: 3))
    #expect(wire.clock.sleeps.count == 2)
    for (sleep, least) in zip(wire.clock.sleeps, [Duration.seconds(1), .seconds(2)]) {
      #expect(sleep >= least && sleep <= least * 1.1)
    }
  }

  @Test(arguments: [
    ("2", 2000.0), ("2.5", 2500), (#""3""#, 3000), (#"" 1.25 ""#, 1250), ("0", 0),
  ])
  func `the body's delay may be a number or a text`(value: String, milliseconds: Double) async {
    let more = #","retry_after":\#(value)"#
    let (wire, _) = await run([
      Self.refused(429, "rate_limit_error", "rate_limit_exceeded", more: more),
      Self.posted(Self.done),
    ])
    let attempt = wire.events.attempts[0]
    #expect(attempt.retryAfterMilliseconds == milliseconds)
    #expect(attempt.retryAfterSource == .body)
    #expect(attempt.backoffMilliseconds ?? 0 >= milliseconds)
  }

  @Test func `a used up daily quota is retried only if the server says when`() async throws {
    let quota = Self.refused(429, "rate_limit_error", "daily_quota_exceeded")
    let (without, _) = await run([quota])
    #expect(without.events.operations.map(\.outcome) == [.notRetryable])
    #expect(without.events.operations.map(\.errorClass) == [.quotaExhausted])
    #expect(without.events.attempts.map(\.quota.name) == ["daily"])

    let long = Self.refused(
      429, "rate_limit_error", "daily_quota_exceeded", more: #","retry_after":7200"#)
    let (tooLong, _) = await run([long])
    #expect(tooLong.events.operations.map(\.outcome) == [.delayTooLong])

    let (literal, _) = await run([quota, quota, quota]) { $0.rules = [Lesan.retryEvery429] }
    #expect(literal.events.operations.map(\.outcome) == [.attemptsExhausted])
  }

  @Test(arguments: [
    (#"{"error":"plain text"}"#, "plain text"), ("<html>no</html>", nil), ("", nil),
    (#"{"error":null}"#, nil), (#"{"error":[1]}"#, nil),
  ])
  func `an error body of another shape does no harm`(body: String, message: String?) async {
    let (wire, _) = await run([Self.posted(400, body)])
    #expect(
      wire.events.attempts.first?.error
        == ErrorFacts(
          httpStatus: 400, layer: .http, errorClass: .invalidRequest, type: "400",
          message: message))
  }

  @Test func `a failed job is judged by its code`() async throws {
    let failed =
      #"{"id":"job_1","status":"failed","error":{"type":"server_error","code":"model_error","message":"m"}}"#
    let (wire, result) = await run(
      [
        .make("POST /v1/transcriptions", #"{"id":"job_1","status":"queued"}"#),
        .make("GET /v1/transcriptions/job_1", failed),
        .make("POST /v1/transcriptions", Self.done),
      ], route: .v1)
    #expect(throws: Never.self) { try result.get() }
    let first = wire.events.attempts.first { $0.identity.operation == "transcribe" }
    #expect(
      first?.error
        == ErrorFacts(
          httpStatus: 200, layer: .result, errorClass: .serverError, type: "failed",
          code: "model_error", message: "m"))
  }
}

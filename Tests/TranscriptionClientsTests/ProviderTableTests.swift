import AttemptLog
import Retry
import TestSupport
import Testing

@testable import TranscriptionClients

/// Every row of the providers' documents: an answer that keeps coming in; class, decision, delay
/// and the thrown error out.
struct ProviderTableTests {
  @Test(arguments: ProviderRow.assemblyAI + ProviderRow.lesan)
  func `an answer has its class, decision, delay and error`(row: ProviderRow) async throws {
    let wire = WireScript([])
    let error = try await #require(throws: OperationError.self) { try await row.run(on: wire) }

    let name = row.place.operation
    let first = try #require(wire.events.attempts.first { $0.identity.operation == name })
    #expect(first.error.errorClass == row.errorClass)
    #expect(first.error.code == row.code)
    #expect(first.quota.name == row.quota)
    #expect((first.decision == .retry) == (row.delay != nil))
    #expect((first.backoffMilliseconds != nil) == (row.delay != nil))
    if let delay = row.delay, let backoff = first.backoffMilliseconds {
      #expect(delay.contains(backoff))
    }
    let operation = try #require(wire.events.operations.first { $0.identity.operation == name })
    #expect(operation.outcome == row.outcome)
    #expect(operation.attempts == (row.delay == nil ? 1 : row.place == .job ? 2 : 3))

    #expect(error.operation == "transcribe" && error.errorClass == row.errorClass)
    #expect(error.facts.code == row.code)
    #expect(error.outcome == (name == "transcribe" ? row.outcome : .notRetryable))
    #expect(Advice(error) == row.advice)
    #expect(error.advice == row.advice?.description)
    let transcribes = wire.events.operations.filter { $0.identity.operation == "transcribe" }
    #expect(transcribes.map(\.outcome) == [error.outcome])
    #expect(transcribes.map(\.errorClass) == [row.errorClass])
  }
}

/// One answer and what follows from it.
struct ProviderRow: Sendable, CustomTestStringConvertible {
  enum Place: Sendable {
    case upload, submit, poll, job, lesan

    var operation: String {
      switch self {
      case .upload: "upload"
      case .submit: "submit"
      case .poll: "poll"
      case .job, .lesan: "transcribe"
      }
    }

    /// The beginning of the request that is answered so.
    var request: String {
      switch self {
      case .upload: "POST /v2/upload"
      case .submit: "POST /v2/transcript"
      case .poll, .job: "GET /v2/transcript/"
      case .lesan: "POST /v1/transcriptions"
      }
    }
  }

  let place: Place
  let answer: Exchange.Answer
  let errorClass: ErrorClass
  var code: String?
  var quota: String?
  /// In milliseconds; nil if the first answer is final.
  var delay: ClosedRange<Double>?
  let outcome: OperationOutcome
  let advice: Advice?

  var testDescription: String { "\(place) \(answer)" }

  func run(on wire: WireScript) async throws {
    let transport = HTTPTransport { try reply(to: $0, on: wire) }
    if place == .lesan {
      _ = try await wire.lesan(route: .v1) { $0.transport = transport }
        .transcribe(audioURL: "https://x/a", language: "am")
      return
    }
    let client = wire.assemblyAI { configuration in
      configuration.transport = transport
      configuration.pollLimit = .seconds(4)
    }
    guard place == .upload else {
      _ = try await client.transcribe(audioURL: "https://x/a")
      return
    }
    let (path, directory) = try AssemblyAIRequestsTests.file()
    defer { withExtendedLifetime(directory) {} }
    _ = try await client.transcribe(file: path)
  }

  private func reply(
    to request: TransportRequest, on wire: WireScript
  ) throws -> TransportResponse {
    wire.clock.advance(by: .milliseconds(10))
    let line = "\(request.method) \(request.url.dropFirst(WireScript.baseURL.count))"
    if line.hasPrefix(place.request) { return try answer.response() }
    return TransportResponse(status: 200, body: Array(#"{"id":"j1","status":"queued"}"#.utf8))
  }
}

extension ProviderRow {
  static let computed = 0.0...1000
  static let lost = TransportFailure(type: "reset")
  static let late = TransportFailure(type: "late", timedOut: true)
  static let unsent = TransportFailure(type: "refused", requestSent: .no)

  /// A final answer, or one that is retried to the end.
  static func row(
    _ place: Place, _ answer: Exchange.Answer, _ errorClass: ErrorClass, _ code: String? = nil,
    quota: String? = nil, delay: ClosedRange<Double>? = nil, outcome: OperationOutcome? = nil,
    advice: Advice? = nil
  ) -> ProviderRow {
    ProviderRow(
      place: place, answer: answer, errorClass: errorClass, code: code, quota: quota, delay: delay,
      outcome: outcome ?? (delay == nil ? .notRetryable : .attemptsExhausted), advice: advice)
  }

  static func answer(
    _ status: Int, _ body: String = "", _ headers: [String: String] = [:]
  ) -> Exchange.Answer {
    .response(status, headers: headers, body: body)
  }

  static func text(_ status: Int, _ text: String) -> Exchange.Answer {
    answer(status, #"{"error":"\#(text)"}"#)
  }

  // MARK: - AssemblyAI

  static let assemblyAI = submits + uploads + polls + jobs

  private static let key = Advice.checkKey(provider: "assemblyai", account: nil)
  private static let permissions = Advice.checkPermissions(provider: "assemblyai", account: nil)

  private static let submits: [ProviderRow] = [
    row(
      .submit, text(400, "audio_url should be a URL"), .invalidRequest, advice: .fixParameters(nil)),
    row(
      .submit, text(400, "Your current account balance is negative. Please top up"),
      .quotaExhausted, "negative_balance", quota: "balance",
      advice: .topUpBalance(provider: "assemblyai")),
    row(.submit, text(401, "Authentication error"), .auth, advice: key),
    row(.submit, text(403, "no"), .permission, advice: permissions),
    row(.submit, answer(404), .notFound), row(.submit, answer(418), .other),
    row(.submit, text(422, "no"), .invalidRequest, advice: .fixParameters(nil)),
    row(.submit, answer(302), .other),
    row(
      .submit, answer(429, "", ["Retry-After": "7"]), .rateLimited, quota: "rate",
      delay: 7000...7351),
    row(.submit, answer(429), .rateLimited, quota: "rate", delay: computed),
    row(
      .submit, answer(429, "", ["Retry-After": "600"]), .rateLimited, quota: "rate",
      outcome: .delayTooLong),
    row(.submit, text(500, "e"), .serverError, delay: computed, advice: .contactSupport),
    row(.submit, answer(502, "<html>"), .serverError, delay: computed, advice: .contactSupport),
    row(.submit, answer(503), .serverError, delay: computed, advice: .contactSupport),
    row(.submit, answer(504, "<html>"), .serverError, delay: computed, advice: .contactSupport),
    row(.submit, answer(599), .serverError, delay: computed, advice: .contactSupport),
    row(.submit, answer(200, "<html>"), .malformedResponse),
    row(.submit, .failure(late), .timeout), row(.submit, .failure(lost), .network),
    row(.submit, .failure(unsent), .network, delay: computed),
  ]

  private static let uploads: [ProviderRow] = [
    row(.upload, text(401, "e"), .auth, advice: key),
    row(.upload, text(403, "e"), .permission, advice: permissions),
    row(.upload, text(422, "e"), .serverError, delay: computed, advice: .contactSupport),
    row(.upload, answer(503), .serverError, delay: computed, advice: .contactSupport),
    row(.upload, .failure(late), .timeout, delay: computed),
    row(.upload, .failure(lost), .network, delay: computed),
    row(.upload, answer(200, "{}"), .malformedResponse),
  ]

  private static let polls: [ProviderRow] = [
    row(
      .poll, text(400, "Transcript lookup error, transcript id not found"), .notFound,
      "transcript_not_found"),
    row(.poll, text(401, "e"), .auth, advice: key),
    row(.poll, answer(500), .serverError, delay: computed, advice: .resumeJob("j1")),
    row(.poll, answer(429), .rateLimited, quota: "rate", delay: computed, advice: .resumeJob("j1")),
    row(.poll, answer(200, "<"), .malformedResponse, delay: computed, advice: .resumeJob("j1")),
    row(.poll, .failure(late), .timeout, delay: computed, advice: .resumeJob("j1")),
    row(.poll, .failure(lost), .network, delay: computed, advice: .resumeJob("j1")),
  ]

  private static func job(
    _ text: String, _ errorClass: ErrorClass, _ code: String, resubmitted: Bool = false
  ) -> ProviderRow {
    row(
      .job, answer(200, #"{"status":"error","error":"\#(text)"}"#), errorClass, code,
      delay: resubmitted ? 5000...5000 : nil, advice: resubmitted ? .contactSupport : nil)
  }

  private static let jobs: [ProviderRow] = [
    job(AssemblyAITests.serverError, .serverError, "server_error", resubmitted: true),
    job(
      "internal server error. please retry your request", .serverError, "server_error",
      resubmitted: true),
    job(
      "Server error, developers have been alerted.", .serverError, "server_error_legacy",
      resubmitted: true),
    job("Download error, unable to download https://x/a", .mediaError, "download_error"),
    job("File does not appear to contain audio.", .mediaError, "not_audio"),
    job("Transcoding failed. File does not appear to contain audio", .mediaError, "not_audio"),
    job("AUDIO DURATION IS TOO SHORT.", .mediaError, "audio_too_short"),
    job(
      "language_detection cannot be performed on files with no spoken audio.", .mediaError,
      "no_speech"),
    job("Something new", .other, "unknown_job_error"),
  ]

  // MARK: - Lesan

  private static let lesanKey = Advice.checkKey(provider: "lesan", account: nil)
  private static let lesanPermissions = Advice.checkPermissions(provider: "lesan", account: nil)
  private static let first = 1000.0...1100

  private static func coded(
    _ status: Int, _ type: String, _ codes: [String], _ errorClass: ErrorClass,
    delay: ClosedRange<Double>? = nil, _ advice: Advice? = nil
  ) -> [ProviderRow] {
    codes.map { code in
      row(
        .lesan,
        answer(
          status, #"{"error":{"type":"\#(type)","code":"\#(code)","message":"m","param":"p"}}"#),
        errorClass, code.lowercased(), delay: delay, advice: advice)
    }
  }

  private static func limited(
    _ code: String, _ errorClass: ErrorClass, _ quota: String, after seconds: String? = nil,
    _ headers: [String: String] = [:], delay: ClosedRange<Double>? = nil,
    outcome: OperationOutcome? = nil
  ) -> ProviderRow {
    let more = seconds.map { #","retry_after":\#($0)"# } ?? ""
    return row(
      .lesan,
      answer(
        429, #"{"error":{"type":"rate_limit_error","code":"\#(code)","message":"m"\#(more)}}"#,
        headers),
      errorClass, code, quota: quota, delay: delay, outcome: outcome)
  }

  static let lesan = refusals + limits + troubles

  private static let refusals: [ProviderRow] =
    coded(
      400, "invalid_request_error",
      [
        "missing_required_field", "invalid_field_value", "invalid_audio_format", "file_too_large",
        "invalid_json",
      ], .invalidRequest, .fixParameters("p"))
    + coded(
      401, "authentication_error",
      ["missing_api_key", "INVALID_API_KEY", "expired_api_key", "revoked_api_key"], .auth, lesanKey)
    + coded(
      403, "permission_error", ["insufficient_scope", "ip_not_allowed", "origin_not_allowed"],
      .permission, lesanPermissions)
    + coded(
      404, "not_found_error", ["job_not_found", "webhook_not_found", "resource_not_found"],
      .notFound)
    + [
      row(.lesan, text(400, "plain"), .invalidRequest, advice: .fixParameters(nil)),
      row(.lesan, answer(401, "<html>"), .auth, advice: lesanKey), row(.lesan, answer(418), .other),
      row(.lesan, answer(307), .other),
    ]

  private static let limits: [ProviderRow] = [
    limited("rate_limit_exceeded", .rateLimited, "rate", delay: first),
    limited("rate_limit_exceeded", .rateLimited, "rate", after: "2", delay: 2000...2101),
    limited("rate_limit_exceeded", .rateLimited, "rate", after: "2.5", delay: 2500...2626),
    limited("rate_limit_exceeded", .rateLimited, "rate", after: #""3""#, delay: 3000...3151),
    limited(
      "rate_limit_exceeded", .rateLimited, "rate", ["Retry-After": "4"], delay: 4000...4201),
    limited(
      "rate_limit_exceeded", .rateLimited, "rate",
      ["Retry-After": "Sun, 06 Nov 1994 08:49:47 GMT", "Date": "Sun, 06 Nov 1994 08:49:37 GMT"],
      delay: 10_000...10_501),
    limited(
      "rate_limit_exceeded", .rateLimited, "rate", after: "121", outcome: .delayTooLong),
    limited("concurrent_limit_exceeded", .concurrencyLimited, "concurrency", delay: first),
    limited("daily_quota_exceeded", .quotaExhausted, "daily"),
    limited("daily_quota_exceeded", .quotaExhausted, "daily", after: "60", delay: 60_000...61_001),
    limited(
      "daily_quota_exceeded", .quotaExhausted, "daily", after: "7200", outcome: .delayTooLong),
    row(.lesan, answer(429), .rateLimited, quota: "rate", delay: first),
  ]

  private static let troubles: [ProviderRow] =
    [500, 502, 503, 504].flatMap {
      coded(
        $0, "server_error", ["internal_error", "service_unavailable", "model_error"], .serverError,
        delay: first)
    }
    + [
      row(.lesan, answer(502, "<html>"), .serverError, delay: first),
      row(.lesan, answer(599), .serverError, delay: first),
      row(.lesan, answer(408), .timeout, delay: first),
      row(.lesan, .failure(late), .timeout, delay: first),
      row(.lesan, .failure(lost), .network, delay: first),
      row(.lesan, answer(200, "<html>"), .malformedResponse),
      row(.lesan, .cut(200), .malformedResponse),
    ]
}

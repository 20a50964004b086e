import AttemptLog
public import Retry

/// Lesan's transcription, on the synchronous path.
public struct Lesan: Sendable {
  /// Where a transcription is asked for.
  public enum Route: String, Sendable {
    /// As the guide on errors has it.
    case guide = "/transcribe"
    case v1 = "/v1/transcriptions"
  }

  private let connection: ProviderConnection
  private let route: Route

  public init(_ configuration: ClientConfiguration, route: Route = .guide) {
    connection = ProviderConnection(
      provider: "lesan", configuration: configuration, errors: ErrorTable(rules: Self.rules),
      authorizationPrefix: "Bearer ")
    self.route = route
  }

  /// Waits for the text; a job that goes on behind the answer is polled, never submitted again.
  ///
  /// `language` is `am`, `ti`, `so` or `en`.
  public func transcribe(audioURL: String, language: String) async throws -> Transcript {
    let operation = connection.operation("transcribe", isBillable: true)
    return try await connection.retrier(connection.configuration.policy).run(operation) {
      try await runJob(audioURL: audioURL, language: language, in: $0)
    }
  }

  private func runJob(
    audioURL: String, language: String, in attempt: Attempt
  ) async throws -> Transcript {
    let secrets = [audioURL.urlQuery]
    var job = try await submit(
      ["audio_url": audioURL, "language": language, "mode": "sync"], secrets, in: attempt)
    let jobID = Self.jobID(job.json)
    attempt.note { $0.jobID = jobID }
    if job.state == .running {
      guard let jobID else { throw ProviderConnection.malformed() }
      job = try await connection.poll(
        jobID, at: "/v1/transcriptions/", secrets: secrets, for: attempt,
        read: Self.state)
      // Not what the submission was answered with: that may have been a 408.
      attempt.note { $0.httpStatus = 200 }
    }
    let seconds = job.json["duration_seconds"]?.number.flatMap { $0 >= 0 ? $0 : nil }
    attempt.note { $0.audioSeconds = seconds }
    guard job.state == .completed else {
      var facts = AttemptFacts(httpStatus: 200, layer: .result)
      facts.readError(in: job.json)
      facts.type = job.json["status"]?.string
      throw connection.failure(facts, job.json, secrets)
    }
    return Transcript(
      jobID: jobID, text: job.json["text"]?.string ?? "", audioSeconds: seconds, json: job.bytes)
  }

  /// A 408 that names its job is no failure: the job goes on.
  private func submit(
    _ body: [String: String], _ secrets: [String], in attempt: Attempt
  ) async throws -> Job {
    do {
      let (json, bytes) = try await connection.send(
        "POST", route.rawValue, body: body, secrets: secrets, in: attempt)
      return Job(state: try Self.state(json), json: json, bytes: bytes)
    } catch let failure as ProviderFailure {
      guard failure.attemptFacts.httpStatus == 408, let json = failure.json,
        Self.jobID(json) != nil
      else { throw failure }
      return Job(state: .running, json: json, bytes: [])
    }
  }

  private static func jobID(_ json: JSONValue) -> String? {
    let id = json["id"]?.string ?? json["job_id"]?.string ?? json["error"]?["job_id"]?.string
    return id.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// The older route may answer with the text alone.
  private static func state(_ json: JSONValue) throws -> Job.State {
    switch json["status"]?.string?.lowercased() {
    case "completed": return .completed
    case "failed", "error", "cancelled", "canceled": return .failed
    case .some: return .running
    case nil:
      guard json["text"]?.string != nil else { throw ProviderConnection.malformed() }
      return .completed
    }
  }
}

extension Lesan {
  /// The guide's literal "always retry a 429", also where the day's quota is used up.
  ///
  /// It works in front, as one of `ClientConfiguration.rules`.
  public static let retryEvery429 = ErrorRule(
    code: "daily_quota_exceeded", .quotaExhausted, retry: .always, quota: "daily")

  /// What Lesan's codes mean; a client's own rules go first.
  public static let rules = codeRules + typeRules + ErrorTable.standard.rules

  private static let codeRules =
    [
      ErrorRule(code: "rate_limit_exceeded", .rateLimited, retry: .always, quota: "rate"),
      ErrorRule(
        code: "concurrent_limit_exceeded", .concurrencyLimited, retry: .always,
        quota: "concurrency"),
      ErrorRule(
        code: "daily_quota_exceeded", .quotaExhausted, retry: .withServerDelay, quota: "daily"),
    ]
    + codes(
      .invalidRequest, .never, "missing_required_field", "invalid_field_value",
      "invalid_audio_format", "file_too_large", "invalid_json")
    + codes(
      .auth, .never, "missing_api_key", "invalid_api_key", "expired_api_key", "revoked_api_key")
    + codes(.permission, .never, "insufficient_scope", "ip_not_allowed", "origin_not_allowed")
    + codes(.notFound, .never, "job_not_found", "webhook_not_found", "resource_not_found")
    + codes(.serverError, .always, "internal_error", "service_unavailable", "model_error")

  private static let typeRules = [
    ErrorRule(type: "invalid_request_error", .invalidRequest, retry: .never),
    ErrorRule(type: "authentication_error", .auth, retry: .never),
    ErrorRule(type: "permission_error", .permission, retry: .never),
    ErrorRule(type: "not_found_error", .notFound, retry: .never),
    ErrorRule(type: "rate_limit_error", .rateLimited, retry: .always, quota: "rate"),
    ErrorRule(type: "server_error", .serverError, retry: .always),
  ]

  private static func codes(
    _ errorClass: ErrorClass, _ retry: Retryability, _ codes: String...
  ) -> [ErrorRule] {
    codes.map { ErrorRule(code: $0, errorClass, retry: retry) }
  }
}

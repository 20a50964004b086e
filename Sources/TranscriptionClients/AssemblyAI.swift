import AttemptLog
public import Retry

/// AssemblyAI's pre-recorded transcription (`/v2`).
///
/// In the log a `transcribe` attempt is one job, from its submission to its end, so that its
/// latency is the job's turnaround; the requests below it are `submit` and `poll` operations.
public struct AssemblyAI: Sendable {
  private let connection: ProviderConnection

  public init(_ configuration: ClientConfiguration) {
    connection = ProviderConnection(
      provider: "assemblyai", configuration: configuration,
      errors: ErrorTable(rules: Self.rules), authorizationPrefix: "")
  }

  /// Submits the audio and polls to the end; a job that fails by a server error is resubmitted.
  public func transcribe(audioURL: String) async throws -> Transcript {
    do {
      let operation = connection.operation("transcribe", isBillable: true)
      return try await connection.retrier(connection.configuration.policy).run(operation) {
        try await runJob(audioURL: audioURL, in: $0)
      }
    } catch var error as OperationError {
      if error.outcome == .attemptsExhausted, error.errorClass == .serverError {
        error.advice = "please contact support@assemblyai.com"
      }
      throw error
    }
  }

  private func runJob(audioURL: String, in attempt: Attempt) async throws -> Transcript {
    let secrets = [audioURL.urlQuery]
    let jobID = try await submit(audioURL: audioURL, for: attempt)
    attempt.note { facts in
      facts.jobID = jobID
      facts.requestSent = .yes
    }
    let job = try await connection.poll(
      jobID, at: "/v2/transcript/", secrets: secrets, for: attempt, read: Self.state)
    let seconds = job.json["audio_duration"]?.number.flatMap { $0 >= 0 ? $0 : nil }
    attempt.note { facts in
      facts.httpStatus = 200
      facts.audioSeconds = seconds
    }
    guard job.state == .completed else {
      var facts = AttemptFacts(httpStatus: 200, layer: .result, type: "error")
      facts.message = job.json["error"]?.string
      throw connection.failure(facts, job.json, secrets)
    }
    return Transcript(
      jobID: jobID, text: job.json["text"]?.string ?? "", audioSeconds: seconds, json: job.bytes)
  }

  private func submit(audioURL: String, for parent: Attempt) async throws -> String {
    let operation = connection.operation("submit", parent: parent, isBillable: true)
    return try await connection.retrier(connection.configuration.requestPolicy).run(operation) {
      let (json, _) = try await connection.send(
        "POST", "/v2/transcript", body: ["audio_url": audioURL], secrets: [audioURL.urlQuery],
        in: $0)
      guard let id = json["id"]?.string, !id.isEmpty else {
        throw ProviderConnection.malformed()
      }
      $0.note { $0.jobID = id }
      return id
    }
  }

  private static func state(_ json: JSONValue) throws -> Job.State {
    switch json["status"]?.string {
    case "completed": .completed
    case "error": .failed
    case .some: .running
    case nil: throw ProviderConnection.malformed()
    }
  }
}

extension AssemblyAI {
  /// What the errors of requests and jobs mean; a client's own rules go first.
  public static let rules = requestRules + jobRules + ErrorTable.standard.rules

  private static let requestRules = [
    ErrorRule(
      layer: .http, statuses: 400...400,
      messagePrefix: "Your current account balance is negative",
      .quotaExhausted, retry: .never, pattern: "negative_balance", quota: "balance"),
    ErrorRule(
      layer: .http, statuses: 400...400,
      messagePrefix: "Transcript lookup error, transcript id not found",
      .notFound, retry: .never, pattern: "transcript_not_found"),
  ]

  private static let jobRules = [
    job(
      "Internal server error. Please retry your request. If the error persists, please contact "
        + "support@assemblyai.com for more information.",
      .serverError, "server_error"),
    job("Internal server error. Please retry your request.", .serverError, "server_error"),
    job("Server error, developers have been alerted", .serverError, "server_error_legacy"),
    job("Download error", .mediaError, "download_error"),
    job("File does not appear to contain audio", .mediaError, "not_audio"),
    job(
      "Transcoding failed. File does not appear to contain audio", .mediaError, "not_audio"),
    job("Audio duration is too short", .mediaError, "audio_too_short"),
    job(
      "language_detection cannot be performed on files with no spoken audio",
      .mediaError, "no_speech"),
    ErrorRule(layer: .result, .other, retry: .never, pattern: "unknown_job_error"),
  ]

  private static func job(
    _ prefix: String, _ errorClass: ErrorClass, _ pattern: String
  ) -> ErrorRule {
    ErrorRule(
      layer: .result, messagePrefix: prefix, errorClass,
      retry: errorClass == .serverError ? .always : .never, pattern: pattern)
  }
}

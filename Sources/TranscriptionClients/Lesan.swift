import AttemptLog
import Retry

/// Lesan's transcription.
///
/// What fails is thrown as `OperationError`, whose `advice` says what the guide says.
public struct Lesan: Sendable {
  /// Where a transcription is asked for.
  public enum Route: String, Sendable {
    /// As the guide on errors has it.
    case guide = "/transcribe"
    case v1 = "/v1/transcriptions"
  }

  /// Who waits for the text.
  public enum Mode: String, Sendable {
    /// The request is answered when the job has ended, after up to 300 s.
    case sync
    /// The request is answered at once, and the job is polled.
    case async
  }

  public static let baseURL = "https://asr.lesan.ai"
  /// As the log names it.
  static let provider = "lesan"

  private let connection: ProviderConnection
  private let route: Route

  public init(_ configuration: ClientConfiguration, route: Route = .guide) {
    connection = ProviderConnection(
      provider: Self.provider, configuration: configuration,
      errors: ErrorTable(rules: Self.rules), authorizationPrefix: "Bearer ",
      jobs: JobRoute(path: "/v1/transcriptions/", state: Self.state))
    self.route = route
  }

  /// Waits for the text; a job that goes on behind the answer is polled, never submitted again.
  ///
  /// `language` is `am`, `ti`, `so` or `en`.
  public func transcribe(
    audioURL: String, language: String, mode: Mode = .sync
  ) async throws -> Transcript {
    let fields: [String: JSONValue] = [
      "audio_url": .string(audioURL), "language": .string(language),
      "mode": .string(mode.rawValue),
    ]
    return try await connection.advised {
      let operation = connection.operation("transcribe", isBillable: true)
      return try await connection.run(operation, connection.configuration.policy) {
        try await runJob(fields, audioURL.querySecrets, in: $0)
      }
    }
  }

  /// Asks once how a job stands.
  public func poll(_ jobID: String) async throws -> JobProgress {
    try await connection.progress(ofJob: jobID)
  }

  /// Polls a job to its end, such as one that an earlier `transcribe` had to leave.
  public func wait(forJob jobID: String) async throws -> Transcript {
    try await connection.wait(forJob: jobID)
  }

  /// Asks for the limits and what is used of them.
  public func usage() async throws -> Usage {
    try await connection.advised {
      let operation = connection.operation("usage")
      return try await connection.run(operation, connection.configuration.requestPolicy) {
        let (json, bytes) = try await connection.send("GET", "/v1/usage", in: $0)
        guard case .object = json else { throw ProviderConnection.malformed() }
        return Usage(json, bytes)
      }
    }
  }

  private func runJob(
    _ fields: [String: JSONValue], _ secrets: [String], in attempt: Attempt
  ) async throws -> Transcript {
    attempt.hide(secrets)
    var job = try await submit(fields, in: attempt)
    let jobID = Self.jobID(job.json)
    attempt.note { $0.jobID = jobID }
    if job.state == .running {
      guard let jobID else { throw ProviderConnection.malformed() }
      job = try await connection.pollToEnd(jobID, secrets: secrets, for: attempt)
    }
    return try connection.transcript(of: job, jobID, for: attempt)
  }

  /// A 408 that names its job is no failure: the job goes on.
  private func submit(_ fields: [String: JSONValue], in attempt: Attempt) async throws -> Job {
    do {
      let (json, bytes) = try await connection.send(
        "POST", route.rawValue, body: .json(fields), in: attempt)
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
  /// The limits of an account; one that Lesan does not tell is nil.
  public struct Usage: Equatable, Sendable {
    public struct Limit: Equatable, Sendable {
      public var limit: Double?
      public var used: Double?
      public var remaining: Double?
    }

    public var requestsPerMinute: Limit?
    public var concurrentJobs: Limit?
    public var audioMinutesPerDay: Limit?
    /// The whole answer, as JSON.
    public var json: [UInt8]

    fileprivate init(_ value: JSONValue, _ bytes: [UInt8]) {
      func limit(_ name: String) -> Limit? {
        guard let entry = value[name], case .object = entry else { return nil }
        return Limit(
          limit: entry["limit"]?.number, used: entry["used"]?.number,
          remaining: entry["remaining"]?.number)
      }
      requestsPerMinute = limit("requests_per_minute")
      concurrentJobs = limit("concurrent_jobs")
      audioMinutesPerDay = limit("audio_minutes_per_day")
      json = bytes
    }
  }
}

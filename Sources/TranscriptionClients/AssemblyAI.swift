import AttemptLog
import Retry

/// AssemblyAI's pre-recorded transcription (`/v2`).
///
/// In the log a `transcribe` attempt is one job, from its submission to its end, so that its
/// latency is the job's turnaround; the requests below it are `upload`, `submit` and `poll`
/// operations. What fails is thrown as `OperationError`, whose `advice` says what the guide says.
public struct AssemblyAI: Sendable {
  public static let baseURL = "https://api.assemblyai.com"
  /// Keeps data and processing in the European Union; the keys are the same.
  public static let baseURLInEurope = "https://api.eu.assemblyai.com"
  /// A file is uploaded from memory.
  public static let uploadBytesMax = 1 << 30
  /// As the log names it.
  static let provider = "assemblyai"

  private let connection: ProviderConnection

  public init(_ configuration: ClientConfiguration) {
    connection = ProviderConnection(
      provider: Self.provider, configuration: configuration,
      errors: ErrorTable(rules: Self.rules), authorizationPrefix: "",
      jobs: JobRoute(path: "/v2/transcript/", state: Self.state))
  }

  /// Submits the audio and polls to the end; a job that fails by a server error is resubmitted.
  public func transcribe(
    audioURL: String, options: Options = Options()
  ) async throws -> Transcript {
    try await transcribe(Locked(.url(audioURL)), options)
  }

  /// Uploads the file and transcribes it; a resubmission takes the same upload.
  ///
  /// Throws `AudioFileError` before anything is sent or logged if the file cannot be read.
  public func transcribe(file path: String, options: Options = Options()) async throws -> Transcript
  {
    let bytes = try AudioFile.bytes(of: path, max: Self.uploadBytesMax)
    return try await transcribe(Locked(.bytes(bytes)), options)
  }

  /// Uploads audio; the URL that comes back can be submitted for hours.
  public func upload(_ bytes: [UInt8]) async throws -> String {
    try await connection.advised { try await upload(bytes, for: nil) }
  }

  /// Throws `AudioFileError` if the file cannot be read.
  public func upload(file path: String) async throws -> String {
    try await upload(AudioFile.bytes(of: path, max: Self.uploadBytesMax))
  }

  /// Begins a job and gives back its id.
  public func submit(audioURL: String, options: Options = Options()) async throws -> String {
    try await connection.advised {
      try await submit(Submission(audioURL: audioURL, options: options), for: nil)
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
}

extension AssemblyAI {
  /// Fields of the submission beside the audio.
  public struct Options: Equatable, Sendable {
    /// Such as `en_us`; AssemblyAI has a default.
    public var languageCode: String?
    /// Whether to tell who speaks.
    public var speakerLabels: Bool?
    /// Called by AssemblyAI when the job has ended.
    public var webhookURL: String?
    /// Any further fields, by name; the fields above stand before them.
    public var furtherFields: [String: JSONValue]

    public init(
      languageCode: String? = nil, speakerLabels: Bool? = nil, webhookURL: String? = nil,
      furtherFields: [String: JSONValue] = [:]
    ) {
      self.languageCode = languageCode
      self.speakerLabels = speakerLabels
      self.webhookURL = webhookURL
      self.furtherFields = furtherFields
    }
  }
}

// MARK: - Requests

extension AssemblyAI {
  /// What a job is asked with.
  private struct Submission {
    let audioURL: String
    let options: Options

    var fields: [String: JSONValue] {
      var fields = options.furtherFields
      fields["audio_url"] = .string(audioURL)
      options.languageCode.map { fields["language_code"] = .string($0) }
      options.speakerLabels.map { fields["speaker_labels"] = .bool($0) }
      options.webhookURL.map { fields["webhook_url"] = .string($0) }
      return fields
    }

    /// What no log may hold: signatures of URLs, and the header that a webhook is called with.
    var secrets: [String] {
      let fields = fields
      let urls = ["audio_url", "webhook_url"].flatMap { fields[$0]?.string?.querySecrets ?? [] }
      return urls + [fields["webhook_auth_header_value"]?.string].compactMap { $0 }
    }
  }

  private enum Source: Sendable {
    case url(String)
    case bytes([UInt8])
  }

  private func transcribe(
    _ source: Locked<Source>, _ options: Options
  ) async throws -> Transcript {
    try await connection.advised {
      let operation = connection.operation("transcribe", isBillable: true)
      return try await connection.run(operation, connection.configuration.policy) {
        let audioURL = try await url(of: source, for: $0)
        return try await runJob(Submission(audioURL: audioURL, options: options), in: $0)
      }
    }
  }

  /// Uploads what is not uploaded yet: the next attempt finds the URL.
  private func url(of source: Locked<Source>, for attempt: Attempt) async throws -> String {
    switch source.withLock({ $0 }) {
    case .url(let url): return url
    case .bytes(let bytes):
      do {
        let url = try await upload(bytes, for: attempt)
        source.withLock { $0 = .url(url) }
        return url
      } catch var error as OperationError {
        // The upload may have arrived, but the job, which is billed, was never asked for.
        error.facts.requestSent = .no
        throw error
      }
    }
  }

  private func runJob(_ submission: Submission, in attempt: Attempt) async throws -> Transcript {
    attempt.hide(submission.secrets)
    let jobID = try await submit(submission, for: attempt)
    attempt.note {
      $0.jobID = jobID
      $0.requestSent = .yes
    }
    let job = try await connection.pollToEnd(jobID, secrets: submission.secrets, for: attempt)
    return try connection.transcript(of: job, jobID, for: attempt)
  }

  private func upload(_ bytes: [UInt8], for parent: Attempt?) async throws -> String {
    var policy = connection.configuration.requestPolicy
    // A second upload costs nothing.
    policy.allowsDuplicates = true
    let operation = connection.operation("upload", parent: parent)
    let rule = ErrorRule(status: 422, .serverError, retry: .always)
    return try await connection.run(operation, policy, rules: [rule]) {
      let (json, _) = try await connection.send("POST", "/v2/upload", body: .bytes(bytes), in: $0)
      guard let url = json["upload_url"]?.string, !url.isEmpty else {
        throw ProviderConnection.malformed()
      }
      return url
    }
  }

  private func submit(_ submission: Submission, for parent: Attempt?) async throws -> String {
    let operation = connection.operation("submit", parent: parent, isBillable: true)
    return try await connection.run(operation, connection.configuration.requestPolicy) {
      $0.hide(submission.secrets)
      let (json, _) = try await connection.send(
        "POST", "/v2/transcript", body: .json(submission.fields), in: $0)
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

import AttemptLog

/// A transcription from its submission on; where it stands follows from the time alone.
struct Job: Sendable {
  enum Status: String, Sendable {
    case queued, processing, completed
    /// A failed job of AssemblyAI.
    case error
    /// A failed job of Lesan.
    case failed
  }

  let id: String
  let audioURL: String
  let language: String?
  let submitted: Timestamp
  private(set) var starts: Timestamp
  private(set) var ends: Timestamp
  let audioSeconds: Double
  let failure: JobFailure?
  /// With what a job of Lesan fails.
  var errorCode: String?

  func status(at now: Timestamp) -> Status {
    if now < starts { return .queued }
    if now < ends { return .processing }
    if failure != nil { return .error }
    return errorCode == nil ? .completed : .failed
  }

  mutating func stall(_ stall: JobStall?) {
    guard let stall else { return }
    ends = .latest
    if stall == .staysQueued { starts = .latest }
  }
}

/// The latest jobs by id.
struct JobBook: Sendable {
  /// Beyond it the older half is forgotten.
  static let jobsMax = 100_000

  private var jobs: [String: Job] = [:]
  private var order: [String] = []

  subscript(id: String) -> Job? { jobs[id] }

  mutating func add(_ job: Job) {
    if order.count >= Self.jobsMax {
      for id in order.prefix(Self.jobsMax / 2) { jobs[id] = nil }
      order.removeFirst(Self.jobsMax / 2)
    }
    jobs[job.id] = job
    order.append(job.id)
  }
}

/// How a job of AssemblyAI ends in `error`; the raw value is the name in `--fault`.
public enum JobFailure: String, CaseIterable, Sendable {
  case serverError = "server_error"
  case serverErrorLegacy = "server_error_legacy"
  case downloadError = "download_error"
  case notAudio = "not_audio"
  case audioTooShort = "audio_too_short"
  case noSpeech = "no_speech"
  case unknown = "unknown_job_error"

  /// The text of the guide where it gives one.
  func text(audioURL: String) -> String {
    switch self {
    case .serverError:
      "Internal server error. Please retry your request. If the error persists, please contact"
        + " support@assemblyai.com for more information."
    case .serverErrorLegacy: "Server error, developers have been alerted."
    case .downloadError:
      "Download error, unable to download \(audioURL)."
        + " Please make sure the file exists and is accessible from the internet."
    case .notAudio:
      "Transcoding failed. File does not appear to contain audio. File type is text/html."
    case .audioTooShort: "Audio duration is too short."
    case .noSpeech: "language_detection cannot be performed on files with no spoken audio."
    case .unknown: "The transcription could not be made."
    }
  }
}

import AttemptLog
import HTTPServer

/// Lesan's transcription API, with its limits.
struct LesanAPI: Sendable {
  private let configuration: ProviderSimulator.Configuration
  private var requests: RequestWindow
  private var jobs = JobBook()
  /// When each job that may still be running ends.
  private var runningEnds: [Timestamp] = []
  /// The day of `audioMinutes`, counted from 1970-01-01.
  private var day: Int64 = .min
  private var audioMinutes = 0.0

  init(_ configuration: ProviderSimulator.Configuration) {
    self.configuration = configuration
    requests = RequestWindow(
      requestsMax: configuration.lesan.requestsPerMinute, lengthSeconds: 60)
  }

  private static let transcriptions = "/v1/transcriptions/"
  /// A synchronous call is answered 408 then, while its job goes on.
  private static let syncLimit = Duration.seconds(300)
  private static let texts = [
    "am": "ሰላም ለዓለም", "ti": "ሰላም ንዓለም", "so": "Salaan adduunka", "en": "Hello, world",
  ]

  static func kind(_ method: String, _ path: String) -> SimulatedRequest? {
    switch (method, path) {
    case ("POST", "/transcribe"), ("POST", "/v1/transcriptions"): .submit
    case ("GET", "/v1/usage"): .usage
    case ("GET", _) where path.hasPrefix(transcriptions): .poll
    default: nil
    }
  }

  mutating func answer(
    _ visit: Visit, fault: HTTPResponse?, _ draws: inout SeededGenerator,
    _ counts: inout SimulatorCounts
  ) -> HTTPResponse {
    advance(to: visit.now)
    var response = fault ?? respond(visit, &draws, &counts)
    let isRateLimited = fault?.status == 429
    let remaining = isRateLimited ? 0 : requests.remaining(at: visit.now)
    response.headers.append("X-RateLimit-Limit", String(requests.requestsMax))
    response.headers.append("X-RateLimit-Remaining", String(remaining))
    response.headers.append("X-RateLimit-Reset", String(requests.resetSeconds(at: visit.now)))
    return response
  }

  private mutating func advance(to now: Timestamp) {
    runningEnds.removeAll { $0 <= now }
    let today = now.microseconds / Timestamp.microsecondsPerDay
    guard today != day else { return }
    day = today
    audioMinutes = 0
  }

  private mutating func respond(
    _ visit: Visit, _ draws: inout SeededGenerator, _ counts: inout SimulatorCounts
  ) -> HTTPResponse {
    guard let authorization = visit.request.headers["Authorization"] else {
      return ErrorCatalogue.lesan(401, "missing_api_key")
    }
    guard authorization.hasPrefix("Bearer "), authorization.count > "Bearer ".count else {
      return ErrorCatalogue.lesan(401, "invalid_api_key")
    }
    guard requests.admit(at: visit.now) else {
      return ErrorCatalogue.lesan(
        429, "rate_limit_exceeded",
        retryAfter: RetryAfter(seconds: Int(requests.secondsToReset(at: visit.now))))
    }
    switch visit.kind {
    case .submit: return submit(visit, &draws, &counts)
    case .poll: return poll(visit)
    case .usage: return usage(visit.now)
    case .upload, nil: return ErrorCatalogue.lesan(404, "resource_not_found")
    }
  }

  private func poll(_ visit: Visit) -> HTTPResponse {
    let id = String(visit.path.dropFirst(Self.transcriptions.count))
    guard let job = jobs[id] else {
      return ErrorCatalogue.lesan(404, "job_not_found", message: "Job '\(id)' was not found.")
    }
    return Self.show(job, at: visit.now)
  }

  // MARK: - Submission

  private enum Mode: String, CaseIterable {
    case sync, async
  }

  private mutating func submit(
    _ visit: Visit, _ draws: inout SeededGenerator, _ counts: inout SimulatorCounts
  ) -> HTTPResponse {
    guard let fields = JSONFields(visit.request.body) else {
      return ErrorCatalogue.lesan(400, "invalid_json")
    }
    for name in ["audio_url", "language"] where !fields.names.contains(name) {
      return ErrorCatalogue.lesan(
        400, "missing_required_field", message: "The '\(name)' field is required.", parameter: name)
    }
    guard let audioURL = fields.strings["audio_url"], !audioURL.isEmpty else {
      return ErrorCatalogue.lesan(400, "invalid_field_value", parameter: "audio_url")
    }
    let language = fields.strings["language"] ?? ""
    guard Self.texts[language] != nil else {
      return Self.unsupported("language", language, ["am", "ti", "so", "en"])
    }
    let modeName = fields.names.contains("mode") ? fields.strings["mode"] ?? "" : "sync"
    guard let mode = Mode(rawValue: modeName) else {
      return Self.unsupported("mode", modeName, Mode.allCases.map(\.rawValue))
    }
    if let refusal = limitRefusal(at: visit.now) { return refusal }
    let job = makeJob(audioURL: audioURL, language: language, visit, &draws)
    counts.countJob(.lesan, nil)
    guard mode == .sync, visit.sync != .queued else { return Self.show(job, at: visit.now) }
    let rest = Duration.microseconds(job.ends.microseconds - visit.now.microseconds)
    if visit.sync == .timeout || rest > Self.syncLimit {
      return Self.timeout(job, visit)
    }
    var response = Self.show(job, at: job.ends)
    response.delay = rest
    return response
  }

  /// At the limit, or as soon as a fault says.
  private static func timeout(_ job: Job, _ visit: Visit) -> HTTPResponse {
    let wait = visit.sync == .timeout ? .zero : syncLimit
    let status = job.status(at: visit.now.advanced(by: wait))
    var response = ErrorCatalogue.lesanTimeout(jobID: job.id, status: status.rawValue)
    response.delay = wait
    return response
  }

  private static func unsupported(
    _ name: String, _ value: String, _ known: [String]
  ) -> HTTPResponse {
    ErrorCatalogue.lesan(
      400, "invalid_field_value",
      message: "Unsupported \(name) '\(value)'. Supported: \(known.joined(separator: ", ")).",
      parameter: name)
  }

  private func limitRefusal(at now: Timestamp) -> HTTPResponse? {
    if audioMinutes >= configuration.lesan.audioMinutesPerDay {
      let midnight = (day + 1) * Timestamp.microsecondsPerDay
      let left = midnight - now.microseconds
      let seconds = (left + Timestamp.microsecondsPerSecond - 1) / Timestamp.microsecondsPerSecond
      return ErrorCatalogue.lesan(
        429, "daily_quota_exceeded", retryAfter: RetryAfter(seconds: Int(seconds)))
    }
    guard runningEnds.count < configuration.lesan.concurrentJobs else {
      return ErrorCatalogue.lesan(429, "concurrent_limit_exceeded")
    }
    return nil
  }

  private mutating func makeJob(
    audioURL: String, language: String, _ visit: Visit, _ draws: inout SeededGenerator
  ) -> Job {
    let starts = visit.now.advanced(by: draws.duration(in: configuration.queueing))
    let seconds = draws.duration(in: configuration.audioDuration) / .seconds(1)
    var job = Job(
      id: "job_" + draws.hexDigits(12), audioURL: audioURL, language: language,
      submitted: visit.now,
      starts: starts, ends: starts.advanced(by: draws.duration(in: configuration.processing)),
      audioSeconds: (seconds * 10).rounded() / 10, failure: nil)
    job.errorCode = visit.job.lesanCode
    job.stall(visit.job.stall)
    jobs.add(job)
    runningEnds.append(job.ends)
    audioMinutes += job.audioSeconds / 60
    return job
  }

  // MARK: - Answers

  private static func show(_ job: Job, at now: Timestamp) -> HTTPResponse {
    let status = job.status(at: now)
    let isCompleted = status == .completed
    let seconds = JSON(isCompleted ? job.audioSeconds : nil)
    return ErrorCatalogue.json(
      200,
      .object([
        ("id", .text(job.id)), ("object", .text("transcription")),
        ("status", .text(status.rawValue)), ("language", JSON(job.language)),
        ("text", JSON(isCompleted ? job.language.flatMap { texts[$0] } : nil)),
        // Guides of different age name it differently.
        ("audio_duration", seconds), ("duration_seconds", seconds),
        (
          "error",
          status == .failed ? job.errorCode.map(ErrorCatalogue.lesanJobError) ?? .null : .null
        ),
        ("audio_url", .text(job.audioURL)),
        ("created_at", .text(job.submitted.rfc3339())),
        ("completed_at", JSON(isCompleted || status == .failed ? job.ends.rfc3339() : nil)),
        ("url", .text(transcriptions + job.id)),
      ]))
  }

  private func usage(_ now: Timestamp) -> HTTPResponse {
    func entry(_ limit: Double, _ used: Double) -> JSON {
      .object([
        ("limit", .number(limit)), ("used", .number(used)),
        ("remaining", .number(max(0, limit - used))),
      ])
    }
    let limits = configuration.lesan
    let requestsUsed = requests.requestsMax - requests.remaining(at: now)
    return ErrorCatalogue.json(
      200,
      .object([
        ("requests_per_minute", entry(Double(requests.requestsMax), Double(requestsUsed))),
        ("concurrent_jobs", entry(Double(limits.concurrentJobs), Double(runningEnds.count))),
        (
          "audio_minutes_per_day",
          entry(limits.audioMinutesPerDay, (audioMinutes * 100).rounded() / 100)
        ),
      ]))
  }
}

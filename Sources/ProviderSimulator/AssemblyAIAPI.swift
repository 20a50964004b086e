import AttemptLog
import HTTPServer

/// AssemblyAI's pre-recorded API, `/v2`.
struct AssemblyAIAPI: Sendable {
  private let configuration: ProviderSimulator.Configuration
  private var window: RequestWindow
  private var jobs = JobBook()

  init(_ configuration: ProviderSimulator.Configuration) {
    self.configuration = configuration
    window = RequestWindow(
      requestsMax: configuration.assemblyAI.requestsPer5Minutes, lengthSeconds: 300)
  }

  private static let transcripts = "/v2/transcript/"
  private static let text = "Smoke from hundreds of wildfires in Canada."

  static func kind(_ method: String, _ path: String) -> SimulatedRequest? {
    switch (method, path) {
    case ("POST", "/v2/upload"): .upload
    case ("POST", "/v2/transcript"): .submit
    // What lies below a transcript (sentences, subtitles) is not simulated.
    case ("GET", _)
    where path.hasPrefix(transcripts) && path.utf8.count { $0 == UInt8(ascii: "/") } == 3:
      .poll
    default: nil
    }
  }

  mutating func answer(
    _ visit: Visit, fault: HTTPResponse?, _ draws: inout SeededGenerator,
    _ counts: inout SimulatorCounts
  ) -> HTTPResponse {
    if let fault { return fault }
    // The key stands alone in the field, with no scheme before it.
    guard let key = visit.request.headers["Authorization"], !key.isEmpty, !key.contains(" ") else {
      return ErrorCatalogue.assemblyAI(401, at: visit.now)
    }
    guard window.admit(at: visit.now) else {
      return ErrorCatalogue.assemblyAI(
        429, retryAfter: RetryAfter(seconds: Int(window.secondsToReset(at: visit.now))),
        at: visit.now)
    }
    switch visit.kind {
    case .upload: return upload(visit, &draws)
    case .submit: return submit(visit, &draws, &counts)
    case .poll: return poll(visit)
    case .usage, nil: return ErrorCatalogue.assemblyAI(404, error: "Not found")
    }
  }

  private func upload(_ visit: Visit, _ draws: inout SeededGenerator) -> HTTPResponse {
    guard !visit.request.body.isEmpty else {
      return ErrorCatalogue.assemblyAI(400, error: "Request body is empty")
    }
    let url = "https://cdn.assemblyai.com/upload/" + Self.identifier(&draws)
    return ErrorCatalogue.json(200, .object([("upload_url", .text(url))]))
  }

  private mutating func submit(
    _ visit: Visit, _ draws: inout SeededGenerator, _ counts: inout SimulatorCounts
  ) -> HTTPResponse {
    guard let fields = JSONFields(visit.request.body) else {
      return ErrorCatalogue.assemblyAI(400, error: "Invalid JSON in request body")
    }
    guard let audioURL = fields.strings["audio_url"] else {
      return ErrorCatalogue.assemblyAI(400, error: "Missing required parameter: audio_url")
    }
    let starts = visit.now.advanced(by: draws.duration(in: configuration.queueing))
    var job = Job(
      id: Self.identifier(&draws), audioURL: audioURL, language: fields.strings["language_code"],
      submitted: visit.now, starts: starts,
      ends: starts.advanced(by: draws.duration(in: configuration.processing)),
      audioSeconds: (draws.duration(in: configuration.audioDuration) / .seconds(1)).rounded(),
      failure: visit.job.failure)
    job.stall(visit.job.stall)
    jobs.add(job)
    counts.countJob(.assemblyAI, job.failure)
    return Self.show(job, at: visit.now)
  }

  private func poll(_ visit: Visit) -> HTTPResponse {
    guard let job = jobs[String(visit.path.dropFirst(Self.transcripts.count))] else {
      return ErrorCatalogue.assemblyAI(
        400, code: "not_found", at: visit.now)
    }
    return Self.show(job, at: visit.now)
  }

  private static func show(_ job: Job, at now: Timestamp) -> HTTPResponse {
    let status = job.status(at: now)
    let isCompleted = status == .completed
    var members: [(name: String, value: JSON)] = [
      ("id", .text(job.id)), ("status", .text(status.rawValue)),
      ("audio_url", .text(job.audioURL)), ("language_code", JSON(job.language ?? "en_us")),
      ("punctuate", .bool(true)), ("format_text", .bool(true)),
      ("text", JSON(isCompleted ? Self.text : nil)), ("words", isCompleted ? words : .null),
      ("utterances", .null), ("confidence", JSON(isCompleted ? 0.96 : nil)),
      ("audio_duration", JSON(isCompleted ? job.audioSeconds : nil)),
    ]
    if status == .error, let failure = job.failure {
      members.append(("error", .text(failure.text(audioURL: job.audioURL))))
    }
    return ErrorCatalogue.json(200, .object(members))
  }

  /// The text word by word, with times in milliseconds.
  private static let words = JSON.array(
    text.split(separator: " ").enumerated().map { index, word in
      .object([
        ("text", .text(String(word))), ("start", .number(Double(250 + index * 400))),
        ("end", .number(Double(600 + index * 400))), ("confidence", .number(0.96)),
        ("speaker", .null),
      ])
    })

  /// In the form of a UUID.
  private static func identifier(_ draws: inout SeededGenerator) -> String {
    [8, 4, 4, 4, 12].map { draws.hexDigits($0) }.joined(separator: "-")
  }
}

import AttemptLog
public import Retry

/// A job that runs at the provider.
struct Job: Sendable {
  enum State: Sendable {
    case running, completed, failed
  }

  var state: State
  var json: JSONValue
  var bytes: [UInt8]
}

/// Where a provider's jobs are asked for, and how their answers are read.
struct JobRoute: Sendable {
  /// What stands before the job's id.
  let path: String
  let state: @Sendable (JSONValue) throws -> Job.State
}

/// A job was not done within `ClientConfiguration.pollLimit`.
///
/// It may go on, and is neither submitted nor polled again; `wait(forJob:)` takes it up. Found in
/// `OperationError.underlying`.
public struct PollLimitReached: AttemptError, Equatable {
  public let jobID: String
  public let limit: Duration

  public var attemptFacts: AttemptFacts {
    AttemptFacts(
      layer: .client, type: "PollLimitReached", verdict: ErrorVerdict(.timeout, retry: .never))
  }
}

extension ProviderConnection {
  /// Polls until the job is done; every poll is a `poll` operation below `attempt`.
  ///
  /// An error while polling is met by polling again, after the usual interval or whatever the
  /// server asked for, until an error is final or the time is up. Nothing is submitted again.
  func pollToEnd(
    _ jobID: String, secrets: [String], for attempt: Attempt
  ) async throws -> Job {
    attempt.note { $0.leavesWork = true }
    let clock = configuration.clock
    let start = clock.now()
    var wait = configuration.pollInterval
    var lastError: OperationError?
    while clock.now() - start + wait <= configuration.pollLimit {
      try await clock.sleep(wait)
      do {
        let left = configuration.pollLimit - (clock.now() - start)
        let job = try await poll(
          jobID, secrets: secrets, parent: attempt, within: min(left, Self.pollTimeout))
        if job.state != .running {
          // Not what the submission was answered with: that may have been a 408.
          attempt.note { $0.httpStatus = 200 }
          return job
        }
        lastError = nil
        wait = configuration.pollInterval
      } catch var error as OperationError {
        // Whether this poll was sent says nothing of the job, which was.
        error.facts.requestSent = nil
        if error.outcome == .notRetryable { throw error }
        lastError = error
        wait = max(configuration.pollInterval, error.facts.retryAfter ?? .zero)
      }
    }
    throw lastError
      ?? PollLimitReached(
        jobID: redaction.withoutKnownSecrets(jobID), limit: configuration.pollLimit)
  }

  /// One look at the job, repeated if it fails.
  ///
  /// - Parameter limit: of each request.
  func poll(
    _ jobID: String, secrets: [String] = [], parent: Attempt? = nil,
    within limit: Duration = pollTimeout
  ) async throws -> Job {
    var policy = configuration.requestPolicy
    policy.allowsDuplicates = true
    // To read again what could not be read costs nothing.
    let rule = ErrorRule(layer: .http, statuses: 200...299, .malformedResponse, retry: .always)
    return try await run(operation("poll", parent: parent), policy, rules: [rule]) { poll in
      poll.hide(secrets)
      poll.note { $0.jobID = jobID }
      let (json, bytes) = try await send(
        "GET", jobs.path + jobID.pathSegment, within: limit, in: poll)
      return Job(state: try jobs.state(json), json: json, bytes: bytes)
    }
  }

  /// A poll is answered at once; one that is not is made again.
  static let pollTimeout = Duration.seconds(120)

  /// The text of a job that has ended; throws if it failed.
  func transcript(of job: Job, _ jobID: String?, for attempt: Attempt) throws -> Transcript {
    let transcript = Transcript(job, jobID)
    attempt.note { $0.audioSeconds = transcript.audioSeconds }
    guard job.state == .completed else {
      throw ProviderFailure(attemptFacts: Self.facts(of: job), json: job.json)
    }
    return transcript
  }

  /// What the body of a 200 says of its failed job.
  fileprivate static func facts(of job: Job) -> AttemptFacts {
    var facts = AttemptFacts(httpStatus: 200, layer: .result)
    facts.readError(in: job.json)
    facts.type = job.json["status"]?.string
    return facts
  }
}

// MARK: - Jobs that the caller knows by their ids

/// How a job stands.
public enum JobProgress: Equatable, Sendable {
  /// The provider's own word, such as `queued`.
  case running(status: String)
  case completed(Transcript)
  case failed(JobFailure)
}

/// What the provider says of a job that failed.
public struct JobFailure: Equatable, Sendable {
  /// Tells whether the same job may be submitted again.
  public var verdict: ErrorVerdict
  /// The provider's code, or the name of the pattern that its text matched.
  public var code: String?
  public var message: String?
}

extension ProviderConnection {
  /// One look, as a `poll` operation of its own.
  func progress(ofJob jobID: String) async throws -> JobProgress {
    let job = try await advised { try await poll(jobID) }
    switch job.state {
    case .running: return .running(status: job.json["status"]?.string ?? "")
    case .completed: return .completed(Transcript(job, jobID))
    case .failed:
      var facts = Self.facts(of: job)
      let verdict = (configuration.rules + errors).classify(&facts)
      // The poll itself succeeded: no retrier has seen the job's error.
      facts.redact(with: redaction)
      return .failed(JobFailure(verdict: verdict, code: facts.code, message: facts.message))
    }
  }

  /// Polls to the end, as a `wait` operation of one attempt.
  func wait(forJob jobID: String) async throws -> Transcript {
    try await advised {
      var policy = configuration.policy
      policy.maxAttempts = 1
      return try await run(operation("wait"), policy) { attempt in
        attempt.note { $0.jobID = jobID }
        let job = try await pollToEnd(jobID, secrets: [], for: attempt)
        return try transcript(of: job, jobID, for: attempt)
      }
    }
  }
}

extension Transcript {
  /// Guides of different age name the length differently.
  fileprivate init(_ job: Job, _ jobID: String?) {
    let seconds = (job.json["duration_seconds"] ?? job.json["audio_duration"])?.number
    self.init(
      jobID: jobID, text: job.json["text"]?.string ?? "",
      audioSeconds: seconds.flatMap { $0 >= 0 ? $0 : nil }, json: job.bytes)
  }
}

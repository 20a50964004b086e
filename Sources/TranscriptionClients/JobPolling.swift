import AttemptLog
import Retry

/// A job that runs at the provider.
struct Job: Sendable {
  enum State: Sendable {
    case running, completed, failed
  }

  var state: State
  var json: JSONValue
  var bytes: [UInt8]
}

extension ProviderConnection {
  /// Polls until the job is done; every poll is a `poll` operation below `attempt`.
  ///
  /// An error while polling is met by polling again, after the usual interval or whatever the
  /// server asked for, until an error is final or the time is up. Nothing is submitted again.
  func poll(
    _ jobID: String, at path: String, secrets: [String], for attempt: Attempt,
    read: @escaping @Sendable (JSONValue) throws -> Job.State
  ) async throws -> Job {
    var policy = configuration.requestPolicy
    policy.allowsDuplicates = true
    // To read again what could not be read costs nothing.
    let retrier = retrier(
      policy,
      rules: [ErrorRule(layer: .http, statuses: 200...299, .malformedResponse, retry: .always)])
    let clock = configuration.clock
    let start = clock.now()
    var wait = configuration.pollInterval
    var lastError: OperationError?
    while clock.now() - start + wait <= configuration.pollLimit {
      try await clock.sleep(wait)
      do {
        let job = try await retrier.run(operation("poll", parent: attempt)) { poll in
          poll.note { $0.jobID = jobID }
          let (json, bytes) = try await send(
            "GET", path + jobID.pathSegment, secrets: secrets, in: poll)
          return Job(state: try read(json), json: json, bytes: bytes)
        }
        if job.state != .running { return job }
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
    throw lastError ?? Self.pollLimitReached
  }

  /// The job may go on: it is neither submitted nor polled again.
  private static var pollLimitReached: any Error {
    ProviderFailure(
      attemptFacts: AttemptFacts(
        layer: .client, type: "PollLimitReached",
        verdict: ErrorVerdict(.timeout, retry: .never)))
  }
}

import AttemptLog

/// What the log must tell of one operation, and the only place that builds its records.
struct OperationJournal {
  let identity: OperationIdentity
  let maxAttempts: Int
  let record: @Sendable (Event) -> Void
  /// Attempts begun.
  private(set) var attempts = 0
  private var slept = Duration.zero
  /// The sleep and the error before the attempt in hand; nil before the first.
  private var retry: (slept: Duration, source: DelaySource, reason: ErrorClass)?
  /// The facts of the last attempt.
  private(set) var last = AttemptFacts()

  init(identity: OperationIdentity, maxAttempts: Int, record: @escaping @Sendable (Event) -> Void) {
    self.identity = identity
    self.maxAttempts = maxAttempts
    self.record = record
  }

  mutating func beginAttempt(announced: Bool) {
    attempts += 1
    guard announced else { return }
    record(.attemptStart(AttemptStart(identity: identity, attempt: Int64(attempts))))
  }

  /// Without facts if the attempt noted none.
  mutating func succeeded(_ facts: AttemptFacts?, latency: Duration) {
    var line = attemptRecord(.success, latency)
    if let facts {
      Self.tell(facts, in: &line)
      line.error.httpStatus = facts.httpStatus.map { Int64($0) }
      remember(facts)
    }
    record(.attempt(line))
  }

  mutating func failed(_ facts: AttemptFacts, latency: Duration, step: RetryPolicy.Step) {
    var line = attemptRecord(.failure, latency)
    Self.tell(facts, in: &line)
    line.error = ErrorFacts(
      httpStatus: facts.httpStatus.map { Int64($0) }, layer: facts.layer,
      errorClass: facts.verdict?.errorClass, type: facts.type, code: facts.code,
      parameter: facts.parameter, message: facts.message)
    if case .retry(let delay, let source) = step {
      line.decision = .retry
      line.backoffMilliseconds = delay.loggedMilliseconds
      line.backoffSource = source
    }
    remember(facts)
    record(.attempt(line))
  }

  /// A sleep has ended; one that was cancelled belongs to no attempt, but to the operation.
  mutating func slept(_ measured: Duration, source: DelaySource) {
    let measured = max(measured, .zero)
    slept += measured
    retry = (measured, source, last.verdict?.errorClass ?? .other)
  }

  func ended(_ outcome: OperationOutcome, duration: Duration) {
    var line = OperationRecord(
      identity: identity, outcome: outcome, retried: attempts > 1, attempts: Int64(attempts),
      durationMilliseconds: duration.loggedMilliseconds,
      sleptMilliseconds: slept.loggedMilliseconds)
    if outcome != .success, let verdict = last.verdict {
      line.httpStatus = last.httpStatus.map { Int64($0) }
      line.errorClass = verdict.errorClass
      line.errorType = last.type
      line.errorCode = last.code
    }
    line.jobID = last.jobID
    line.audioSeconds = last.audioSeconds
    line.traceID = last.traceID
    record(.operation(line))
  }

  private func attemptRecord(_ outcome: AttemptOutcome, _ latency: Duration) -> AttemptRecord {
    var line = AttemptRecord(
      identity: identity, attempt: Int64(attempts), maxAttempts: Int64(maxAttempts),
      outcome: outcome, latencyMilliseconds: latency.loggedMilliseconds, decision: .stop)
    if let retry {
      line.sleptMilliseconds = retry.slept.loggedMilliseconds
      line.sleptSource = retry.source
      line.retryReason = retry.reason
    }
    return line
  }

  private static func tell(_ facts: AttemptFacts, in line: inout AttemptRecord) {
    if let delay = facts.retryAfter, delay >= .zero {
      line.retryAfterMilliseconds = delay.loggedMilliseconds
      line.retryAfterSource = facts.retryAfterSource ?? .header
    }
    line.requestSent = facts.requestSent
    line.quota = facts.quota
    line.requestID = facts.requestID
    line.jobID = facts.jobID
    line.audioSeconds = facts.audioSeconds
    line.traceID = facts.traceID
    line.spanID = facts.spanID
  }

  /// The ids of an earlier attempt stand until a later one brings its own.
  private mutating func remember(_ facts: AttemptFacts) {
    let (jobID, audioSeconds, traceID) = (last.jobID, last.audioSeconds, last.traceID)
    last = facts
    last.jobID = facts.jobID ?? jobID
    last.audioSeconds = facts.audioSeconds ?? audioSeconds
    last.traceID = facts.traceID ?? traceID
  }
}

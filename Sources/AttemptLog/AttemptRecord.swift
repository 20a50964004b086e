/// One attempt, written when it has ended and before any backoff sleep.
///
/// Milliseconds have microsecond precision and are neither negative nor infinite.
public struct AttemptRecord: Equatable, Sendable {
  public var identity: OperationIdentity
  /// From 1.
  public var attempt: Int64
  /// Attempts allowed in all, not retries.
  public var maxAttempts: Int64?
  public var outcome: AttemptOutcome
  /// This attempt alone, by a monotonic clock.
  public var latencyMilliseconds: Double
  /// The measured sleep before this attempt, if it is a retry.
  public var sleptMilliseconds: Double?
  public var sleptSource: DelaySource?
  /// The class of the error that caused this retry.
  public var retryReason: ErrorClass?
  public var error: ErrorFacts
  public var retryAfterMilliseconds: Double?
  public var retryAfterSource: RetryAfterSource?
  public var decision: Decision
  /// The sleep that is planned now, if the decision is to retry.
  public var backoffMilliseconds: Double?
  public var backoffSource: DelaySource?
  public var requestSent: RequestSent?
  public var quota: Quota
  /// The provider's ids, for a support ticket.
  public var requestID: String?
  public var jobID: String?
  /// Length of the audio in seconds: what a retry costs.
  public var audioSeconds: Double?
  /// Lower-case hex.
  public var traceID: String?
  public var spanID: String?

  public init(
    identity: OperationIdentity, attempt: Int64, maxAttempts: Int64? = nil,
    outcome: AttemptOutcome, latencyMilliseconds: Double, decision: Decision
  ) {
    self.identity = identity
    self.attempt = attempt
    self.maxAttempts = maxAttempts
    self.outcome = outcome
    self.latencyMilliseconds = latencyMilliseconds
    self.decision = decision
    self.error = ErrorFacts()
    self.quota = Quota()
  }
}

/// How an attempt ended, as far as it is known; of a success only the status.
public struct ErrorFacts: Equatable, Sendable {
  public var httpStatus: Int64?
  public var layer: ErrorLayer?
  public var errorClass: ErrorClass?
  /// The provider's error type, else the status as text, else the Swift error type.
  public var type: String?
  /// The provider's machine-readable code, or the name of the matched message pattern.
  public var code: String?
  public var parameter: String?
  /// Redacted before it gets here; the writer cuts it to 256 characters.
  public var message: String?

  public init(
    httpStatus: Int64? = nil, layer: ErrorLayer? = nil, errorClass: ErrorClass? = nil,
    type: String? = nil, code: String? = nil, parameter: String? = nil, message: String? = nil
  ) {
    self.httpStatus = httpStatus
    self.layer = layer
    self.errorClass = errorClass
    self.type = type
    self.code = code
    self.parameter = parameter
    self.message = message
  }
}

/// One logical operation, written exactly once, when it has ended.
public struct OperationRecord: Equatable, Sendable {
  public var identity: OperationIdentity
  public var outcome: OperationOutcome
  /// At least one retry was sent.
  public var retried: Bool
  /// Attempts made; 0 if it was cancelled or denied before the first.
  public var attempts: Int64
  /// From the start to the final answer, attempts and sleeps included.
  public var durationMilliseconds: Double
  /// Sum of the measured sleeps.
  public var sleptMilliseconds: Double
  /// Of the last attempt, if it failed.
  public var httpStatus: Int64?
  public var errorClass: ErrorClass?
  public var errorType: String?
  public var errorCode: String?
  public var jobID: String?
  public var audioSeconds: Double?
  public var traceID: String?

  public init(
    identity: OperationIdentity, outcome: OperationOutcome, retried: Bool, attempts: Int64,
    durationMilliseconds: Double, sleptMilliseconds: Double
  ) {
    self.identity = identity
    self.outcome = outcome
    self.retried = retried
    self.attempts = attempts
    self.durationMilliseconds = durationMilliseconds
    self.sleptMilliseconds = sleptMilliseconds
  }
}

public import AttemptLog

/// When an operation is tried again, and when it is given up.
public struct RetryPolicy: Equatable, Sendable {
  /// Attempts in all, not retries; at least 1.
  public var maxAttempts: Int
  public var backoff: Backoff
  /// The longest wait that a server may ask for.
  public var maxServerDelay: Duration
  /// For the whole operation, attempts and sleeps.
  public var deadline: Duration?
  /// For each attempt alone; one that reaches it fails with the class `timeout`, and is not repeated if the
  /// provider goes on with its work (`AttemptFacts.leavesWork`).
  public var attemptTimeout: Duration?
  /// Whether a call is repeated although the first may have been accepted, its answer being lost.
  public var allowsDuplicates: Bool
  /// Whether the server's own word on trying again overrides every other, though no limit.
  public var honoursServerVerdict: Bool

  public init(
    maxAttempts: Int = 3, backoff: Backoff = .exponential(),
    maxServerDelay: Duration = .seconds(120), deadline: Duration? = nil,
    attemptTimeout: Duration? = nil, allowsDuplicates: Bool = true,
    honoursServerVerdict: Bool = false
  ) {
    self.maxAttempts = maxAttempts
    self.backoff = backoff
    self.maxServerDelay = maxServerDelay
    self.deadline = deadline
    self.attemptTimeout = attemptTimeout
    self.allowsDuplicates = allowsDuplicates
    self.honoursServerVerdict = honoursServerVerdict
  }

  /// What follows a failed attempt.
  public enum Step: Equatable, Sendable {
    case stop(OperationOutcome)
    case retry(after: Duration, chosenBy: DelaySource)
  }

  /// Decides after the attempt with this number has failed, `elapsed` after the operation's start.
  public func step(
    after verdict: ErrorVerdict, requestSent: RequestSent? = nil,
    hasIdempotencyKey: Bool = false, serverVerdict: Bool? = nil, attempt: Int,
    elapsed: Duration, serverDelay: Duration?, using generator: inout some RandomNumberGenerator
  ) -> Step {
    precondition(attempt >= 1, "attempts count from 1; got \(attempt)")
    let server = serverDelay.flatMap { $0 < .zero ? nil : $0.roundedUpToMicroseconds }
    let isRepeatable = allowsDuplicates || hasIdempotencyKey
    let isRetryable =
      honoursServerVerdict && serverVerdict != nil
      ? serverVerdict == true : isRetryable(verdict, server, requestSent, isRepeatable)
    guard isRetryable else { return .stop(.notRetryable) }
    guard attempt < maxAttempts else { return .stop(.attemptsExhausted) }
    if let deadline, elapsed >= deadline { return .stop(.deadlineExceeded) }
    // An early return would be refused again; a long wait is the caller's to choose.
    if let server, server > maxServerDelay { return .stop(.delayTooLong) }
    var delay = backoff.delay(afterAttempt: attempt, using: &generator)
    var source = DelaySource.computed
    if let server, server >= delay {
      delay = server + Self.spread(server, using: &generator)
      source = .server
    }
    if let deadline {
      let rest = deadline - elapsed
      // What is asked for fits; how far apart callers come back does not decide.
      if let server, source == .server, server <= rest { delay = min(delay, rest) }
      guard delay <= rest else {
        return .stop(source == .server ? .delayTooLong : .deadlineExceeded)
      }
    }
    return .retry(after: delay, chosenBy: source)
  }

  private func isRetryable(
    _ verdict: ErrorVerdict, _ server: Duration?, _ requestSent: RequestSent?,
    _ isRepeatable: Bool
  ) -> Bool {
    let isLost = verdict.errorClass == .network || verdict.errorClass == .timeout
    let sent = requestSent ?? (isLost ? .unknown : .no)
    guard isRepeatable || sent != .unknown else { return false }
    return switch verdict.retry {
    case .never: false
    case .always: true
    case .withServerDelay: server != nil
    }
  }

  /// Up to 5 % and at most 1 s, so that not all who were told the same come back together.
  private static func spread(
    _ server: Duration, using generator: inout some RandomNumberGenerator
  ) -> Duration {
    let most = min(server / 20, .seconds(1))
    let part = most * Double.random(in: 0...1, using: &generator)
    return .microseconds(1) + part.roundedUpToMicroseconds
  }
}

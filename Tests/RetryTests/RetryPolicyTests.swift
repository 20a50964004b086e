import AttemptLog
import Retry
import Testing

/// What is known when a policy decides, with the usual case as default.
struct Situation: Sendable {
  var maxAttempts = 3
  var deadline: Duration?
  var allowsDuplicates = true
  var errorClass = ErrorClass.serverError
  var retry = Retryability.always
  var requestSent: RequestSent?
  var hasIdempotencyKey = false
  var honoursServerVerdict = true
  var serverVerdict: Bool?
  var attempt = 1
  var elapsed = Duration.seconds(1)
  var serverDelay: Duration?

  /// The backoff is 1, 2, 4 s without jitter.
  func step(seed: UInt64 = 1) -> RetryPolicy.Step {
    var generator = SeededGenerator(seed: seed)
    let policy = RetryPolicy(
      maxAttempts: maxAttempts, backoff: .exponential(jitter: .none), deadline: deadline,
      allowsDuplicates: allowsDuplicates, honoursServerVerdict: honoursServerVerdict)
    return policy.step(
      after: ErrorVerdict(errorClass, retry: retry), requestSent: requestSent,
      hasIdempotencyKey: hasIdempotencyKey, serverVerdict: serverVerdict, attempt: attempt,
      elapsed: elapsed, serverDelay: serverDelay, using: &generator)
  }
}

struct RetryPolicyTests {
  @Test(arguments: [
    (Situation(), RetryPolicy.Step.retry(after: .seconds(1), chosenBy: .computed)),
    (Situation(attempt: 2), .retry(after: .seconds(2), chosenBy: .computed)),
    (Situation(attempt: 3), .stop(.attemptsExhausted)),
    (Situation(attempt: 4), .stop(.attemptsExhausted)),
    (Situation(maxAttempts: 1), .stop(.attemptsExhausted)),
    (Situation(retry: .never), .stop(.notRetryable)),
    (Situation(retry: .never, attempt: 3), .stop(.notRetryable)),
    // A server delay that the own backoff exceeds anyhow.
    (
      Situation(serverDelay: .milliseconds(999)),
      .retry(after: .seconds(1), chosenBy: .computed)
    ),
    (Situation(serverDelay: .zero), .retry(after: .seconds(1), chosenBy: .computed)),
    (Situation(serverDelay: .seconds(-5)), .retry(after: .seconds(1), chosenBy: .computed)),
    (Situation(serverDelay: .seconds(121)), .stop(.delayTooLong)),
    (Situation(attempt: 3, serverDelay: .seconds(121)), .stop(.attemptsExhausted)),
    (Situation(retry: .never, serverDelay: .seconds(1)), .stop(.notRetryable)),
    // A quota that is used up.
    (Situation(retry: .withServerDelay), .stop(.notRetryable)),
    (Situation(retry: .withServerDelay, serverDelay: .seconds(-1)), .stop(.notRetryable)),
    (Situation(retry: .withServerDelay, serverDelay: .seconds(7200)), .stop(.delayTooLong)),
    // Deadlines.
    (Situation(deadline: .seconds(2)), .retry(after: .seconds(1), chosenBy: .computed)),
    (Situation(deadline: .milliseconds(1999)), .stop(.deadlineExceeded)),
    (Situation(deadline: .seconds(1)), .stop(.deadlineExceeded)),
    (Situation(deadline: .seconds(1), serverDelay: .seconds(9)), .stop(.deadlineExceeded)),
    // What the server asks for fits, and is spread no further than the deadline.
    (
      Situation(deadline: .seconds(10), serverDelay: .seconds(9)),
      .retry(after: .seconds(9), chosenBy: .server)
    ),
    (Situation(deadline: .seconds(8), serverDelay: .seconds(9)), .stop(.delayTooLong)),
    (Situation(deadline: .seconds(1), attempt: 3), .stop(.attemptsExhausted)),
    // Calls that may have been accepted.
    (
      Situation(allowsDuplicates: false, errorClass: .timeout, requestSent: .unknown),
      .stop(.notRetryable)
    ),
    (Situation(allowsDuplicates: false, errorClass: .network), .stop(.notRetryable)),
    (
      Situation(allowsDuplicates: false, errorClass: .network, requestSent: .no),
      .retry(after: .seconds(1), chosenBy: .computed)
    ),
    (Situation(allowsDuplicates: false), .retry(after: .seconds(1), chosenBy: .computed)),
    (
      Situation(
        allowsDuplicates: false, errorClass: .timeout, requestSent: .unknown,
        hasIdempotencyKey: true),
      .retry(after: .seconds(1), chosenBy: .computed)
    ),
    (Situation(retry: .never, hasIdempotencyKey: true), .stop(.notRetryable)),
    // The server's own word overrides, within the limits, if it is honoured.
    (Situation(serverVerdict: false), .stop(.notRetryable)),
    (
      Situation(retry: .never, serverVerdict: true),
      .retry(after: .seconds(1), chosenBy: .computed)
    ),
    (
      Situation(retry: .withServerDelay, serverVerdict: true),
      .retry(after: .seconds(1), chosenBy: .computed)
    ),
    (
      Situation(
        allowsDuplicates: false, errorClass: .timeout, requestSent: .unknown, serverVerdict: true),
      .retry(after: .seconds(1), chosenBy: .computed)
    ),
    (Situation(retry: .never, serverVerdict: true, attempt: 3), .stop(.attemptsExhausted)),
    (Situation(deadline: .milliseconds(1999), serverVerdict: true), .stop(.deadlineExceeded)),
    (Situation(serverVerdict: true, serverDelay: .seconds(121)), .stop(.delayTooLong)),
    (
      Situation(honoursServerVerdict: false, serverVerdict: false),
      .retry(after: .seconds(1), chosenBy: .computed)
    ),
    (
      Situation(retry: .never, honoursServerVerdict: false, serverVerdict: true),
      .stop(.notRetryable)
    ),
  ])
  func `the step after a failure follows from the policy`(
    situation: Situation, step: RetryPolicy.Step
  ) {
    #expect(situation.step() == step)
  }

  @Test(arguments: 1...200)
  func `a server delay is never undercut and slightly spread`(seed: Int) throws {
    let delays: [(Duration, Duration)] = [
      (.seconds(1), .milliseconds(1051)), (.seconds(2), .milliseconds(2101)),
      (.nanoseconds(1_500_000_001), .milliseconds(1601)), (.seconds(120), .seconds(121.001)),
    ]
    for (asked, most) in delays {
      guard
        case .retry(let delay, .server) = Situation(serverDelay: asked).step(seed: UInt64(seed))
      else {
        Issue.record("no retry after \(asked)")
        continue
      }
      #expect(delay > asked)
      #expect(delay <= most)
    }
  }
}

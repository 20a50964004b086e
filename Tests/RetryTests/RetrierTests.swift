import AttemptLog
import Retry
import TestSupport
import Testing

struct Refusal: AttemptError {
  var attemptFacts: AttemptFacts

  static func status(_ status: Int, retryAfter: Duration? = nil) -> Refusal {
    var facts = AttemptFacts(httpStatus: status, layer: .http)
    facts.retryAfter = retryAfter
    facts.retryAfterSource = retryAfter.map { _ in .body }
    return Refusal(attemptFacts: facts)
  }
}

struct Unknown: Error {}

extension LoggedOperation {
  static func make(isBillable: Bool = false) -> LoggedOperation {
    LoggedOperation(
      provider: "own", account: "main", name: "ask", parentID: "p", isBillable: isBillable)
  }
}

struct RetrierTests {
  let clock = VirtualClock()
  let events = RecordedEvents()

  func retrier(_ policy: RetryPolicy = RetryPolicy(backoff: .fixed(.seconds(1)))) -> Retrier {
    Retrier(
      policy: policy, clock: MonotonicClock(clock),
      random: RandomSource(SeededGenerator(seed: 1)), record: events.record)
  }

  /// Each attempt takes 10 ms and throws the next error, or succeeds if none is left.
  func run(_ errors: [any Error], _ retrier: Retrier) async throws -> Int {
    try await retrier.run(.make()) { attempt in
      clock.advance(by: .milliseconds(10))
      if attempt.number <= errors.count { throw errors[attempt.number - 1] }
      attempt.note { facts in
        facts.httpStatus = 200
        facts.verdict = ErrorVerdict(.other, retry: .always)
      }
      return attempt.number
    }
  }

  @Test func `a call that succeeds is one attempt and one operation`() async throws {
    #expect(try await run([], retrier()) == 1)
    let identity = OperationIdentity(
      provider: "own", account: "main", operation: "ask", operationID: "910a2dec89025cc1",
      parentID: "p")
    var attempt = AttemptRecord(
      identity: identity, attempt: 1, maxAttempts: 3, outcome: .success, latencyMilliseconds: 10,
      decision: .stop)
    attempt.error.httpStatus = 200
    let operation = OperationRecord(
      identity: identity, outcome: .success, retried: false, attempts: 1, durationMilliseconds: 10,
      sleptMilliseconds: 0)
    #expect(events.all == [.attempt(attempt), .operation(operation)])
  }

  @Test func `a retry tells what came before it`() async throws {
    let wish = Refusal.status(429, retryAfter: .seconds(2))
    #expect(try await run([wish, Refusal.status(503)], retrier()) == 3)
    let attempts = events.attempts
    #expect(attempts.map(\.decision) == [.retry, .retry, .stop])
    #expect(attempts.map(\.backoffSource) == [.server, .computed, nil])
    #expect(attempts.map(\.retryAfterMilliseconds) == [2000, nil, nil])
    #expect(attempts.map(\.retryAfterSource) == [.body, nil, nil])
    #expect(attempts.map(\.sleptSource) == [nil, .server, .computed])
    #expect(attempts.map(\.retryReason) == [nil, .rateLimited, .serverError])
    #expect(
      attempts.map(\.sleptMilliseconds) == [nil] + attempts.dropLast().map(\.backoffMilliseconds))
    #expect(attempts.map(\.error.errorClass) == [.rateLimited, .serverError, nil])
    #expect(attempts.map(\.error.type) == ["429", "503", nil])
    #expect(attempts.map(\.error.httpStatus) == [429, 503, 200])
    #expect(attempts.map(\.quota.name) == ["rate", nil, nil])
    let operation = try #require(events.operations.first)
    #expect(operation.retried)
    #expect(operation.errorClass == nil && operation.httpStatus == nil)
    let slept = attempts.compactMap(\.sleptMilliseconds).reduce(0, +)
    #expect(abs(operation.sleptMilliseconds - slept) < 1e-9)
    #expect(abs(operation.durationMilliseconds - slept - 30) < 1e-9)
  }

  @Test func `after the last attempt there is no sleep, and the error tells all`() async throws {
    let error = try await #require(throws: OperationError.self) {
      try await run(Array(repeating: Refusal.status(503), count: 5), retrier())
    }
    #expect(
      events.lines == [
        "attempt ask 1 server_error retry in 1000.0", "attempt ask 2 server_error retry in 1000.0",
        "attempt ask 3 server_error stop", "operation ask attempts_exhausted 3",
      ])
    #expect(clock.sleeps == [.seconds(1), .seconds(1)])
    #expect(error.outcome == .attemptsExhausted && error.attempts == 3)
    #expect(error.operationID == events.operations.first?.identity.operationID)
    #expect(error.underlying is Refusal)
    #expect(
      error.description
        == "own ask 910a2dec89025cc1 failed after 3 attempts: attempts_exhausted, server_error, HTTP 503"
    )
    let operation = try #require(events.operations.first)
    #expect(operation.httpStatus == 503 && operation.errorClass == .serverError)
  }

  @Test func `an unknown error is named by its type and never by its text`() async throws {
    struct Leaky: Error, CustomStringConvertible {
      let description = "https://example.com/?signature=secret"
    }
    let error = try await #require(throws: OperationError.self) {
      try await run([Leaky()], retrier())
    }
    let attempt = try #require(events.attempts.first)
    #expect(attempt.error == ErrorFacts(layer: .client, errorClass: .other, type: "Leaky"))
    #expect(error.outcome == .notRetryable)
    #expect(!error.description.contains("secret"))
  }

  @Test func `what an attempt notes is recorded, and its ids last until newer ones`() async throws {
    _ = try await retrier().run(.make()) { attempt in
      attempt.note { $0.requestSent = .yes }
      if attempt.number == 1 {
        attempt.note { facts in
          facts.jobID = "j1"
          facts.audioSeconds = 60
          facts.quota = Quota(name: "rate", limit: 60, remaining: 0)
        }
        throw Refusal.status(503)
      }
    }
    #expect(events.attempts.map(\.jobID) == ["j1", nil])
    #expect(events.attempts.map(\.quota.limit) == [60, nil])
    #expect(events.attempts.map(\.requestSent) == [.yes, .yes])
    #expect(events.operations.map(\.jobID) == ["j1"])
    #expect(events.operations.map(\.audioSeconds) == [60])
  }

  @Test(arguments: [
    (AttemptStarts.billable, true, true), (.billable, false, false), (.all, false, true),
    (.none, true, false),
  ])
  func `an attempt is announced as the option says`(
    option: AttemptStarts, isBillable: Bool, isAnnounced: Bool
  ) async throws {
    var retrier = retrier()
    retrier.attemptStarts = option
    try await retrier.run(.make(isBillable: isBillable)) { attempt in
      #expect(events.lines == (isAnnounced ? ["start ask 1"] : []))
    }
    #expect(
      events.lines
        == (isAnnounced ? ["start ask 1"] : []) + [
          "attempt ask 1 success stop", "operation ask success 1",
        ])
  }

  @Test func `a failure of an operation below is final and keeps its class`() async throws {
    let retrier = retrier()
    await #expect(throws: OperationError.self) {
      try await retrier.run(.make()) { _ in
        _ = try await run(
          Array(repeating: Refusal.status(429, retryAfter: .seconds(1)), count: 3), retrier)
      }
    }
    let outer = try #require(events.attempts.last)
    #expect(outer.attempt == 1 && outer.decision == .stop)
    #expect(
      outer.error
        == ErrorFacts(httpStatus: 429, layer: .http, errorClass: .rateLimited, type: "429"))
    #expect(outer.quota.name == "rate" && outer.retryAfterMilliseconds == nil)
    #expect(events.operations.map(\.outcome) == [.attemptsExhausted, .notRetryable])
  }

  @Test func `an idempotency key is the same for every attempt and in no event`() async throws {
    var operation = LoggedOperation.make()
    operation.idempotencyKey = "order-wxyz-of-today"
    let keys = Locked([String?]())
    let policy = RetryPolicy(backoff: .none, allowsDuplicates: false)
    await #expect(throws: OperationError.self) {
      try await retrier(policy).run(operation) { attempt in
        keys.withLock { $0.append(attempt.idempotencyKey) }
        attempt.note { $0.requestSent = .unknown }
        throw Refusal(attemptFacts: AttemptFacts(layer: .transport, type: "reset"))
      }
    }
    #expect(keys.withLock { $0 } == Array(repeating: operation.idempotencyKey, count: 3))
    #expect(events.operations.map(\.outcome) == [.attemptsExhausted])
    #expect(!"\(events.all)".contains("wxyz"))
  }

  @Test func `a server's word is heard by this operation, not by the one above`() async throws {
    var refusal = Refusal.status(400)
    refusal.attemptFacts.serverVerdict = true
    let retrier = retrier(RetryPolicy(backoff: .none, honoursServerVerdict: true))
    await #expect(throws: OperationError.self) {
      try await retrier.run(.make()) { [refusal] _ in
        _ = try await run(Array(repeating: refusal, count: 9), retrier)
      }
    }
    #expect(events.operations.map(\.outcome) == [.attemptsExhausted, .notRetryable])
    #expect(events.attempts.map(\.attempt) == [1, 2, 3, 1])
  }

  @Test func `an application mirrors every event into numbers of its own`() async throws {
    let counters = Locked([String: Int]())
    var retrier = retrier()
    // As many recorders as wanted: one closure calls them in turn.
    retrier.record = { [log = events.record] event in
      log(event)
      let name: String? =
        switch event {
        case .attempt(let attempt):
          "calls_total{outcome=\"\(attempt.outcome.rawValue)\"}"
        case .operation(let operation):
          "operations_total{outcome=\"\(operation.outcome.rawValue)\"}"
        default: nil
        }
      if let name { counters.withLock { $0[name, default: 0] += 1 } }
    }
    _ = try await run([Refusal.status(503)], retrier)
    _ = try await run([], retrier)
    #expect(
      counters.withLock { $0 } == [
        "calls_total{outcome=\"failure\"}": 1, "calls_total{outcome=\"success\"}": 2,
        "operations_total{outcome=\"success\"}": 2,
      ])
    #expect(events.all.count == 5)
  }

  @Test func `a clock that goes back makes no negative number`() async throws {
    let times = Locked<[Int]>([0, 50, 10, 40, 5, 3, 9, 2, 1, 0, 0, 0])
    var retrier = retrier(RetryPolicy(maxAttempts: 2, backoff: .fixed(.seconds(1))))
    retrier.clock = MonotonicClock(
      now: { .seconds(times.withLock { $0.isEmpty ? 0 : $0.removeFirst() }) }, sleep: { _ in })
    await #expect(throws: OperationError.self) {
      try await retrier.run(.make()) { _ in throw Refusal.status(500) }
    }
    for attempt in events.attempts {
      #expect(attempt.latencyMilliseconds >= 0)
      #expect(attempt.sleptMilliseconds ?? 0 >= 0)
    }
    #expect(
      events.operations.allSatisfy { $0.durationMilliseconds >= 0 && $0.sleptMilliseconds >= 0 })
  }
}

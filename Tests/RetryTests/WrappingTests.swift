import AttemptLog
import Retry
import TestSupport
import Testing

/// Somebody else's client, as an application would wrap it.
private struct Weather: Sendable {
  enum Failure: Error {
    case busy(retryAfter: Int)
    case unknownTown(String)
  }

  let calls = Locked(0)

  func temperature(in town: String) async throws -> Int {
    let call = calls.withLock { calls in
      calls += 1
      return calls
    }
    if call == 1 { throw Failure.busy(retryAfter: 2) }
    guard town == "Adwa" else { throw Failure.unknownTown(town) }
    return 21
  }
}

struct WrappingTests {
  @Test func `a client that knows nothing of the log is wrapped from outside`() async throws {
    let weather = Weather()
    let events = RecordedEvents()
    let clock = VirtualClock()
    let retrier = Retrier(
      policy: RetryPolicy(maxAttempts: 4, backoff: .exponential(cap: .seconds(10))),
      errors: [ErrorRule(code: "unknown_town", .notFound, retry: .never)] + ErrorTable.standard,
      clock: MonotonicClock(clock),
      describe: { error in
        var facts = AttemptFacts.describing(error)
        switch error as? Weather.Failure {
        case .busy(let seconds):
          facts.httpStatus = 429
          facts.retryAfter = .seconds(seconds)
        case .unknownTown: facts.code = "unknown_town"
        case nil: break
        }
        return facts
      },
      record: events.record)
    let operation = LoggedOperation(provider: "weather", name: "temperature")
    #expect(
      try await retrier.run(operation) { _ in try await weather.temperature(in: "Adwa") } == 21)
    #expect(events.attempts.map(\.retryAfterMilliseconds) == [2000, nil])
    let error = try await #require(throws: OperationError.self) {
      try await retrier.run(operation) { _ in try await weather.temperature(in: "secret") }
    }
    #expect(error.errorClass == .notFound && !"\(events.all)\(error)".contains("secret"))
  }
}

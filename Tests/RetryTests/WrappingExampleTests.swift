import AttemptLog
import Foundation
import Retry
import TestSupport
import Testing

/// The example of the README: what stands between the marks stands there too.
struct WrappingExampleTests {
  private struct Geocoder: Sendable {
    enum Failure: Error {
      case http(status: Int, retryAfter: Duration?)
    }

    func coordinates(of city: String) async throws -> String {
      guard city == "Adwa" else { throw Failure.http(status: 404, retryAfter: nil) }
      return "14.17, 38.90"
    }
  }

  @Test func `the example of the README works`() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("attempts.jsonl")
    let geocoder = Geocoder()
    // README begins
    let log = try LogWriter(path: path)
    let retrier = Retrier(
      policy: RetryPolicy(maxAttempts: 4, backoff: .exponential(cap: .seconds(10))),
      describe: { error in
        var facts = AttemptFacts.describing(error)
        if case Geocoder.Failure.http(let status, let retryAfter) = error {
          facts.httpStatus = status
          facts.retryAfter = retryAfter
        }
        return facts
      },
      record: log.record)

    let lookup = LoggedOperation(provider: "geocoder", name: "coordinates")
    let coordinates = try await retrier.run(lookup) { _ in
      try await geocoder.coordinates(of: "Adwa")
    }
    // README ends
    #expect(coordinates == "14.17, 38.90")
    log.close()
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 5)
    await #expect(throws: OperationError.self) {
      try await retrier.run(lookup) { _ in try await geocoder.coordinates(of: "Nowhere") }
    }
  }
}

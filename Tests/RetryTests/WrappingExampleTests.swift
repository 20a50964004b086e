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
      case timedOut
      case noConnection
    }

    struct Answer {
      let status: Int
      let coordinates: String
    }

    func coordinates(of city: String) async throws -> Answer {
      switch city {
      case "Adwa": Answer(status: 200, coordinates: "14.17, 38.90")
      case "Far away": throw Failure.timedOut
      case "Cut off": throw Failure.noConnection
      default: throw Failure.http(status: 404, retryAfter: nil)
      }
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
        switch error {
        case Geocoder.Failure.http(let status, let retryAfter):
          facts.httpStatus = status
          facts.retryAfter = retryAfter
        case Geocoder.Failure.timedOut: facts.timedOut = true
        case Geocoder.Failure.noConnection: facts.layer = .transport
        default: break
        }
        return facts
      },
      record: log.record)

    let lookup = LoggedOperation(provider: "geocoder", name: "coordinates")
    let coordinates = try await retrier.run(lookup) { attempt in
      let answer = try await geocoder.coordinates(of: "Adwa")
      attempt.note { $0.httpStatus = answer.status }
      return answer.coordinates
    }
    log.close()  // at the end of the process
    // README ends
    #expect(coordinates == "14.17, 38.90")
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 5)
    #expect(lines[2].contains(#""http_status":200"#))
  }

  @Test(arguments: [
    ("Nowhere", 1, ErrorClass.notFound), ("Far away", 2, .timeout), ("Cut off", 2, .network),
  ])
  func `what the example describes decides`(
    city: String, attempts: Int, errorClass: ErrorClass
  ) async throws {
    let geocoder = Geocoder()
    let retrier = Retrier(
      policy: RetryPolicy(maxAttempts: 2, backoff: .exponential(base: .zero)),
      describe: { error in
        var facts = AttemptFacts.describing(error)
        switch error {
        case Geocoder.Failure.http(let status, _): facts.httpStatus = status
        case Geocoder.Failure.timedOut: facts.timedOut = true
        case Geocoder.Failure.noConnection: facts.layer = .transport
        default: break
        }
        return facts
      },
      record: { _ in })
    let lookup = LoggedOperation(provider: "geocoder", name: "coordinates")
    let error = await #expect(throws: OperationError.self) {
      try await retrier.run(lookup) { _ in try await geocoder.coordinates(of: city) }
    }
    #expect(error?.attempts == attempts)
    #expect(error?.errorClass == errorClass)
  }
}

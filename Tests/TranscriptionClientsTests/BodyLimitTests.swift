import AttemptLog
import Foundation
import Glibc
import Retry
import TestSupport
import Testing

@testable import TranscriptionClients

/// Answers that are larger than a client takes.
@Suite(.enabled(if: reachesLoopback, "a proxy from the environment stands before loopback"))
struct BodyLimitTests {
  @Test(arguments: [(999, false), (1000, false), (1001, true)])
  func `a body is cut when it is longer than the limit`(length: Int, isCut: Bool) async throws {
    let server = try LoopbackServer { _ in
      "HTTP/1.1 200 OK\r\nContent-Length: \(length)\r\nX-Request-ID: r\r\n\r\n"
        + String(repeating: "x", count: length)
    }
    let transport = HTTPTransport.urlSession(bodyBytesMax: 1000)
    let response = try await transport.send(URLSessionTransportTests.get(server.port))
    #expect(response.status == 200 && response.header("X-Request-ID") == "r")
    #expect(response.bodyIsCut == isCut)
    #expect(response.body.count == (isCut ? 0 : length))
  }

  #if TSAN
    private static let measuresMemory = false
  #else
    private static let measuresMemory = true
  #endif

  @Test(.enabled(if: measuresMemory, "ThreadSanitizer needs memory of its own"))
  func `a flood of 400 MB without a length is not kept`() async throws {
    // In a process of its own: the memory belongs to all tests.
    await #expect(processExitsWith: .success) {
      let size = 400 * 1024 * 1024
      let server = try LoopbackServer(flood: size) { _ in "HTTP/1.1 200 OK\r\n\r\n" }
      let before = BodyLimitTests.residentKilobytesMax()
      let response = try await HTTPTransport.urlSession()
        .send(URLSessionTransportTests.get(server.port))
      #expect(response.bodyIsCut && response.body == [])
      // URLSession may read all of it before it comes to cancel; none of it is kept.
      for await _ in server.floods { break }
      #expect(BodyLimitTests.residentKilobytesMax() - before < 150 * 1024)
    }
  }

  static func residentKilobytesMax() -> Int {
    var usage = rusage()
    unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss
  }

  /// Over a socket.
  @Test func `a transcript that is too large ends the job and is not polled again`() async throws {
    let server = try LoopbackServer { head in
      let body =
        head.hasPrefix("POST")
        ? #"{"id":"j1","status":"queued"}"#
        : #"{"status":"completed","text":"\#(String(repeating: "x", count: 2000))"}"#
      return "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }
    let events = RecordedEvents()
    var configuration = ClientConfiguration.assemblyAI(key: APIKey("k"), record: events.record)
    configuration.baseURL = "http://127.0.0.1:\(server.port)"
    configuration.clock = MonotonicClock(VirtualClock())
    configuration.transport = .urlSession(bodyBytesMax: 1000)
    let client = AssemblyAI(configuration)
    let error = try await #require(throws: OperationError.self) {
      try await client.transcribe(audioURL: "https://x/a")
    }
    #expect(error.errorClass == .malformedResponse && error.facts.type == "BodyTooLarge")
    #expect(error.facts.jobID == "j1" && error.facts.httpStatus == 200)
    #expect(server.requests.count == 2)
  }

  @Test func `an error page that is too large is what its status says`() async throws {
    let wire = WireScript([
      .cut("POST /v2/transcript", 503), AssemblyAITests.submitted,
      .cut("GET /v2/transcript/j1", 502), AssemblyAITests.done,
    ])
    _ = try await wire.assemblyAI().transcribe(audioURL: AssemblyAITests.audio)
    #expect(
      wire.events.attempts.map(\.error.errorClass)
        == [.serverError, nil, .serverError, nil, nil])
  }
}

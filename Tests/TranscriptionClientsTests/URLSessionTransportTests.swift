import AttemptLog
import Foundation
import Glibc
import Retry
import TestSupport
import Testing

@testable import TranscriptionClients

/// Without a proxy; libcurl obeys these variables, and offers no way not to.
let reachesLoopback = ["http_proxy", "all_proxy", "ALL_PROXY"].allSatisfy {
  ProcessInfo.processInfo.environment[$0] == nil
}

/// The default transport against a socket on loopback.
@Suite(
  .enabled(
    if: reachesLoopback,
    "a proxy from the environment stands before loopback"))
struct URLSessionTransportTests {
  static func get(_ port: UInt16, _ path: String = "/") -> TransportRequest {
    TransportRequest(
      method: "GET", url: "http://127.0.0.1:\(port)\(path)",
      headers: [("Authorization", "Bearer key-123")])
  }

  static func setProxy(_ url: String) {
    unsafe setenv("http_proxy", url, 1)
  }

  @Test func `a request arrives and its answer comes back`() async throws {
    let server = try LoopbackServer { _ in
      "HTTP/1.1 429 Slow\r\nRetry-After: 2\r\nContent-Length: 2\r\n\r\nno"
    }
    let transport = HTTPTransport.urlSession()
    var request = Self.get(server.port, "/prefix/v2")
    request.method = "POST"
    request.body = Array(#"{"a":1}"#.utf8)
    let response = try await transport.send(request)
    #expect(response.status == 429 && response.header("retry-after") == "2")
    #expect(response.body == Array("no".utf8))
    let head = try #require(server.requests.first)
    #expect(head.hasPrefix("POST /prefix/v2 HTTP/1.1\r\n"))
    #expect(head.contains("Authorization: Bearer key-123\r\n"))
    #expect(head.contains("Content-Length: 7\r\n"))
  }

  @Test(arguments: ["Basic realm=\"x\"", "Digest realm=\"x\", nonce=\"1\"", "Bearer"])
  func `a refusal that asks for other credentials is an answer`(challenge: String) async throws {
    let server = try LoopbackServer { _ in
      "HTTP/1.1 401 No\r\nWWW-Authenticate: \(challenge)\r\nContent-Length: 2\r\n\r\nno"
    }
    let response = try await HTTPTransport.urlSession().send(Self.get(server.port))
    #expect(response.status == 401)
    #expect(response.body == Array("no".utf8))
    #expect(server.requests.count == 1)
  }

  @Test func `a request ends at its limit whatever has arrived`() async throws {
    // The session's own limit is a minute from the last byte.
    let server = try LoopbackServer { _ in nil }
    var request = Self.get(server.port)
    request.timeLimit = .milliseconds(50)
    let failure = try await #require(throws: TransportFailure.self) {
      try await HTTPTransport.urlSession().send(request)
    }
    #expect(failure.attemptFacts.timedOut && failure.attemptFacts.type == "URLError.timedOut")
  }

  @Test func `many requests to a host are sent at once`() async throws {
    let server = try LoopbackServer { _ in nil }
    let transport = HTTPTransport.urlSession()
    await withTaskGroup(of: Void.self) { tasks in
      for _ in 0..<12 {
        tasks.addTask { _ = try? await transport.send(Self.get(server.port)) }
      }
      while server.requests.count < 12 { await Task.yield() }
      tasks.cancelAll()
    }
  }

  @Test func `a whole job runs over a socket, below a prefix`() async throws {
    let server = try LoopbackServer { head in
      let body =
        head.hasPrefix("POST /assemblyai/v2/transcript ")
        ? #"{"id":"j1","status":"queued"}"#
        : #"{"id":"j1","status":"completed","text":"hello","audio_duration":3}"#
      return "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }
    let events = RecordedEvents()
    var configuration = ClientConfiguration.assemblyAI(key: APIKey("k"), record: events.record)
    configuration.baseURL = "http://127.0.0.1:\(server.port)/assemblyai"
    configuration.clock = MonotonicClock(VirtualClock())
    let transcript = try await AssemblyAI(configuration).transcribe(audioURL: "https://x/a")
    #expect(transcript.text == "hello" && transcript.audioSeconds == 3)
    #expect(server.requests.last?.hasPrefix("GET /assemblyai/v2/transcript/j1 ") == true)
    #expect(server.requests.allSatisfy { $0.contains("Authorization: k\r\n") })
    #expect(events.operations.map(\.identity.operation) == ["submit", "poll", "transcribe"])
  }

  @Test func `a redirect is an answer and the key follows nowhere`() async throws {
    let other = try LoopbackServer { _ in "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" }
    let location = "http://127.0.0.1:\(other.port)/stolen"
    let server = try LoopbackServer { _ in
      "HTTP/1.1 302 Found\r\nLocation: \(location)\r\nContent-Length: 0\r\n\r\n"
    }
    let response = try await HTTPTransport.urlSession().send(Self.get(server.port))
    #expect(response.status == 302)
    #expect(other.requests == [])
  }

  @Test func `a cancelled task ends a request in flight`() async throws {
    let arrived = AsyncStream<Void>.makeStream()
    let server = try LoopbackServer { _ in
      arrived.continuation.finish()
      return nil
    }
    let events = RecordedEvents()
    var configuration = ClientConfiguration.lesan(key: APIKey("k"), record: events.record)
    configuration.baseURL = "http://127.0.0.1:\(server.port)/lesan/"
    let lesan = Lesan(configuration)
    let task = Task { try await lesan.transcribe(audioURL: "https://x/a", language: "am") }
    for await _ in arrived.stream {}
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(events.attempts.map(\.error.errorClass) == [.cancelled])
    #expect(events.attempts.map(\.requestSent) == [.unknown])
    #expect(events.operations.map(\.outcome) == [.cancelled])
  }

  @Test func `an answer that does not come is a timeout, without the URL's query`() async throws {
    let server = try LoopbackServer { _ in nil }
    let transport = HTTPTransport.urlSession(idleTimeout: .milliseconds(1000))
    let failure = try await #require(throws: TransportFailure.self) {
      _ = try await transport.send(Self.get(server.port, "/?s3cr3t"))
    }
    let facts = failure.attemptFacts
    #expect(facts.timedOut && facts.type == "URLError.timedOut" && facts.layer == .transport)
    #expect(facts.requestSent == .unknown && !"\(failure)".contains("s3cr3t"))
  }

  @Test func `a refused connection has sent nothing`() async throws {
    var server: LoopbackServer? = try LoopbackServer { _ in "" }
    let port = try #require(server).port
    // An answer to one request proves that the port is closed for the next.
    server = nil
    let transport = HTTPTransport.urlSession()
    while (try? await transport.send(Self.get(port))) != nil {}
    let failure = try await #require(throws: TransportFailure.self) {
      _ = try await transport.send(Self.get(port))
    }
    #expect(failure.attemptFacts.type == "URLError.cannotConnectToHost")
    #expect(failure.attemptFacts.requestSent == .no && !failure.attemptFacts.timedOut)
  }

  @Test func `a connection that closes without an answer leaves the fate unknown`() async throws {
    let server = try LoopbackServer { _ in "" }
    let failure = try await #require(throws: TransportFailure.self) {
      _ = try await HTTPTransport.urlSession().send(Self.get(server.port))
    }
    #expect(failure.attemptFacts.requestSent == .unknown)
  }

  @Test(arguments: ["", "not a url", "ftp://x/", "/path"])
  func `what is no HTTP URL is not sent`(url: String) async throws {
    let failure = try await #require(throws: TransportFailure.self) {
      _ = try await HTTPTransport.urlSession().send(TransportRequest(method: "GET", url: url))
    }
    #expect(failure.attemptFacts.layer == .client && failure.attemptFacts.type == "InvalidURL")
  }

  @Test func `with a proxy in the environment nothing is sent`() async throws {
    // In a process of its own: the environment belongs to all tests.
    await #expect(processExitsWith: .success) {
      let proxy = try LoopbackServer { _ in "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" }
      URLSessionTransportTests.setProxy("http://127.0.0.1:\(proxy.port)")
      let request = URLSessionTransportTests.get(9)
      let failure = try await #require(throws: TransportFailure.self) {
        _ = try await HTTPTransport.urlSession().send(request)
      }
      #expect(failure.attemptFacts.type == "ProxyRefused")
      #expect(proxy.requests == [])
      let allowed = HTTPTransport.urlSession(environmentProxy: .used)
      #expect(try await allowed.send(request).status == 200)
      #expect(proxy.requests.count == 1)
    }
  }
}

import AttemptLog
import Glibc
import HTTPServer
import Synchronization
import TestSupport
import Testing

struct ConnectionLimitTests {
  @Test func `who has no answer in work gives way to a new connection, the longest first`() throws {
    let server = try HTTPServerTests.started { $0.connectionsMax = 3 }
    let busy = try TCPClient(port: server.port)
    let silent = try TCPClient(port: server.port)
    let halfOpen = try TCPClient(port: server.port)
    try halfOpen.send("GET / HTTP/1.1\r\nHost: ")
    while server.counters.acceptedConnections < 3 { sched_yield() }
    // A connection that was answered rests from then on.
    try Self.ask(busy)
    let fourth = try Self.answered(by: server)
    #expect(silent.readToEnd() == ("", .closed))
    let fifth = try Self.answered(by: server)
    #expect(halfOpen.readToEnd() == ("", .closed))
    let sixth = try Self.answered(by: server)
    #expect(busy.readToEnd() == ("", .closed))
    for client in [fourth, fifth, sixth] { try Self.ask(client) }
    #expect(server.counters[.displaced] == 3)
    #expect(server.counters[.limit] == 0)
    #expect(server.counters.acceptedConnections == 6)
    #expect(server.counters.openConnections == 3)
  }

  @Test func `where every connection has an answer in work, a new one is closed at once`() throws {
    let arrived = Semaphore()
    let server = try HTTPServerTests.started(arrived: arrived) { $0.connectionsMax = 2 }
    let clients = try (0..<2).map { _ in try TCPClient(port: server.port) }
    for client in clients {
      try client.send("GET /never HTTP/1.1\r\nHost: localhost\r\n\r\n")
      arrived.wait()
    }
    let third = try TCPClient(port: server.port)
    #expect(third.readToEnd() == ("", .closed))
    #expect(server.counters[.limit] == 1)
    #expect(server.counters[.displaced] == 0)
  }

  @Test func `who is sending a body does not give way`() throws {
    let server = try HTTPServerTests.started {
      $0.connectionsMax = 1
      $0.limits.bodyBytesMax = 8
    }
    let sending = try TCPClient(port: server.port)
    try sending.send(
      "POST /a HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    #expect(sending.readAnswer() == "HTTP/1.1 100 Continue\r\n\r\n")
    #expect(try TCPClient(port: server.port).readToEnd() == ("", .closed))
    try sending.send("ok")
    #expect(sending.readAnswer().hasSuffix("POST /a"))
    #expect(server.counters[.limit] == 1)
  }

  @Test func `of answers to the limited path only so many are in work`() throws {
    let arrived = Semaphore()
    let server = try HTTPServerTests.started(arrived: arrived) {
      $0.limitedPath = "/large"
      $0.limitedAnswersMax = 2
      $0.limitedAnswerPatience = .seconds(3600)
    }
    let slow = try (0..<2).map { _ in try Self.asking("/large?a", of: server) }
    for _ in slow { arrived.wait() }
    let refusal = try Self.asking("/large", of: server).readToEnd().text
    #expect(refusal.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
    #expect(refusal.contains("\r\nRetry-After: 1\r\n"))
    #expect(server.counters[.overload] == 1)
    // Other paths are not limited, and a place becomes free with the last byte.
    _ = try Self.answered(by: server)
    #expect(slow[0].readToEnd().text.utf8.count > HTTPServerTests.largeBytes)
    let fourth = try Self.asking("/large", of: server)
    #expect(fourth.readToEnd().text.hasPrefix("HTTP/1.1 200 OK\r\n"))
    #expect(server.counters[.overload] == 1)
  }

  @Test func `a client that reads slowly gives its place in work to another`() throws {
    let arrived = Semaphore()
    let server = try HTTPServerTests.started(arrived: arrived) {
      $0.limitedPath = "/large"
      $0.limitedAnswersMax = 1
      $0.limitedAnswerPatience = .zero
    }
    let slow = try Self.asking("/large", of: server)
    arrived.wait()
    let second = try Self.asking("/large", of: server)
    #expect(second.readToEnd().text.hasPrefix("HTTP/1.1 200 OK\r\n"))
    #expect(slow.readToEnd().text.utf8.count < HTTPServerTests.largeBytes)
    #expect(server.counters[.overload] == 0)
  }

  @Test func `who goes away gives its place in work free`() throws {
    let arrived = Semaphore()
    let server = try HTTPServerTests.started(arrived: arrived) {
      $0.limitedPath = "/large"
      $0.limitedAnswersMax = 1
      $0.limitedAnswerPatience = .seconds(3600)
    }
    var slow: TCPClient? = try Self.asking("/large", of: server)
    #expect(slow != nil)
    arrived.wait()
    slow = nil
    var answer = ""
    for _ in 0..<1000 where !answer.hasPrefix("HTTP/1.1 200 ") {
      answer = try Self.asking("/large", of: server).readToEnd().text
    }
    #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
  }

  @Test func `a client that pipelines does not keep another waiting`() throws {
    let order = Order()
    let server = try HTTPServer(listeningOn: [.loopback(port: 0)]) { request in
      order.note(request.path)
      return .text(200, "")
    }
    try server.start()
    let greedy = try TCPClient(port: server.port)
    let modest = try TCPClient(port: server.port)
    for client in [greedy, modest] { try Self.ask(client) }
    order.hold()
    // More than is read at a time.
    let query = String(repeating: "a", count: 400)
    let request = "GET /greedy?\(query) HTTP/1.1\r\nHost: localhost\r\n\r\n"
    try greedy.send(String(repeating: request, count: 90))
    order.waitUntilHeld()
    try modest.send("GET /modest HTTP/1.1\r\nHost: localhost\r\n\r\n")
    order.release()
    #expect(modest.readAnswer().hasPrefix("HTTP/1.1 200 "))
    for _ in 0..<90 { #expect(greedy.readAnswer().hasPrefix("HTTP/1.1 200 ")) }
    let modestPlace = try #require(order.paths.firstIndex(of: "/modest"))
    #expect(order.paths[..<modestPlace].count { $0 == "/greedy" } <= 16)
    #expect(order.paths.count { $0 == "/greedy" } == 90)
  }

  @Test func `an answer has the time that its client has`() throws {
    let server = try HTTPServer(listeningOn: [.loopback(port: 0)]) { _ in
      var response = HTTPResponse.text(200, "")
      response.body = [UInt8](repeating: 0x61, count: HTTPServerTests.largeBytes)
      response.timeLimit = .milliseconds(50)
      return response
    }
    try server.start()
    let client = try Self.asking("/", of: server)
    #expect(client.hasInput(withinMilliseconds: 10_000))
    let begin = ContinuousClock.now
    while server.counters.openConnections > 0, ContinuousClock.now - begin < .seconds(5) {}
    #expect(server.counters.openConnections == 0)
    #expect(client.readToEnd().text.utf8.count < HTTPServerTests.largeBytes)
  }

  @Test(arguments: [
    ("GET /\r\n\r\n", ServerCounters.Rejection.malformed),
    ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n", .tooLarge),
    ("GET / HTTP/2.0\r\n\r\n", .unsupported), ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", .foreignHost),
    ("GET /", .timeout),
  ])
  func `refusals are counted by reason`(wire: String, reason: ServerCounters.Rejection) throws {
    let server = try HTTPServerTests.started { $0.headerDeadline = .milliseconds(50) }
    let client = try TCPClient(port: server.port)
    try client.send(wire)
    #expect(client.readAnswer().hasPrefix("HTTP/1.1 "))
    for other in ServerCounters.Rejection.allCases {
      #expect(server.counters[other] == (other == reason ? 1 : 0))
    }
  }
}

extension ConnectionLimitTests {
  private static func asking(_ path: String, of server: HTTPServer) throws -> TCPClient {
    let client = try TCPClient(port: server.port)
    try client.send("GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    return client
  }

  private static func answered(by server: HTTPServer) throws -> TCPClient {
    let client = try TCPClient(port: server.port)
    try ask(client)
    return client
  }

  private static func ask(_ client: TCPClient) throws {
    try client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    #expect(client.readAnswer().hasPrefix("HTTP/1.1 200 "))
  }
}

/// What was asked of a handler, in order; a test can hold the handler up.
private final class Order: Sendable {
  private let noted = Locked<[String]>([])
  private let isHeld = Atomic(false)
  private let isWaiting = Atomic(false)

  var paths: [String] { noted.withLock { $0 } }

  func note(_ path: String) {
    while isHeld.load(ordering: .acquiring) {
      isWaiting.store(true, ordering: .releasing)
      sched_yield()
    }
    noted.withLock { $0.append(path) }
  }

  func hold() { isHeld.store(true, ordering: .releasing) }

  func waitUntilHeld() {
    while !isWaiting.load(ordering: .acquiring) { sched_yield() }
  }

  func release() { isHeld.store(false, ordering: .releasing) }
}

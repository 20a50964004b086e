import Glibc
import HTTPServer
import Synchronization
import TestSupport
import Testing

struct HTTPServerTests {
  @Test func `an answer has its length and keeps the connection`() throws {
    let server = try Self.started()
    let client = try TCPClient(port: server.port)
    for _ in 0..<2 {
      try client.send("GET /a?b HTTP/1.1\r\nHost: localhost\r\n\r\n")
      #expect(
        client.readAnswer()
          == "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n"
          + "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 6\r\n\r\nGET /a")
    }
  }

  @Test func `HEAD gets the same headers and no body`() throws {
    let server = try Self.started()
    let client = try TCPClient(port: server.port)
    try client.send("HEAD /ab HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    let (text, ending) = client.readToEnd()
    #expect(
      text == "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n"
        + "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 8\r\nConnection: close\r\n\r\n")
    #expect(ending == .closed)
  }

  @Test(arguments: ["Content-Length: 1\r\n\r\n", "\n", "Host: b\r\n\r\n"])
  func `a HEAD that is refused gets no body either`(rest: String) throws {
    let server = try Self.started()
    let client = try TCPClient(port: server.port)
    try client.send("HEAD / HTTP/1.1\r\nHost: localhost\r\n" + rest)
    let text = client.readToEnd().text
    #expect(text.hasPrefix("HTTP/1.1 4"))
    #expect(text.hasSuffix("\r\nConnection: close\r\n\r\n"))
  }

  @Test(arguments: ["HEAD / HTTP/2.0", "HEAD relative HTTP/1.1", "HEAD / HTTP/x"])
  func `a HEAD whose first line is refused gets no body either`(line: String) throws {
    let server = try Self.started()
    let client = try TCPClient(port: server.port)
    try client.send(line + "\r\nHost: localhost\r\n\r\n")
    #expect(client.readToEnd().text.hasSuffix("\r\nConnection: close\r\n\r\n"))
  }

  @Test(arguments: [
    ("GET / HTTP/1.0\r\nHost: localhost\r\n\r\n", "close", true),
    ("GET / HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n", "keep-alive", false),
    ("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: x, Close\r\n\r\n", "close", true),
  ])
  func `persistence follows version and Connection`(wire: String, said: String, closes: Bool)
    throws
  {
    let server = try Self.started { $0.keepAliveIdle = .milliseconds(20) }
    let client = try TCPClient(port: server.port)
    try client.send(wire)
    let answer = client.readAnswer()
    #expect(answer.contains("\r\nConnection: \(said)\r\n"))
    #expect(client.readToEnd() == ("", .closed))
  }

  @Test func `a hundred pipelined requests are answered in order, then the connection ends`() throws
  {
    let server = try Self.started()
    let client = try TCPClient(port: server.port)
    let numbers = 0..<120
    try client.send(numbers.map { "GET /\($0) HTTP/1.1\r\nHost: [::1]:8\r\n\r\n" }.joined())
    for number in 0..<100 {
      #expect(client.readAnswer().hasSuffix("\r\n\r\nGET /\(number)"))
    }
    #expect(client.readToEnd() == ("", .closed))
  }

  @Test func `a body goes out byte by byte, and the connection stays`() throws {
    let interval = Duration.milliseconds(5)
    let server = try HTTPServer(listeningOn: [.loopback(port: 0)]) { request in
      var response = HTTPResponse.text(200, request.path)
      response.bodyInterval = interval
      return response
    }
    try server.start()
    let client = try TCPClient(port: server.addresses[0].port)
    for method in ["GET", "HEAD", "GET"] {
      let begin = ContinuousClock.now
      try client.send("\(method) /drip HTTP/1.1\r\nHost: localhost\r\n\r\n")
      let answer = client.readAnswer(toHead: method == "HEAD")
      #expect(answer.contains("Content-Length: 5\r\n"))
      #expect(answer.hasSuffix(method == "HEAD" ? "\r\n\r\n" : "\r\n\r\n/drip"))
      if method == "GET" { #expect(ContinuousClock.now - begin >= interval * 4) }
    }
  }

  @Test func `a head may be answered before its body is read`() throws {
    var configuration = HTTPServer.Configuration()
    configuration.limits.bodyBytesMax = 100
    let server = try HTTPServer(
      listeningOn: [.loopback(port: 0)], configuration: configuration,
      headHandler: { head in
        switch head.path {
        case "/reset": .reset()
        case "/refused": .text(403, head.method)
        default: nil
        }
      }, handler: { .text(200, String(decoding: $0.body, as: UTF8.self)) })
    try server.start()
    for (path, end) in [("/reset", ("", true)), ("/refused", ("POST", false))] {
      let client = try TCPClient(port: server.addresses[0].port)
      try client.send("POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n")
      let (text, ending) = client.readToEnd()
      #expect(text.hasSuffix(end.0) && (ending == .reset) == end.1)
    }
    let client = try TCPClient(port: server.addresses[0].port)
    try client.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\na")
    #expect(!client.hasInput(withinMilliseconds: 20))
    try client.send("b")
    #expect(client.readAnswer().hasSuffix("\r\n\r\nab"))
  }

  @Test func `a half-closed client is still answered`() throws {
    let server = try Self.started()
    let client = try TCPClient(port: server.port)
    try client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    client.endOutput()
    let (text, ending) = client.readToEnd()
    #expect(text.hasSuffix("GET /"))
    #expect(ending == .closed)
  }

  @Test func `a refusal arrives although the client goes on sending`() throws {
    let server = try Self.started()
    let client = try TCPClient(port: server.port)
    try client.send("GET /" + String(repeating: "a", count: 2_000_000))
    let (text, ending) = client.readToEnd()
    #expect(
      text == "HTTP/1.1 414 URI Too Long\r\nContent-Type: text/plain; charset=utf-8\r\n"
        + "X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n"
        + "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 40\r\nConnection: close\r\n\r\n414 URI Too Long: request line too long\n"
    )
    #expect(ending == .closed)
  }

  @Test(arguments: ["", "GET / HT", "GET / HTTP/1.1\r\nHost: localhost\r\n"])
  func `a silent client gets 408 at the absolute deadline`(wire: String) throws {
    let server = try Self.started { $0.headerDeadline = .milliseconds(50) }
    let client = try TCPClient(port: server.port)
    try client.send(wire)
    let (text, ending) = client.readToEnd()
    #expect(text.hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
    #expect(ending == .closed)
  }

  @Test func `a byte now and then does not put the deadline off`() throws {
    let server = try Self.started { $0.headerDeadline = .milliseconds(100) }
    let client = try TCPClient(port: server.port)
    var bytesSent = 0
    repeat {
      try client.send("a")
      bytesSent += 1
    } while bytesSent < 50 && !client.hasInput(withinMilliseconds: 20)
    #expect(client.readToEnd().text.hasPrefix("HTTP/1.1 408 "))
    #expect(bytesSent < 50)
  }

  @Test func `a body that does not come gets 408`() throws {
    let server = try Self.started {
      $0.limits.bodyBytesMax = 8
      $0.bodyDeadline = .milliseconds(50)
    }
    let client = try TCPClient(port: server.port)
    try client.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\na")
    #expect(client.readToEnd().text.hasPrefix("HTTP/1.1 408 "))
  }

  @Test func `a client that does not read is closed, and others are served meanwhile`() throws {
    let server = try Self.started { $0.writeDeadline = .milliseconds(200) }
    let slow = try TCPClient(port: server.port)
    try slow.send("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
    let quick = try TCPClient(port: server.port)
    try quick.send("GET /b HTTP/1.1\r\nHost: localhost\r\n\r\n")
    #expect(quick.readAnswer().hasSuffix("GET /b"))
    try quick.send("GET /slept HTTP/1.1\r\nHost: localhost\r\n\r\n")
    #expect(quick.readAnswer().hasSuffix("GET /slept"))
    let (text, _) = slow.readToEnd()
    #expect(text.utf8.count < Self.largeBytes)
  }

  @Test func `a delayed answer holds up nobody else`() throws {
    let server = try Self.started()
    let late = try TCPClient(port: server.port)
    try late.send("GET /late HTTP/1.1\r\nHost: localhost\r\n\r\n")
    let prompt = try TCPClient(port: server.port)
    let begin = ContinuousClock.now
    try prompt.send("GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n")
    #expect(prompt.readAnswer().hasSuffix("GET /a"))
    #expect(late.readAnswer().hasSuffix("GET /late"))
    #expect(ContinuousClock.now - begin >= .milliseconds(200))
  }

  @Test func `a connection is reset on request`() throws {
    let server = try Self.started()
    let client = try TCPClient(port: server.port)
    try client.send("GET /reset HTTP/1.1\r\nHost: localhost\r\n\r\n")
    #expect(client.readToEnd() == ("", .reset))
  }

  @Test(arguments: [
    ("localhost", 200), ("LOCALHOST:1", 200), ("127.0.0.1:19464", 200), ("[::1]", 200),
    ("evil.example", 403), ("localhost.evil.example", 403), ("", 403), ("127.0.0.2", 403),
  ])
  func `on loopback only loopback names are served`(host: String, status: Int) throws {
    let server = try Self.started()
    let client = try TCPClient(port: server.port)
    try client.send("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n")
    #expect(client.readAnswer().hasPrefix("HTTP/1.1 \(status) "))
    // RFC 9112 §3.2.2: the target's authority counts, not the field.
    try client.send("GET http://\(host)/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
    #expect(client.readAnswer().hasPrefix("HTTP/1.1 \(host.isEmpty ? 400 : status) "))
  }

  @Test func `Expect is answered with 100 before the body is sent`() throws {
    let server = try Self.started { $0.limits.bodyBytesMax = 8 }
    let client = try TCPClient(port: server.port)
    try client.send(
      "POST /p HTTP/1.1\r\nHost: localhost\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n")
    #expect(client.readAnswer() == "HTTP/1.1 100 Continue\r\n\r\n")
    try client.send("ok")
    #expect(client.readAnswer().hasSuffix("POST /p"))
  }

  @Test func `an answer has the date of its handler, else that of the server`() throws {
    let server = try HTTPServer(listeningOn: [.loopback(port: 0)]) { request in
      request.path == "/own"
        ? HTTPResponse(status: 200, headers: ["date": "Mon, 01 Jan 0001 00:00:00 GMT"])
        : .text(200, "")
    }
    try server.start()
    let client = try TCPClient(port: server.addresses[0].port)
    try client.send("GET /own HTTP/1.1\r\nHost: localhost\r\n\r\n")
    let own = client.readAnswer()
    #expect(own.contains("\r\ndate: Mon, 01 Jan 0001 00:00:00 GMT\r\n"))
    #expect(!own.contains("\r\nDate: "))
    let before = Int64(time(nil))
    try client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    let answer = client.readAnswer()
    let dates = (before...Int64(time(nil))).compactMap { HTTPHeaders.date(secondsSince1970: $0) }
    #expect(dates.contains { answer.contains("\r\nDate: \($0)\r\n") })
  }

  @Test(arguments: [
    (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
    (-1, "Wed, 31 Dec 1969 23:59:59 GMT"), (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
    (-62_135_596_800, "Mon, 01 Jan 0001 00:00:00 GMT"), (Int64.max, nil), (Int64.min, nil),
    (67_768_036_191_676_799, "Wed, 31 Dec 2147485547 23:59:59 GMT"),
  ])
  func `a date is an IMF-fixdate`(seconds: Int64, text: String?) {
    #expect(HTTPHeaders.date(secondsSince1970: seconds) == text)
  }

  @Test func `a header value cannot begin a header`() throws {
    let date = "Sun, 06 Nov 1994 08:49:37 GMT"
    let server = try HTTPServer(listeningOn: [.loopback(port: 0)]) { _ in
      HTTPResponse(
        status: 204,
        headers: ["X": "a\r\nSet-Cookie: b", "Date": date, "Content-Length": "7"], body: [1])
    }
    try server.start()
    let client = try TCPClient(port: server.port)
    try client.send("GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
    #expect(
      client.readToEnd().text
        == "HTTP/1.1 204 No Content\r\nX: a  Set-Cookie: b\r\nDate: \(date)\r\n"
        + "Connection: close\r\n\r\n")
  }

  @Test func `several addresses are served by one loop`() throws {
    let server = try HTTPServer(listeningOn: [.loopback(port: 0), ListenAddress(":0")]) { _ in
      .text(200, "here")
    }
    try server.start()
    for address in server.addresses {
      let client = try TCPClient(port: address.port)
      try client.send("GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
      #expect(client.readToEnd().text.hasSuffix("here"))
    }
  }
}

// MARK: - Fixtures

extension HTTPServerTests {
  /// More than the kernel keeps for both ends of a connection.
  static let largeBytes = 16 * 1024 * 1024

  /// Echoes method and path; some paths do more.
  static func started(
    arrived: Semaphore? = nil, configure: (inout HTTPServer.Configuration) -> Void = { _ in }
  ) throws -> HTTPServer {
    var configuration = HTTPServer.Configuration()
    configuration.clock = { 784_111_777 }
    configure(&configuration)
    let server = try HTTPServer(
      listeningOn: [.loopback(port: 0)], configuration: configuration
    ) { request in
      defer { arrived?.signal() }
      var response = HTTPResponse.text(200, "\(request.method) \(request.path)")
      switch request.path {
      case "/large": response.body = [UInt8](repeating: 0x61, count: largeBytes)
      case "/late": response.delay = .milliseconds(200)
      case "/slept": response.delay = .milliseconds(400)
      case "/never": response.delay = .seconds(3600)
      case "/reset": return .reset(after: .milliseconds(1))
      default: break
      }
      return response
    }
    try server.start()
    return server
  }
}

extension HTTPServer {
  var port: UInt16 { addresses.first?.port ?? 0 }
}

/// Counts up on the server's thread; a test waits for it on its own.
final class Semaphore: Sendable {
  private let count = Atomic<Int>(0)

  func signal() { count.add(1, ordering: .releasing) }

  func wait() {
    while count.load(ordering: .acquiring) == 0 { sched_yield() }
    count.subtract(1, ordering: .relaxed)
  }
}

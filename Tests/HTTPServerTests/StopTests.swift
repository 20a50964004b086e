import AttemptLog
import HTTPServer
import TestSupport
import Testing
import Threading

struct StopTests {
  @Test func `stop finishes the answer in work and refuses new connections`() throws {
    let arrived = Semaphore()
    let server = try HTTPServerTests.started(arrived: arrived)
    let port = server.port
    let idle = try TCPClient(port: port)
    let late = try TCPClient(port: port)
    try late.send("GET /late HTTP/1.1\r\nHost: localhost\r\n\r\n")
    arrived.wait()
    server.stop()
    #expect(late.readToEnd().text.hasSuffix("GET /late"))
    #expect(idle.readToEnd().text == "")
    #expect(throws: TCPClient.Failure.self) { try TCPClient(port: port) }
    server.stop()
  }

  @Test func `stop does not wait longer than its deadline`() throws {
    let arrived = Semaphore()
    let server = try HTTPServerTests.started(arrived: arrived) {
      $0.stopDeadline = .milliseconds(50)
    }
    let client = try TCPClient(port: server.port)
    try client.send("GET /never HTTP/1.1\r\nHost: localhost\r\n\r\n")
    arrived.wait()
    let begin = ContinuousClock.now
    server.stop()
    #expect(ContinuousClock.now - begin < .seconds(2))
    #expect(client.readToEnd() == ("", .closed))
  }

  @Test func `a server that goes away stops`() throws {
    var server: HTTPServer? = try HTTPServerTests.started()
    let port = try #require(server).port
    server = nil
    #expect(throws: TCPClient.Failure.self) { try TCPClient(port: port) }
  }

  @Test func `stop finishes an answer that is half read`() throws {
    let arrived = Semaphore()
    let server = try HTTPServerTests.started(arrived: arrived) {
      $0.stopDeadline = .seconds(60)
      $0.writeDeadline = .seconds(60)
    }
    let client = try TCPClient(port: server.port)
    try client.send("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
    arrived.wait()
    let hasEnded = Locked(false)
    // Not a task: the other tests may keep the pool busy.
    let stopping = try BlockingThread {
      server.stop()
      hasEnded.withLock { $0 = true }
    }
    // What came before is in the socket's buffers, which are much smaller than the answer.
    while (try? TCPClient(port: server.port)) != nil {}
    #expect(!hasEnded.withLock { $0 })
    #expect(client.readToEnd().text.utf8.count > HTTPServerTests.largeBytes)
    stopping.join()
  }
}

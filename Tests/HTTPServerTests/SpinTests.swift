import Glibc
import HTTPServer
import TestSupport
import Testing

// In processes of their own: processor time and descriptors are counted by process. Not in exit tests
// where descriptors run out: Dispatch dies without one.
struct SpinTests {
  @Test func `a stop that waits for an answer waits idle`() async {
    await #expect(processExitsWith: .success) {
      let arrived = Semaphore()
      let server = try HTTPServerTests.started(arrived: arrived)
      let client = try TCPClient(port: server.port)
      try client.send("GET /late HTTP/1.1\r\nHost: localhost\r\n\r\n")
      arrived.wait()
      let begin = clock()
      server.stop()
      #expect(client.readAnswer().hasSuffix("GET /late"))
      #expect(clock() - begin < CLOCKS_PER_SEC / 20)
    }
  }

  // Of the two guards, `MSG_NOSIGNAL` and a thread that blocks every signal, one is enough.
  @Test func `a client that vanishes costs its connection and no signal`() async {
    await #expect(processExitsWith: .success) {
      signal(SIGPIPE, SIG_DFL)
      let server = try HTTPServerTests.started()
      var gone: TCPClient? = try TCPClient(port: server.port)
      // The second answer meets what the first has provoked.
      for path in ["/late", "/a", "/b"] {
        try gone?.send("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n")
      }
      let begin = ContinuousClock.now
      func wait(open count: Int) {
        while server.counters.openConnections != count,
          ContinuousClock.now - begin < .seconds(60)
        { sched_yield() }
        #expect(server.counters.openConnections == count)
      }
      wait(open: 1)
      gone = nil
      wait(open: 0)
      let next = try TCPClient(port: server.port)
      try next.send("GET /b HTTP/1.1\r\nHost: localhost\r\n\r\n")
      #expect(next.readAnswer().hasSuffix("GET /b"))
    }
  }

  @Test func `without descriptors the server neither spins nor dies`() throws {
    let tool = try BuiltTool("provider-simulator", [], descriptorsMax: 16)
    let port = try #require(tool.line().split(separator: ":").last.flatMap { UInt16($0) })
    let begin = try tool.processorTicks()
    // The first ones take what there is; the last is taken by the spare descriptor and closed.
    var clients = try (0..<16).map { _ in try TCPClient(port: port) }
    #expect(clients.last?.readToEnd() ?? ("", .timedOut) == ("", .closed))
    let ticks = try tool.processorTicks() - begin
    #expect(ticks < 20)
    clients = []
    // One that comes before the closed ones are gone is closed like them.
    var answer = ""
    for _ in 0..<100 where answer.isEmpty {
      let client = try TCPClient(port: port)
      try client.send("GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
      answer = client.readToEnd().text
    }
    #expect(answer.hasPrefix("HTTP/1.1 404 "))
    tool.send(signal: SIGTERM)
    #expect(tool.finish().status == 0)
  }
}

import Glibc
import HTTPServer
import TestSupport
import Testing

// In processes of their own: processor time and descriptors are counted by process.
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

  @Test func `without descriptors the server neither spins nor dies`() async {
    await #expect(processExitsWith: .success) {
      let server = try HTTPServer(listeningOn: [.loopback(port: 0)]) { _ in .text(200, "here") }
      try server.start()
      var limit = rlimit(rlim_cur: 64, rlim_max: 64)
      let limited = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      #expect(limited == 0)
      var fillers: [Int32] = []
      while true {
        let filler = open("/dev/null", O_RDONLY)
        guard filler >= 0 else { break }
        fillers.append(filler)
      }
      #expect(errno == EMFILE)

      // The client takes the last descriptor, so the server has none but its spare.
      close(fillers.removeLast())
      let begin = clock()
      let start = ContinuousClock.now
      for _ in 0..<3 {
        // From the second on, a client waits for the end of the pause: time for a spin to show.
        let client = try TCPClient(port: server.addresses[0].port)
        #expect(client.readToEnd() == ("", .closed))
      }
      #expect(ContinuousClock.now - start >= .milliseconds(200))
      #expect(clock() - begin < CLOCKS_PER_SEC / 20)
      for filler in fillers { close(filler) }
      let client = try TCPClient(port: server.addresses[0].port)
      try client.send("GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
      #expect(client.readToEnd().text.hasSuffix("here"))
    }
  }
}

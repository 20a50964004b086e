import Glibc
import HTTPServer
import Testing

struct ListenAddressTests {
  @Test(arguments: [
    ("127.0.0.1:19464", 19464, true), ("127.9.9.9:1", 1, true), ("0.0.0.0:0", 0, false),
    (":19464", 19464, false), ("[::1]:65535", 65535, true), ("[::]:1", 1, false),
    ("[fe80::1]:1", 1, false),
  ])
  func `an address is read and written back`(text: String, port: UInt16, isLoopback: Bool) throws {
    let address = try ListenAddress(text)
    #expect(address.port == port)
    #expect(address.isLoopback == isLoopback)
    #expect("\(address)" == text)
  }

  @Test(arguments: [
    "", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1",
    "127.0.0.1:0x1", "127.0.0:1", "localhost:1", "::1:1x", "::1:1", "[127.0.0.1]:1", "[::1:1",
    "[]:1",
    "127.0.0.1\0:1", "127.0.0.1:000001",
  ])
  func `what is not an address is refused`(text: String) {
    let error = #expect(throws: MalformedListenAddress.self) { try ListenAddress(text) }
    #expect(
      error?.description
        == "cannot listen on \"\(text)\": expected ADDRESS:PORT, [IPV6]:PORT or :PORT")
  }

  @Test func `errors name the address and the reason`() throws {
    let first = try HTTPServer(listeningOn: [.loopback(port: 0)]) { _ in .text(200, "") }
    let address = try #require(first.addresses.first)
    let error = #expect(throws: ListenError.self) {
      try HTTPServer(listeningOn: [address]) { _ in .text(200, "") }
    }
    #expect(
      error.map { "\($0)" }
        == "cannot listen on \(address): address already in use (bind, errno 98)")
  }
}

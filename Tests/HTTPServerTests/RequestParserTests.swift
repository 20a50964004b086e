import HTTPServer
import Testing

struct RequestParserTests {
  struct Refused: Sendable, CustomTestStringConvertible {
    let wire: String
    let refusal: RequestRefusal
    var testDescription: String { "\(refusal): \(String(wire.prefix(60)).debugDescription)" }

    init(_ wire: String, _ refusal: RequestRefusal) {
      self.wire = wire
      self.refusal = refusal
    }
  }

  @Test func `a request is taken apart`() {
    let wire =
      "GET /metrics?a=b?c HTTP/1.1\r\nHost: localhost:1\r\nX-A:  \t one two \t\r\nx-a:\r\n\r\n"
    #expect(
      steps(wire) == [
        .request(
          HTTPRequest(
            method: "GET", target: "/metrics?a=b?c",
            headers: ["Host": "localhost:1", "X-A": "one two", "x-a": ""])), .needMore,
      ])
    let request = HTTPRequest(method: "GET", target: "/metrics?a=b?c", headers: ["X-A": "1"])
    #expect(request.path == "/metrics")
    #expect(request.query == "a=b?c")
    #expect(request.headers["x-A"] == "1")
  }

  @Test(arguments: [
    ("/", "/", nil), ("/%6detrics", "/%6detrics", nil), ("//metrics/..", "//metrics/..", nil),
    ("/a?", "/a", ""), ("http://localhost:1/a?b", "/a", "b"), ("HTTP://localhost", "/", nil),
    ("http://localhost?b", "/", "b"),
  ])
  func `the path is the target's bytes before the question mark`(
    target: String, path: String, query: String?
  ) {
    guard case .request(let request) = steps("GET \(target) HTTP/1.1\r\nHost: x\r\n\r\n").first
    else {
      Issue.record("\(target) was refused")
      return
    }
    #expect(request.path == path)
    #expect(request.query == query)
    #expect(request.rawTarget == target)
  }

  @Test(arguments: [
    "GET / HTTP/1.1\r\nHost: \r\n\r\n", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
    "GET / HTTP/1.0\r\n\r\n", "\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n",
    "get / HTTP/1.1\r\nHost: x\r\n\r\n", "TRACE / HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x\r\nX: \u{e9}\r\n\r\n",
  ])
  func `sound framing is a request even if no handler will like it`(wire: String) {
    #expect(steps(wire).map(kind) == ["request", "needMore"])
  }

  @Test(arguments: [
    Refused("GET / HTTP/1.1\n", .bareLineFeed),
    Refused("GET / HTTP/1.1\r\nHost: x\n\n", .bareLineFeed),
    Refused("GET / HTTP/1.1\rHost: x\r\n\r\n", .bareCarriageReturn),
    Refused("GET / HTTP/1.1\r\nHost: x\r\nX: a\rb\r\n\r\n", .bareCarriageReturn),
    Refused("GET / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n", .controlCharacter),
    Refused("GET / HTTP/1.1\r\nHost: x\r\nX: a\u{1b}[2J\r\n\r\n", .controlCharacter),
    Refused("\u{16}\u{3}\u{1}\u{2}\0\u{1}", .controlCharacter),
    Refused("\r\n\r\nGET / HTTP/1.1\r\n", .malformedRequestLine),
    Refused("GET /\r\n", .malformedRequestLine),
    Refused("GET  / HTTP/1.1\r\n", .malformedRequestLine),
    Refused("GET / HTTP/1.1 \r\n", .malformedRequestLine),
    Refused(" GET / HTTP/1.1\r\n", .malformedRequestLine),
    Refused("G(T / HTTP/1.1\r\n", .malformedRequestLine),
    Refused("GET metrics HTTP/1.1\r\n", .malformedRequestLine),
    Refused("GET * HTTP/1.1\r\n", .malformedRequestLine),
    Refused("GET x:80 HTTP/1.1\r\n", .malformedRequestLine),
    Refused("GET http:///a HTTP/1.1\r\n", .malformedRequestLine),
    Refused("GET http://u@h/a HTTP/1.1\r\n", .malformedRequestLine),
    Refused("GET /\u{e9} HTTP/1.1\r\n", .malformedRequestLine),
    Refused("GET / http/1.1\r\n", .malformedRequestLine),
    Refused("GET / HTTP/1.1.1\r\n", .malformedRequestLine),
    Refused("GET / HTTP/1.2\r\n", .unsupportedVersion),
    Refused("GET / HTTP/0.9\r\n", .unsupportedVersion),
    Refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .unsupportedVersion),
    Refused("GET / HTTP/1.1\r\nHost : x\r\n\r\n", .malformedField),
    Refused("GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", .malformedField),
    Refused("GET / HTTP/1.1\r\nHost: x\r\n: v\r\n\r\n", .malformedField),
    Refused("GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n", .foldedField),
    Refused("GET / HTTP/1.1\r\n Host: x\r\n\r\n", .foldedField),
    Refused("GET / HTTP/1.1\r\n\r\n", .missingHost),
    Refused("GET / HTTP/1.1\r\nHost: x\r\nhost: x\r\n\r\n", .severalHosts),
    Refused("GET / HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n", .severalHosts),
    Refused("GET / HTTP/1.1\r\nHost: x y\r\n\r\n", .malformedHost),
    Refused("GET / HTTP/1.1\r\nHost: x/y\r\n\r\n", .malformedHost),
    Refused("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", .malformedHost),
    Refused("GET / HTTP/1.1\r\nHost: x:8o\r\n\r\n", .malformedHost),
    Refused(post("Content-Length: 1", "Transfer-Encoding: chunked"), .lengthAndTransferEncoding),
    Refused(post("Content-Length: 5", "Content-Length: 5"), .severalLengths),
    Refused(post("Content-Length: 5, 5"), .malformedLength),
    Refused(post("Content-Length: +5"), .malformedLength),
    Refused(post("Content-Length: -1"), .malformedLength),
    Refused(post("Content-Length: 0x5"), .malformedLength),
    Refused(post("Content-Length:"), .malformedLength),
    Refused(post("Content-Length: 9223372036854775807"), .bodyTooLarge),
    Refused(post("Content-Length: 9223372036854775808"), .malformedLength),
    Refused(post("Content-Length: 18446744073709551616"), .malformedLength),
    Refused(post("Content-Length: 33"), .bodyTooLarge),
    Refused(post("Transfer-Encoding: xchunked"), .unknownTransferEncoding),
    Refused(post("Transfer-Encoding: gzip, chunked"), .unknownTransferEncoding),
    Refused(post("Transfer-Encoding: chunked, gzip"), .malformedTransferEncoding),
    Refused(
      post("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), .malformedTransferEncoding),
    Refused(post("Transfer-Encoding:"), .malformedTransferEncoding),
    Refused(
      "POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", .transferEncodingInHTTP10),
    Refused(chunked("x\r\n"), .malformedChunk),
    Refused(chunked("\r\n"), .malformedChunk),
    Refused(chunked("-1\r\n"), .malformedChunk),
    Refused(chunked("1 \r\na\r\n"), .malformedChunk),
    Refused(chunked("8000000000000000\r\n"), .malformedChunk),
    Refused(chunked("7fffffffffffffff\r\n"), .bodyTooLarge),
    Refused(chunked("2\r\nabc\r\n"), .malformedChunk),
    Refused(chunked("2\nab\r\n"), .bareLineFeed),
    Refused(chunked("20\r\n\(String(repeating: "a", count: 32))\r\n1\r\nb\r\n"), .bodyTooLarge),
    Refused(chunked("1;\(String(repeating: "e", count: 300))\r\n"), .malformedChunk),
  ])
  func `unsound framing is refused`(refused: Refused) {
    #expect(steps(refused.wire, bodyBytesMax: 32) == [.refusal(refused.refusal)])
    // The same bytes one at a time end the same way.
    #expect(steps(refused.wire, bodyBytesMax: 32, atATime: 1) == [.refusal(refused.refusal)])
  }

  @Test func `a refusal says the same again`() {
    var parser = RequestParser()
    parser.feed(Array("\n".utf8).span)
    #expect(parser.next() == .refusal(.bareLineFeed))
    parser.feed(Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8).span)
    #expect(parser.next() == .refusal(.bareLineFeed))
  }

  @Test(arguments: [
    (RequestRefusal.requestLineTooLong, 414), (.headersTooLarge, 431), (.tooManyFields, 431),
    (.bodyTooLarge, 413), (.unknownTransferEncoding, 501), (.unsupportedVersion, 505),
    (.severalHosts, 400),
  ])
  func `each refusal has its status`(refusal: RequestRefusal, status: Int) {
    #expect(refusal.status == status)
  }

  @Test func `limits hold to the byte`() {
    let line = "GET /\(String(repeating: "a", count: 8192 - 14)) HTTP/1.1"
    #expect(line.utf8.count == 8192)
    #expect(steps(line + "\r\nHost: x\r\n\r\n").map(kind) == ["request", "needMore"])
    #expect(steps("a" + line) == [.refusal(.requestLineTooLong)])

    let field = "X: \(String(repeating: "a", count: 16 * 1024 - 14))\r\n"
    let host = "GET / HTTP/1.1\r\nHost: x\r\n"
    #expect(steps(host + field + "\r\n").map(kind) == ["request", "needMore"])
    #expect(steps(host + "X" + field + "\r\n") == [.refusal(.headersTooLarge)])

    let fields = String(repeating: "X: a\r\n", count: 63)
    #expect(steps(host + fields + "\r\n").map(kind) == ["request", "needMore"])
    #expect(steps(host + fields + "X: a\r\n") == [.refusal(.tooManyFields)])
  }

  @Test func `without room for bodies an announced one is refused unread`() {
    #expect(steps(Self.post("Content-Length: 1")) == [.refusal(.bodyTooLarge)])
    #expect(steps(Self.chunked("")) == [.refusal(.bodyTooLarge)])
  }

  @Test(arguments: [1, 3, 1000])
  func `pipelined requests come out in order however they are cut`(atATime: Int) {
    let wire =
      Self.post("Content-Length: 3") + "abc"
      + Self.chunked("2\r\nde\r\n001;x=\"y\" \r\nf\r\n0\r\nTrailer: t\r\n\r\n")
      + "GET /last HTTP/1.0\r\n\r\n"
    let requests = steps(wire, bodyBytesMax: 8, atATime: atATime).compactMap {
      if case .request(let request) = $0 { request } else { nil }
    }
    #expect(requests.map(\.body) == [Array("abc".utf8), Array("def".utf8), []])
    #expect(requests.map(\.path) == ["/", "/", "/last"])
    #expect(requests.map(\.minorVersion) == [1, 1, 0])
  }

  @Test func `no bytes crash the parser`() {
    let alphabet = Array(
      "GETPOS /:\r\n\r\n\r\nHost0123456789chunkedTransfer-EncodingLength,; \0\u{e9}".utf8)
    let starts = [
      "", Self.post("Content-Length: 3"), Self.chunked(""), "GET / HTTP/1.1\r\nHost: x\r\n",
    ]
    var generator = SystemRandomNumberGenerator()
    for round in 0..<2000 {
      var wire = Array(starts[round % starts.count].utf8)
      for _ in 0..<Int.random(in: 0..<120, using: &generator) {
        wire.append(alphabet.randomElement(using: &generator) ?? 0)
      }
      let together = steps(wire, bodyBytesMax: 32, atATime: wire.count + 1)
      #expect(together == steps(wire, bodyBytesMax: 32, atATime: 1), "\(wire)")
    }
  }
}

// MARK: - Wire text

extension RequestParserTests {
  static func post(_ fields: String...) -> String {
    "POST / HTTP/1.1\r\nHost: x\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n"
  }

  static func chunked(_ body: String) -> String {
    post("Transfer-Encoding: chunked") + body
  }

  func steps(
    _ wire: String, bodyBytesMax: Int = 0, atATime: Int = .max
  ) -> [RequestParser.Step] {
    steps(Array(wire.utf8), bodyBytesMax: bodyBytesMax, atATime: atATime)
  }

  /// Every request, then how the bytes ended.
  func steps(_ wire: [UInt8], bodyBytesMax: Int, atATime: Int) -> [RequestParser.Step] {
    var limits = RequestParser.Limits()
    limits.bodyBytesMax = bodyBytesMax
    var parser = RequestParser(limits: limits)
    var steps: [RequestParser.Step] = []
    var rest = wire[...]
    repeat {
      parser.feed(Array(rest.prefix(atATime)).span)
      rest = rest.dropFirst(atATime)
      while case .request(let request) = parser.next() { steps.append(.request(request)) }
    } while !rest.isEmpty
    steps.append(parser.next())
    return steps
  }

  func kind(_ step: RequestParser.Step) -> String {
    switch step {
    case .needMore: "needMore"
    case .request: "request"
    case .refusal(let refusal): "\(refusal)"
    }
  }
}

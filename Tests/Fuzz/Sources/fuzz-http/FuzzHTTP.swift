import HTTPServer
import Monitor

/// What libFuzzer calls with each input: a byte that says how to cut and how much body is allowed,
/// then what a client sends.
@c(LLVMFuzzerTestOneInput)
public func fuzzHTTP(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  guard let choice = bytes.first else { return 0 }
  let wire = bytes.dropFirst()
  let bodyBytesMax = choice & 1 == 0 ? 0 : 64
  let whole = steps(wire, bodyBytesMax: bodyBytesMax, atATime: wire.count)
  // Where the network cuts the bytes changes nothing.
  for atATime in [1, 1 + Int(choice >> 1)] {
    let parts = steps(wire, bodyBytesMax: bodyBytesMax, atATime: atATime)
    precondition(whole == parts, "\(atATime) at a time: \(whole) became \(parts)")
  }
  for case .request(let request) in whole { check(request, bodyBytesMax: bodyBytesMax) }
  return 0
}

/// Every request, then how the bytes ended.
private func steps(
  _ wire: ArraySlice<UInt8>, bodyBytesMax: Int, atATime: Int
) -> [RequestParser.Step] {
  var limits = RequestParser.Limits()
  limits.bodyBytesMax = bodyBytesMax
  var parser = RequestParser(limits: limits)
  var steps: [RequestParser.Step] = []
  var rest = wire
  repeat {
    parser.feed(Array(rest.prefix(atATime)).span)
    rest = rest.dropFirst(atATime)
    while case .request(let request) = parser.next() { steps.append(.request(request)) }
  } while !rest.isEmpty
  let last = parser.next()
  if case .refusal(let refusal) = last {
    // Nothing that follows is taken for a request.
    parser.feed(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8).span)
    precondition(parser.next() == last, "after \(refusal)")
    precondition((400...505).contains(refusal.status), "\(refusal): \(refusal.status)")
  }
  return steps + [last]
}

private let endpoint = Endpoint { .readingBacklog(bytesLeft: 1) }

/// What RFC 9112 promises of a request that was let through, and what the endpoint makes of it.
private func check(_ request: HTTPRequest, bodyBytesMax: Int) {
  let hosts = request.headers.values("host").count
  precondition(request.minorVersion == 0 ? hosts <= 1 : hosts == 1, "\(hosts) Hosts")
  let lengths = request.headers.values("content-length").count
  let codings = request.headers.values("transfer-encoding").count
  precondition(lengths + codings <= 1, "\(lengths) lengths, \(codings) codings")
  precondition(request.body.count <= bodyBytesMax, "a body of \(request.body.count) bytes")
  precondition(request.headers.fields.count <= 64, "\(request.headers.fields.count) fields")
  for field in request.headers.fields {
    let isPlain = field.value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
    precondition(isPlain && !field.name.isEmpty, "\(field)")
  }
  precondition(request.rawTarget.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, request.rawTarget)
  for name in ["Accept", "Accept-Encoding"] {
    for element in request.headers.weightedElements(name) {
      precondition((0...1000).contains(element.weight) && !element.name.isEmpty, "\(element)")
    }
  }
  var asked = request
  asked.path = "/metrics"
  for request in [request, asked] {
    let response = endpoint.respond(to: request)
    precondition([200, 404, 405, 503].contains(response.status), "\(response.status)")
    if let limit = response.timeLimit {
      precondition((Duration.milliseconds(500)...(.milliseconds(59_500))).contains(limit))
    }
  }
}

/// What a handler gives back.
public struct HTTPResponse: Sendable, Equatable {
  /// From 200 to 599.
  public var status: Int
  /// `Content-Length`, `Connection` and `Transfer-Encoding` are the server's: such fields are left
  /// out; and `Date`, unless it is among these.
  public var headers: HTTPHeaders
  public var body: [UInt8]
  /// How long the answer is held back; other connections are served meanwhile.
  public var delay: Duration
  /// After the delay the connection is reset (TCP RST), and nothing is sent.
  public var resetsConnection = false
  /// Between two bytes of the body; with zero it goes out as fast as it can.
  public var bodyInterval = Duration.zero
  /// From the request to the last byte of the answer, where the client waits for less than
  /// `HTTPServer.Configuration.writeDeadline`; then the connection is closed.
  public var timeLimit: Duration?

  public init(
    status: Int, headers: HTTPHeaders = [:], body: [UInt8] = [], delay: Duration = .zero
  ) {
    precondition((200...599).contains(status), "a final status is 200 to 599, got \(status)")
    self.status = status
    self.headers = headers
    self.body = body
    self.delay = delay
  }

  public static func text(_ status: Int, _ text: String) -> HTTPResponse {
    HTTPResponse(
      status: status, headers: ["Content-Type": "text/plain; charset=utf-8"],
      body: Array(text.utf8))
  }

  public static func reset(after delay: Duration = .zero) -> HTTPResponse {
    var response = HTTPResponse(status: 500, delay: delay)
    response.resetsConnection = true
    return response
  }

  /// The answer of the server itself to what never reaches a handler.
  static func refusal(_ status: Int, _ reason: String) -> HTTPResponse {
    HTTPResponse(
      status: status,
      headers: [
        "Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
      ],
      body: Array("\(status) \(reasonPhrase(status)): \(reason)\n".utf8))
  }
}

// MARK: - On the wire

extension HTTPResponse {
  enum Persistence {
    case close
    /// Said only to a client of HTTP/1.0, for whom it is not the rule.
    case keepAlive
    case unsaid
  }

  func wireBytes(
    isHead: Bool, persistence: Persistence, secondsSince1970 now: Int64
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(256 + body.count)
    bytes.append(contentsOf: "HTTP/1.1 \(status) \(Self.reasonPhrase(status))\r\n".utf8)
    for field in headers.fields where !Self.isOwnedByServer(field.name) {
      Self.append(field.name, field.value, to: &bytes)
    }
    if headers.values("Date").isEmpty, let date = HTTPHeaders.date(secondsSince1970: now) {
      Self.append("Date", date, to: &bytes)
    }
    // RFC 9110 §8.6: no length on a 204, and a 304's would be that of another body.
    let hasBody = status != 204 && status != 304
    if hasBody { Self.append("Content-Length", String(body.count), to: &bytes) }
    switch persistence {
    case .close: Self.append("Connection", "close", to: &bytes)
    case .keepAlive: Self.append("Connection", "keep-alive", to: &bytes)
    case .unsaid: break
    }
    bytes.append(contentsOf: "\r\n".utf8)
    if hasBody && !isHead { bytes.append(contentsOf: body) }
    return bytes
  }

  private static func isOwnedByServer(_ name: String) -> Bool {
    ["content-length", "connection", "transfer-encoding"].contains(name.lowercased())
  }

  // RFC 9110 §5.5: CR, LF and NUL in a value become a space, so that no value begins a field.
  private static func append(_ name: String, _ value: String, to bytes: inout [UInt8]) {
    let held = { (byte: UInt8) in byte < 0x20 || byte == 0x7F ? UInt8(ascii: " ") : byte }
    bytes.append(contentsOf: name.utf8.lazy.map(held))
    bytes.append(contentsOf: ": ".utf8)
    bytes.append(contentsOf: value.utf8.lazy.map(held))
    bytes.append(contentsOf: "\r\n".utf8)
  }

  static func reasonPhrase(_ status: Int) -> String {
    switch status {
    case 200: "OK"
    case 201: "Created"
    case 202: "Accepted"
    case 204: "No Content"
    case 301: "Moved Permanently"
    case 302: "Found"
    case 303: "See Other"
    case 304: "Not Modified"
    case 307: "Temporary Redirect"
    case 308: "Permanent Redirect"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 402: "Payment Required"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 408: "Request Timeout"
    case 409: "Conflict"
    case 413: "Content Too Large"
    case 414: "URI Too Long"
    case 415: "Unsupported Media Type"
    case 422: "Unprocessable Content"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 500: "Internal Server Error"
    case 501: "Not Implemented"
    case 502: "Bad Gateway"
    case 503: "Service Unavailable"
    case 504: "Gateway Timeout"
    case 505: "HTTP Version Not Supported"
    // RFC 9112 §4: the phrase may be empty, the space before it not.
    default: ""
    }
  }
}

/// A request whose framing was sound.
public struct HTTPRequest: Sendable, Equatable {
  /// As sent: methods are case-sensitive (RFC 9110 §9.1).
  public var method: String
  /// The request target as sent: visible ASCII, nothing decoded.
  public var rawTarget: String
  /// The target's bytes before `?`, not decoded and not normalised; of an absolute-form target
  /// only what follows the authority.
  public var path: String
  /// The bytes after the first `?`, nil without one.
  public var query: String?
  /// The 1 of HTTP/1.1, the 0 of HTTP/1.0.
  public var minorVersion: Int
  public var headers: HTTPHeaders
  public var body: [UInt8]

  public init(
    method: String, target: String, minorVersion: Int = 1, headers: HTTPHeaders = [:],
    body: [UInt8] = []
  ) {
    self.method = method
    self.rawTarget = target
    self.minorVersion = minorVersion
    self.headers = headers
    self.body = body
    let local = Self.split(target).local.utf8
    let question = local.firstIndex(of: UInt8(ascii: "?"))
    path = String(Substring(local[..<(question ?? local.endIndex)]))
    query = question.map { String(Substring(local[local.index(after: $0)...])) }
  }

  /// Whom the client addressed: the target's authority if it has one, else the Host field.
  // RFC 9112 §3.2.2: an absolute-form target overrides Host.
  var authority: String? {
    Self.split(rawTarget).authority ?? headers["Host"]
  }

  /// Whether the client addressed this machine by a name of its own, in any case and with any port.
  var namesLoopback: Bool {
    guard let authority else { return false }
    // The parser let only `host`, `host:port`, `[host]` and `[host]:port` pass.
    let host =
      authority.utf8.first == UInt8(ascii: "[")
      ? authority.prefix { $0 != "]" } + "]" : authority.prefix { $0 != ":" }
    return ["localhost", "127.0.0.1", "[::1]"].contains(host.lowercased())
  }

  // RFC 9112 §9.3: 1.1 persists unless told to close, 1.0 only if asked to.
  var persists: Bool {
    if headers.listsToken("close", in: "Connection") { return false }
    return minorVersion >= 1 || headers.listsToken("keep-alive", in: "Connection")
  }

  /// Takes an absolute-form target apart; any other form has no authority.
  static func split(_ target: String) -> (authority: String?, local: String) {
    let bytes = target.utf8
    guard let scheme = ["http://", "https://"].first(where: { begins(bytes, with: $0) }) else {
      return (nil, target)
    }
    let rest = bytes.dropFirst(scheme.utf8.count)
    let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") }
    let authority = String(Substring(rest[..<(end ?? rest.endIndex)]))
    let local = String(Substring(rest[(end ?? rest.endIndex)...]))
    return (authority, local.utf8.first == UInt8(ascii: "/") ? local : "/" + local)
  }

  private static func begins(_ bytes: String.UTF8View, with prefix: String) -> Bool {
    bytes.prefix(prefix.utf8.count).elementsEqual(prefix.utf8) { asciiLowercased($0) == $1 }
  }
}

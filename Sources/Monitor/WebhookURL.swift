/// Where an Alertmanager takes alerts: `http://HOST[:PORT][/PREFIX]`.
public struct WebhookURL: Hashable, Sendable, CustomStringConvertible {
  /// Without the brackets of an IPv6 address.
  let host: String
  let port: UInt16
  /// Of the API, with a slash first.
  let path: String
  /// As it stands in a `Host` header.
  let authority: String

  static let alertsPath = "/api/v2/alerts"
  static let usualPort: UInt16 = 9093

  /// - Parameter text: the address of the Alertmanager, or that of its API.
  public init(_ text: String) throws(WebhookURLError) {
    let scheme = text.prefix { $0 != ":" }.lowercased()
    guard text.dropFirst(scheme.count).hasPrefix("://") else { throw .notHTTP }
    guard scheme == "http" else { throw scheme == "https" ? .tls : .notHTTP }
    let rest = text.dropFirst(scheme.count + 3)
    let authority = rest.prefix { $0 != "/" }
    // RFC 3986 §2: what is not in this set is to be percent-encoded, which names of hosts never are.
    guard text.utf8.allSatisfy({ $0 > UInt8(ascii: " ") && $0 < 0x7F }),
      !text.utf8.contains(where: { "?#@\"<>\\^`{|}".utf8.contains($0) })
    else { throw .malformed }
    (host, port) = try Self.hostAndPort(authority)
    self.authority = String(authority)
    var path = rest[authority.endIndex...]
    while path.hasSuffix("/") { path = path.dropLast() }
    self.path = path.hasSuffix(Self.alertsPath) ? String(path) : path + Self.alertsPath
  }

  public var description: String { "http://\(authority)\(path)" }

  private static func hostAndPort(
    _ authority: Substring
  ) throws(WebhookURLError) -> (String, UInt16) {
    var host = authority
    var port: Substring?
    if authority.hasPrefix("[") {
      guard let bracket = authority.lastIndex(of: "]") else { throw .malformed }
      host = authority[authority.index(after: authority.startIndex)..<bracket]
      let rest = authority[authority.index(after: bracket)...]
      guard rest.isEmpty || rest.hasPrefix(":") else { throw .malformed }
      port = rest.isEmpty ? nil : rest.dropFirst()
    } else if let colon = authority.lastIndex(of: ":") {
      host = authority[..<colon]
      port = authority[authority.index(after: colon)...]
      guard !host.utf8.contains(UInt8(ascii: ":")) else { throw .malformed }
    }
    guard !host.isEmpty else { throw .malformed }
    guard let port else { return (String(host), usualPort) }
    guard port.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      let number = UInt16(port), number > 0
    else { throw .malformed }
    return (String(host), number)
  }
}

/// Why a text is no address to which alerts can be posted.
public enum WebhookURLError: Error, Equatable, CustomStringConvertible {
  case notHTTP
  case tls
  case malformed

  public var description: String {
    switch self {
    case .notHTTP: "expected an address such as http://127.0.0.1:9093"
    case .tls:
      "https is not spoken here, only http: reach the Alertmanager on this host or through a local proxy"
    case .malformed: "expected http://HOST:PORT, with a path if the Alertmanager has a prefix"
    }
  }
}

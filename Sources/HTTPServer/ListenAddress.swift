import Glibc

/// Where to listen: `127.0.0.1:19464`, `[::1]:19464`, or `:19464` for every interface.
///
/// Port 0 lets the system choose. Names are not resolved.
public struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
  enum Host: Hashable, Sendable {
    /// In the order of the wire.
    case ipv4([UInt8])
    case ipv6([UInt8])
    case all
  }

  let host: Host
  private let hostText: String
  public private(set) var port: UInt16

  public init(_ text: String) throws(MalformedListenAddress) {
    let bytes = text.utf8
    guard let colon = bytes.lastIndex(of: UInt8(ascii: ":")),
      let port = Self.port(bytes[bytes.index(after: colon)...])
    else { throw MalformedListenAddress(text: text) }
    self.port = port
    hostText = String(Substring(bytes[..<colon]))
    guard let host = Self.host(hostText) else { throw MalformedListenAddress(text: text) }
    self.host = host
  }

  private init(hostText: String, host: Host, port: UInt16) {
    self.hostText = hostText
    self.host = host
    self.port = port
  }

  public static func loopback(port: UInt16) -> ListenAddress {
    ListenAddress(hostText: "127.0.0.1", host: .ipv4([127, 0, 0, 1]), port: port)
  }

  func with(port: UInt16) -> ListenAddress {
    ListenAddress(hostText: hostText, host: host, port: port)
  }

  public var description: String { "\(hostText):\(port)" }

  /// Whether only this machine can connect.
  public var isLoopback: Bool {
    switch host {
    case .ipv4(let bytes): bytes.first == 127
    case .ipv6(let bytes): bytes.last == 1 && bytes.dropLast().allSatisfy { $0 == 0 }
    case .all: false
    }
  }

  private static func port(_ digits: Substring.UTF8View) -> UInt16? {
    guard digits.count <= 5, digits.allSatisfy(isDigit) else { return nil }
    return UInt16(String(Substring(digits)))
  }

  private static func host(_ text: String) -> Host? {
    if text.isEmpty { return .all }
    if text.utf8.first == UInt8(ascii: "["), text.utf8.last == UInt8(ascii: "]") {
      return packed(AF_INET6, String(text.dropFirst().dropLast()), count: 16).map(Host.ipv6)
    }
    return packed(AF_INET, text, count: 4).map(Host.ipv4)
  }

  private static func packed(_ family: Int32, _ text: String, count: Int) -> [UInt8]? {
    guard !text.utf8.contains(0) else { return nil }
    var bytes = [UInt8](repeating: 0, count: count)
    return unsafe inet_pton(family, text, &bytes) == 1 ? bytes : nil
  }
}

/// The text is not `ADDRESS:PORT`.
public struct MalformedListenAddress: Error, Equatable, CustomStringConvertible {
  public let text: String

  public var description: String {
    "cannot listen on \"\(text)\": expected ADDRESS:PORT, [IPV6]:PORT or :PORT"
  }
}

/// A system call failed while the server came up.
public struct ListenError: Error, Equatable, CustomStringConvertible {
  public enum Operation: String, Sendable {
    case socket, bind, listen, getsockname, pipe
    case createThread = "pthread_create"
  }

  public let address: ListenAddress
  public let operation: Operation
  public let errno: Int32

  public var description: String {
    "cannot listen on \(address): \(reason) (\(operation.rawValue), errno \(errno))"
  }

  private var reason: String {
    guard let text = unsafe strerror(errno) else { return "unknown error" }
    let words = unsafe String(cString: text)
    return words.prefix(1).lowercased() + words.dropFirst()
  }
}

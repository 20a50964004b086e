import Glibc

/// A plain TCP connection to 127.0.0.1 for tests that speak in wire text.
///
/// Every wait is a poll(2) with a limit; a test that reaches it fails instead of hanging.
public final class TCPClient {
  public struct Failure: Error {
    public let operation: String
    public let errno: Int32
  }

  /// How a read ended.
  public enum Ending: Sendable {
    case closed, reset, timedOut
  }

  private let descriptor: Int32
  private var received: [UInt8] = []
  private static let waitSecondsMax = 30

  public init(port: UInt16) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let result = unsafe withUnsafeBytes(of: &address) { bytes in
      unsafe connect(
        descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self),
        socklen_t(bytes.count))
    }
    guard result == 0 else {
      let failure = Failure(operation: "connect", errno: errno)
      close(descriptor)
      throw failure
    }
  }

  deinit {
    close(descriptor)
  }

  public func send(_ text: String) throws {
    try send(Array(text.utf8))
  }

  public func send(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw Failure(operation: "send", errno: errno) }
      rest = rest.dropFirst(count)
    }
  }

  /// Half-closes: the server sees the end of input and can still answer.
  public func endOutput() {
    shutdown(descriptor, Int32(SHUT_WR))
  }

  /// One answer: its head, and as much body as its `Content-Length` says unless it is to a HEAD.
  public func readAnswer(toHead: Bool = false) -> String {
    var length: Int?
    while true {
      let text = String(decoding: received, as: UTF8.self)
      if let end = text.range(of: "\r\n\r\n") {
        let head = text[..<end.upperBound]
        length = toHead ? 0 : Self.contentLength(head)
        let total = head.utf8.count + (length ?? 0)
        if received.count >= total {
          let answer = String(decoding: received.prefix(total), as: UTF8.self)
          received.removeFirst(total)
          return answer
        }
      }
      guard receive() == nil else {
        defer { received = [] }
        return String(decoding: received, as: UTF8.self)
      }
    }
  }

  /// Everything until the server ends the connection.
  public func readToEnd() -> (text: String, ending: Ending) {
    while true {
      guard let ending = receive() else { continue }
      defer { received = [] }
      return (String(decoding: received, as: UTF8.self), ending)
    }
  }

  private static func contentLength(_ head: Substring) -> Int? {
    for line in head.split(separator: "\r\n") where line.hasPrefix("Content-Length: ") {
      return Int(line.dropFirst("Content-Length: ".count))
    }
    return nil
  }

  /// Waits until something has arrived, the connection has ended, or the time is over.
  public func hasInput(withinMilliseconds milliseconds: Int32) -> Bool {
    var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&polled, 1, milliseconds) > 0
  }

  private func receive() -> Ending? {
    guard hasInput(withinMilliseconds: Int32(Self.waitSecondsMax * 1000)) else { return .timedOut }
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = unsafe buffer.withUnsafeMutableBytes {
      unsafe recv(descriptor, $0.baseAddress, $0.count, 0)
    }
    if count < 0 { return .reset }
    if count == 0 { return .closed }
    received.append(contentsOf: buffer.prefix(count))
    return nil
  }
}

extension String {
  /// Foundation's `range(of:)` by bytes: `"\r\n"` is one `Character`.
  fileprivate func range(of text: String) -> Range<String.Index>? {
    let pattern = Array(text.utf8)
    var start = utf8.startIndex
    while start < utf8.endIndex {
      if utf8[start...].starts(with: pattern) {
        return start..<utf8.index(start, offsetBy: pattern.count)
      }
      start = utf8.index(after: start)
    }
    return nil
  }
}

@available(*, unavailable) extension TCPClient: Sendable {}

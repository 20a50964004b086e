import AttemptLog
import Foundation
import Glibc

/// Answers each connection on loopback with bytes that depend on the request's head, and closes it.
///
/// Nil as an answer keeps the connection open without a word until the server goes. After an
/// answer come `flood` further bytes, as long as the client takes them.
final class LoopbackServer: Sendable {
  let port: UInt16
  private let descriptor: Int32
  private let heads = Locked([String]())
  private let flooded = AsyncStream<Int>.makeStream()

  /// The heads of the requests so far.
  var requests: [String] { heads.withLock { $0 } }

  /// How many bytes of each flood were taken, told when it is over.
  var floods: AsyncStream<Int> { flooded.stream }

  init(
    flood: Int = 0, answer: @escaping @Sendable (_ head: String) -> String?
  ) throws {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        unsafe bind(descriptor, generic, length) == 0 && listen(descriptor, 16) == 0
          && getsockname(descriptor, generic, &length) == 0
      }
    }
    guard isListening else { throw POSIXError(.EADDRINUSE) }
    self.descriptor = descriptor
    port = UInt16(bigEndian: address.sin_port)
    let (heads, flooded) = (heads, flooded.continuation)
    // A thread of its own, because it blocks; it ends when the socket is shut down.
    Thread.detachNewThread {
      var silent: [Int32] = []
      while true {
        let connection = accept(descriptor, nil, nil)
        guard connection >= 0 else { break }
        let head = Self.readHead(connection)
        heads.withLock { $0.append(head) }
        guard let answer = answer(head) else {
          silent.append(connection)
          continue
        }
        let bytes = Array(answer.utf8)
        _ = unsafe bytes.withUnsafeBytes {
          unsafe send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        let chunk = [UInt8](repeating: UInt8(ascii: " "), count: 65_536)
        var left = flood
        while left > 0 {
          let sent = unsafe chunk.withUnsafeBytes {
            unsafe send(connection, $0.baseAddress, min(left, $0.count), Int32(MSG_NOSIGNAL))
          }
          guard sent > 0 else { break }
          left -= sent
        }
        if flood > 0 { flooded.yield(flood - left) }
        close(connection)
      }
      for connection in silent { close(connection) }
      close(descriptor)
    }
  }

  deinit {
    shutdown(descriptor, Int32(SHUT_RDWR))
  }

  /// Reads a whole request and gives back its head.
  private static func readHead(_ connection: Int32) -> String {
    var head: [UInt8] = []
    var byte: UInt8 = 0
    while !head.suffix(4).elementsEqual("\r\n\r\n".utf8) {
      guard unsafe recv(connection, &byte, 1, 0) == 1 else { break }
      head.append(byte)
    }
    let text = String(decoding: head, as: UTF8.self)
    // An unread body would reset the connection and could take the answer with it.
    let length = text.split(separator: "Content-Length: ").dropFirst().first?
      .prefix { $0.isNumber }
    for _ in 0..<(length.flatMap { Int($0) } ?? 0) {
      guard unsafe recv(connection, &byte, 1, 0) == 1 else { break }
    }
    return text
  }
}

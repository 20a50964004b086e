import AttemptLog
import Glibc
import Threading

/// One POST request of HTTP/1.1 (RFC 9112) over a connection of its own, without TLS.
///
/// Redirects are not followed. Everything together has one deadline, but for the resolver, which has
/// limits of its own (resolv.conf(5)).
struct HTTPPost {
  let url: WebhookURL
  let body: [UInt8]
  var timeout = Duration.seconds(10)

  /// Of an answer: more is not read.
  static let answerBytesMax = 16_384
  /// Of what an answer says, for the message.
  static let excerptBytesMax = 200

  /// Sends it; anything but a 2xx is an error.
  func send() throws(HTTPPostError) {
    let deadline = MonotonicInstant.now + timeout
    let descriptor = try connect(until: deadline)
    defer { close(descriptor) }
    try write(request, to: descriptor, until: deadline)
    let answer = try read(descriptor, until: deadline)
    guard (200..<300).contains(answer.status) else {
      throw .refused(url, status: answer.status, excerpt: answer.excerpt)
    }
  }

  private var request: [UInt8] {
    let head = [
      "POST \(url.path) HTTP/1.1", "Host: \(url.authority)", "User-Agent: relmon/\(relmonVersion)",
      "Content-Type: application/json", "Content-Length: \(body.count)", "Connection: close",
    ]
    return Array((head.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body
  }
}

// MARK: - Connecting

extension HTTPPost {
  /// To the first address of the host that takes a connection.
  private func connect(until deadline: MonotonicInstant) throws(HTTPPostError) -> Int32 {
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var first: UnsafeMutablePointer<addrinfo>?
    let result = unsafe getaddrinfo(url.host, String(url.port), &hints, &first)
    guard result == 0 else {
      throw .unknownHost(url, cause: unsafe String(cString: gai_strerror(result)))
    }
    defer { unsafe freeaddrinfo(first) }
    var cause = HTTPPostError.system(url, call: "connect", errno: EADDRNOTAVAIL)
    var next = unsafe first
    while let address = unsafe next?.pointee {
      do throws(HTTPPostError) {
        return try unsafe connect(to: address, until: deadline)
      } catch {
        cause = error
      }
      unsafe next = address.ai_next
    }
    throw cause
  }

  private func connect(
    to address: addrinfo, until deadline: MonotonicInstant
  ) throws(HTTPPostError) -> Int32 {
    let descriptor = unsafe socket(
      address.ai_family,
      Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw failure("socket") }
    do throws(HTTPPostError) {
      if unsafe Glibc.connect(descriptor, address.ai_addr, address.ai_addrlen) != 0 {
        guard errno == EINPROGRESS else { throw failure("connect") }
        try wait(for: POLLOUT, of: descriptor, until: deadline)
        var cause: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &cause, &length) == 0 else {
          throw failure("getsockopt")
        }
        guard cause == 0 else { throw .system(url, call: "connect", errno: cause) }
      }
      return descriptor
    } catch {
      close(descriptor)
      throw error
    }
  }

  private func failure(_ call: String) -> HTTPPostError {
    .system(url, call: call, errno: errno)
  }

  private func wait(
    for events: Int32, of descriptor: Int32, until deadline: MonotonicInstant
  ) throws(HTTPPostError) {
    while true {
      let left = deadline - .now
      guard left > .zero else { throw .timedOut(url, timeout) }
      var polled = pollfd(fd: descriptor, events: Int16(events), revents: 0)
      let milliseconds = Int32(
        clamping: left / .milliseconds(1) > 1 ? Int(left / .milliseconds(1)) : 1)
      let count = unsafe poll(&polled, 1, milliseconds)
      if count > 0 { return }
      guard count == 0 || errno == EINTR else { throw failure("poll") }
    }
  }
}

// MARK: - Exchanging

extension HTTPPost {
  private func write(
    _ bytes: [UInt8], to descriptor: Int32, until deadline: MonotonicInstant
  ) throws(HTTPPostError) {
    var sent = 0
    while sent < bytes.count {
      let count = unsafe bytes.withUnsafeBytes {
        // A peer that is gone must give EPIPE, not the signal.
        unsafe Glibc.send(
          descriptor, $0.baseAddress?.advanced(by: sent), $0.count - sent, Int32(MSG_NOSIGNAL))
      }
      if count >= 0 {
        sent += count
      } else if errno == EAGAIN {
        try wait(for: POLLOUT, of: descriptor, until: deadline)
      } else if errno != EINTR {
        throw failure("send")
      }
    }
  }

  private func read(
    _ descriptor: Int32, until deadline: MonotonicInstant
  ) throws(HTTPPostError) -> HTTPAnswer {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while bytes.count < Self.answerBytesMax {
      if let answer = HTTPAnswer(bytes), answer.isEnough { return answer }
      try wait(for: POLLIN, of: descriptor, until: deadline)
      let count = unsafe buffer.withUnsafeMutableBytes {
        unsafe recv(descriptor, $0.baseAddress, $0.count, 0)
      }
      if count == 0 { break }
      if count < 0 {
        guard errno == EINTR || errno == EAGAIN else { throw failure("recv") }
        continue
      }
      bytes += buffer.prefix(count)
    }
    guard let answer = HTTPAnswer(bytes) else { throw .notHTTP(url) }
    return answer
  }
}

/// The final answer in what was received: its status and what it says.
struct HTTPAnswer {
  let status: Int
  private let content: ArraySlice<UInt8>

  /// Nil as long as its head is not there, or if this is no HTTP/1.
  init?(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while true {
      guard let end = Self.endOfHead(rest), let status = Self.status(rest) else { return nil }
      rest = rest[end...]
      // RFC 9110 §15.2: any number of interim answers may come first.
      if status >= 200 {
        (self.status, content) = (status, rest)
        return
      }
    }
  }

  /// Whether nothing more of it is of interest: what it says is, if it refuses.
  var isEnough: Bool {
    status < 300 || content.count >= HTTPPost.excerptBytesMax
      || content.contains(UInt8(ascii: "\n"))
  }

  /// The first line of what it says, as far as that is short.
  var excerpt: String {
    let line = content.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
    return String(decoding: line.prefix(HTTPPost.excerptBytesMax), as: UTF8.self)
  }

  /// Behind the empty line; RFC 9112 §2.2 lets a line end with LF alone.
  private static func endOfHead(_ bytes: ArraySlice<UInt8>) -> Int? {
    var isLineEmpty = false
    for index in bytes.indices {
      switch bytes[index] {
      case UInt8(ascii: "\n"):
        if isLineEmpty { return index + 1 }
        isLineEmpty = true
      case UInt8(ascii: "\r"): break
      default: isLineEmpty = false
      }
    }
    return nil
  }

  /// RFC 9112 §4: `HTTP/1.x SP 3DIGIT SP`, the last space missing with some servers.
  private static func status(_ bytes: ArraySlice<UInt8>) -> Int? {
    let line = bytes.prefix(13)
    guard line.count == 13, line.starts(with: Array("HTTP/1.".utf8)),
      line[line.startIndex + 8] == UInt8(ascii: " "),
      [" ", "\r", "\n"].contains(Unicode.Scalar(line[line.startIndex + 12]))
    else { return nil }
    let digits = line[(line.startIndex + 9)..<(line.startIndex + 12)]
    guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
      return nil
    }
    let status = digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    return status >= 100 ? status : nil
  }
}

/// Why a request was not answered as it should be.
public enum HTTPPostError: Error, Equatable, CustomStringConvertible {
  case unknownHost(WebhookURL, cause: String)
  case system(WebhookURL, call: String, errno: Int32)
  case timedOut(WebhookURL, Duration)
  case notHTTP(WebhookURL)
  case refused(WebhookURL, status: Int, excerpt: String)

  public var description: String {
    switch self {
    case .unknownHost(let url, let cause): "cannot post to \(url): unknown host: \(cause)"
    case .system(let url, let call, let errno):
      "cannot post to \(url): \(SystemError.text(errno)) (\(call), errno \(errno))"
    case .timedOut(let url, let timeout):
      "cannot post to \(url): no answer within \(timeout.components.seconds) s"
    case .notHTTP(let url): "cannot post to \(url): what answers does not speak HTTP/1.1"
    case .refused(let url, let status, let excerpt):
      "\(url) refused the alerts with status \(status)" + (excerpt.isEmpty ? "" : ": \(excerpt)")
    }
  }
}

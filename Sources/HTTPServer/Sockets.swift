import Glibc

/// The system calls of the server, each with its errno and nothing decided.
enum Sockets {
  struct Failure: Error {
    let operation: ListenError.Operation
    let errno: Int32
  }

  enum Transfer {
    /// Some bytes were moved, at least one.
    case moved(Int)
    case wouldBlock
    /// The end of what the peer sends, or a connection that is gone.
    case ended
  }

  enum Accepted {
    case connection(Int32)
    case nothing
    /// No descriptor is left, here or in the system.
    case exhausted
    /// Out of memory or the like: worth a pause.
    case failed
  }
}

// MARK: - Listening

extension Sockets {
  static func listen(
    on address: ListenAddress, backlog: Int32
  ) throws(Failure) -> (descriptor: Int32, port: UInt16) {
    let descriptor: Int32
    switch address.host {
    case .ipv4(let bytes):
      descriptor = try bound(AF_INET, ipv4(bytes, address.port))
    case .ipv6(let bytes):
      descriptor = try bound(AF_INET6, ipv6(bytes, address.port))
    case .all:
      descriptor = try boundToAll(address.port)
    }
    guard Glibc.listen(descriptor, backlog) == 0 else {
      throw closing(descriptor, Failure(operation: .listen, errno: errno))
    }
    guard let port = boundPort(descriptor) else {
      throw closing(descriptor, Failure(operation: .getsockname, errno: errno))
    }
    return (descriptor, port)
  }

  /// One socket for IPv6 and IPv4, or for IPv4 alone where the system has no IPv6.
  private static func boundToAll(_ port: UInt16) throws(Failure) -> Int32 {
    do {
      return try bound(AF_INET6, ipv6([UInt8](repeating: 0, count: 16), port))
    } catch {
      guard error.errno == EAFNOSUPPORT || error.errno == EADDRNOTAVAIL else { throw error }
      return try bound(AF_INET, ipv4([0, 0, 0, 0], port))
    }
  }

  private static func bound(_ family: Int32, _ address: some Any) throws(Failure) -> Int32 {
    let descriptor = socket(family, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw Failure(operation: .socket, errno: errno) }
    makeNonBlocking(descriptor)
    set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
    if family == AF_INET6 { set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 0) }
    let result = unsafe withUnsafeBytes(of: address) { bytes in
      unsafe Glibc.bind(
        descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self),
        socklen_t(bytes.count))
    }
    guard result == 0 else {
      throw closing(descriptor, Failure(operation: .bind, errno: errno))
    }
    return descriptor
  }

  private static func ipv4(_ host: [UInt8], _ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    unsafe withUnsafeMutableBytes(of: &address.sin_addr) { unsafe $0.copyBytes(from: host) }
    return address
  }

  private static func ipv6(_ host: [UInt8], _ port: UInt16) -> sockaddr_in6 {
    var address = sockaddr_in6()
    address.sin6_family = sa_family_t(AF_INET6)
    address.sin6_port = port.bigEndian
    unsafe withUnsafeMutableBytes(of: &address.sin6_addr) { unsafe $0.copyBytes(from: host) }
    return address
  }

  /// The port stands at the same place in both families' addresses.
  private static func boundPort(_ descriptor: Int32) -> UInt16? {
    var address = sockaddr_in6()
    var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
    let result = unsafe withUnsafeMutableBytes(of: &address) { bytes in
      unsafe getsockname(
        descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), &length)
    }
    return result == 0 ? UInt16(bigEndian: address.sin6_port) : nil
  }

  private static func closing(_ descriptor: Int32, _ failure: Failure) -> Failure {
    close(descriptor)
    return failure
  }
}

// MARK: - Connections

extension Sockets {
  static func accept(_ listener: Int32) -> Accepted {
    let descriptor = Glibc.accept(listener, nil, nil)
    guard descriptor < 0 else {
      makeNonBlocking(descriptor)
      set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
      return .connection(descriptor)
    }
    switch errno {
    case EMFILE, ENFILE: return .exhausted
    // accept(2): errors of the connection that was to be accepted are like "try again".
    case EAGAIN, EINTR, ECONNABORTED, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET,
      EHOSTUNREACH, ENETUNREACH:
      return .nothing
    default: return .failed
    }
  }

  static func receive(_ descriptor: Int32, into buffer: inout [UInt8]) -> Transfer {
    while true {
      let count = unsafe buffer.withUnsafeMutableBytes {
        unsafe recv(descriptor, $0.baseAddress, $0.count, 0)
      }
      if count > 0 { return .moved(count) }
      if count == 0 { return .ended }
      if errno == EINTR { continue }
      return errno == EAGAIN ? .wouldBlock : .ended
    }
  }

  /// Sends `bytes[start..<end]` as far as the socket takes it; `start` is 0..<end, `end` is
  /// at most bytes.count, and that if it is nil.
  static func send(
    _ descriptor: Int32, _ bytes: [UInt8], from start: Int, to end: Int? = nil
  ) -> Transfer {
    let end = end ?? bytes.count
    while true {
      let count = unsafe bytes.withUnsafeBytes { buffer in
        let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[start..<end])
        // A peer that is gone must give EPIPE, not the signal.
        return unsafe Glibc.send(
          descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
      }
      if count > 0 { return .moved(count) }
      if count < 0 && errno == EINTR { continue }
      return count < 0 && errno == EAGAIN ? .wouldBlock : .ended
    }
  }

  static func endOutput(_ descriptor: Int32) {
    shutdown(descriptor, Int32(SHUT_WR))
  }

  /// Makes the coming `close` send RST instead of FIN.
  static func armReset(_ descriptor: Int32) {
    var option = linger(l_onoff: 1, l_linger: 0)
    unsafe setsockopt(
      descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
  }
}

// MARK: - Descriptors

extension Sockets {
  /// A pipe whose ends neither block nor survive `exec`.
  static func wakePipe() throws(Failure) -> (read: Int32, write: Int32) {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe(&ends) == 0, let read = ends.first, let write = ends.last else {
      throw Failure(operation: .pipe, errno: errno)
    }
    makeNonBlocking(read)
    makeNonBlocking(write)
    return (read, write)
  }

  static func wake(_ descriptor: Int32) {
    var byte: UInt8 = 1
    // A full pipe wakes as well.
    _ = unsafe write(descriptor, &byte, 1)
  }

  /// A descriptor to give up when there is no other, -1 if there is none even for this.
  static func spare() -> Int32 {
    unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
  }

  /// Closes a descriptor, which becomes another one for what `original` stands for.
  static func replace(_ descriptor: Int32, byCopyOf original: Int32) -> Int32 {
    let copy = dup2(original, descriptor)
    if copy >= 0 { _ = fcntl(copy, F_SETFD, FD_CLOEXEC) }
    return copy
  }

  private static func makeNonBlocking(_ descriptor: Int32) {
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
  }

  private static func set(_ descriptor: Int32, _ level: Int32, _ name: Int32, _ value: Int32) {
    var value = value
    unsafe setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
  }
}

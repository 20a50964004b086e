/// Request line and header fields while they arrive, and what they say about the body.
struct RequestHead: Sendable {
  enum Framing: Equatable {
    case none
    case length(Int)
    case chunked
  }

  private(set) var method = ""
  private(set) var target = ""
  private(set) var minorVersion = 1
  private(set) var headers = HTTPHeaders()

  init() {}

  init(requestLine line: ArraySlice<UInt8>) throws(RequestRefusal) {
    // RFC 9112 §3: method, one space, target, one space, version.
    let parts = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
    guard parts.count == 3, let method = parts.first, let version = parts.last else {
      throw .malformedRequestLine
    }
    let target = parts[1]
    guard !method.isEmpty, method.allSatisfy(isTokenByte),
      target.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    else { throw .malformedRequestLine }
    self.method = String(decoding: method, as: UTF8.self)
    self.target = String(decoding: target, as: UTF8.self)
    minorVersion = try Self.minorVersion(version)
    try checkTarget()
  }

  // RFC 9112 §2.3: HTTP-version = "HTTP/" DIGIT "." DIGIT, in capitals.
  private static func minorVersion(_ bytes: ArraySlice<UInt8>) throws(RequestRefusal) -> Int {
    if bytes.elementsEqual("HTTP/1.1".utf8) { return 1 }
    if bytes.elementsEqual("HTTP/1.0".utf8) { return 0 }
    guard bytes.starts(with: "HTTP/".utf8), bytes.count == 8,
      let major = bytes.dropFirst(5).first, isDigit(major),
      bytes.dropFirst(6).first == UInt8(ascii: "."),
      let minor = bytes.last, isDigit(minor)
    else { throw .malformedRequestLine }
    throw .unsupportedVersion
  }

  // RFC 9112 §3.2: origin-form, absolute-form, authority-form for CONNECT only, `*` for OPTIONS only.
  private func checkTarget() throws(RequestRefusal) {
    if target.utf8.first == UInt8(ascii: "/") { return }
    if target == "*" && method == "OPTIONS" { return }
    if method == "CONNECT" && Self.isHost(target.utf8) { return }
    guard let authority = HTTPRequest.split(target).authority, !authority.isEmpty,
      Self.isHost(authority.utf8)
    else { throw .malformedRequestLine }
  }

  mutating func appendField(_ line: ArraySlice<UInt8>) throws(RequestRefusal) {
    // RFC 9112 §5.2, and §2.2 for the first: a line that begins blank folds the one before.
    if let first = line.first, isBlank(first) { throw .foldedField }
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { throw .malformedField }
    let name = line[..<colon]
    // RFC 9112 §5.1: no whitespace between name and colon; a blank is no token character.
    guard !name.isEmpty, name.allSatisfy(isTokenByte) else { throw .malformedField }
    headers.append(
      String(decoding: name, as: UTF8.self),
      String(decoding: trimmed(line[(colon + 1)...]), as: UTF8.self))
  }

  /// Checks what only the whole head can tell.
  func finish() throws(RequestRefusal) -> Framing {
    try checkHost()
    let codings = headers.values("Transfer-Encoding")
    let lengths = headers.values("Content-Length")
    if !codings.isEmpty {
      // RFC 9112 §6.1: both length headers present is an attack.
      guard lengths.isEmpty else { throw .lengthAndTransferEncoding }
      // RFC 9112 §6.1: in HTTP/1.0 the framing is faulty.
      guard minorVersion >= 1 else { throw .transferEncodingInHTTP10 }
      try Self.checkCodings(codings)
      return .chunked
    }
    guard let length = lengths.first else { return .none }
    // RFC 9112 §6.3: several lengths, also as a list in one field, are refused even if equal.
    guard lengths.count == 1 else { throw .severalLengths }
    // RFC 9110 §8.6: digits only; overflow is to be expected.
    guard let count = Self.number(length.utf8[...], radix: 10) else { throw .malformedLength }
    return count == 0 ? .none : .length(count)
  }

  var expectsContinue: Bool {
    // RFC 9110 §10.1.1: ignored in HTTP/1.0.
    minorVersion >= 1 && headers.listsToken("100-continue", in: "Expect")
  }

  // RFC 9112 §3.2: exactly one Host in HTTP/1.1, and a valid one in any version.
  private func checkHost() throws(RequestRefusal) {
    let hosts = headers.values("Host")
    guard hosts.count <= 1 else { throw .severalHosts }
    guard let host = hosts.first else {
      if minorVersion >= 1 { throw .missingHost }
      return
    }
    guard host.isEmpty || Self.isHost(host.utf8) else { throw .malformedHost }
  }

  private static func checkCodings(_ fields: [String]) throws(RequestRefusal) {
    let codings = fields.flatMap { field in
      field.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        .map { String(decoding: trimmed($0).map(asciiLowercased), as: UTF8.self) }
    }
    if codings == ["chunked"] { return }
    // RFC 9112 §6.3: a request body that does not end in `chunked` has no end; §7: nor twice.
    guard codings.last == "chunked", !codings.dropLast().contains("chunked") else {
      let isUnknown = codings.allSatisfy { $0 != "chunked" && !$0.isEmpty }
      throw isUnknown ? .unknownTransferEncoding : .malformedTransferEncoding
    }
    // RFC 9112 §6.1: 501 for a coding that is not understood.
    throw .unknownTransferEncoding
  }

  /// Whether these are `uri-host [ ":" port ]` (RFC 9110 §7.2) as far as characters go.
  private static func isHost(_ bytes: String.UTF8View) -> Bool {
    var rest = bytes[...]
    if rest.first == UInt8(ascii: "[") {
      guard let close = rest.firstIndex(of: UInt8(ascii: "]")) else { return false }
      let literal = rest[..<close].dropFirst()
      guard !literal.isEmpty, literal.allSatisfy({ isHostByte($0) || $0 == UInt8(ascii: ":") })
      else { return false }
      rest = rest[close...].dropFirst()
    } else {
      rest = rest.drop(while: isHostByte)
    }
    guard let colon = rest.first else { return true }
    return colon == UInt8(ascii: ":") && rest.dropFirst().allSatisfy(isDigit)
  }

  // RFC 3986 §3.2.2: unreserved, percent-encoded and sub-delims.
  private static func isHostByte(_ byte: UInt8) -> Bool {
    isTokenByte(byte) && !"#^`|".utf8.contains(byte) || "(),;=".utf8.contains(byte)
  }

  /// An unsigned number of digits only that fits an `Int`.
  static func number(_ digits: some Collection<UInt8>, radix: Int) -> Int? {
    guard !digits.isEmpty else { return nil }
    var value = 0
    for byte in digits {
      guard let digit = hexDigit(byte), digit < radix else { return nil }
      let (product, overflow) = value.multipliedReportingOverflow(by: radix)
      let (sum, carry) = product.addingReportingOverflow(digit)
      guard !overflow, !carry else { return nil }
      value = sum
    }
    return value
  }

  private static func hexDigit(_ byte: UInt8) -> Int? {
    switch asciiLowercased(byte) {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(asciiLowercased(byte) - UInt8(ascii: "a")) + 10
    default: nil
    }
  }
}

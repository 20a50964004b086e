/// Cuts a stream of bytes into requests, after RFC 9112; knows no sockets.
///
/// `feed` what arrived, then ask `next()` until it says `.needMore`. A refusal is final: where the
/// next request begins is no longer known.
public struct RequestParser: Sendable {
  public struct Limits: Sendable {
    /// Bytes of the request line without its line end; more is answered 414.
    public var requestLineBytesMax = 8192
    /// Bytes of all field lines with their line ends; more is answered 431.
    public var headerBytesMax = 16 * 1024
    /// Field lines; more is answered 431.
    public var headerFieldsMax = 64
    /// Bytes of a body; more, announced or sent, is answered 413, with 0 any announced body.
    public var bodyBytesMax = 0
    /// Bytes of a chunk's size line, extensions included; more is answered 400.
    public var chunkLineBytesMax = 256

    public init() {}
  }

  public enum Step: Sendable, Equatable {
    case needMore
    case request(HTTPRequest)
    case refusal(RequestRefusal)
  }

  enum State {
    /// Before the first byte of a request.
    case idle
    case requestLine
    case fields
    case body(remaining: Int)
    case chunkSize
    case chunk(remaining: Int)
    case chunkEnd
    case trailers
    case refused(RequestRefusal)
  }

  let limits: Limits
  private(set) var state = State.idle
  private var buffer: [UInt8] = []
  /// Start of the bytes not yet used; 0...buffer.count.
  private var start = 0
  /// Up to here no line end was found; start...buffer.count.
  private var scanned = 0
  private var skippedEmptyLine = false
  private var head = RequestHead()
  /// Bytes of field lines, then of trailer lines, so far.
  private var fieldBytes = 0
  private var body: [UInt8] = []
  private var continueIsDue = false
  private var headIsDue = false

  public init(limits: Limits = Limits()) {
    self.limits = limits
  }

  public mutating func feed(_ bytes: Span<UInt8>) {
    buffer.removeSubrange(..<start)
    scanned -= start
    start = 0
    buffer.reserveCapacity(buffer.count + bytes.count)
    for index in bytes.indices { buffer.append(bytes[index]) }
  }

  /// The next whole request, in the order of the wire.
  public mutating func next() -> Step {
    if case .refused(let refusal) = state { return .refusal(refusal) }
    do throws(RequestRefusal) {
      while try advance() {
        guard case .idle = state else { continue }
        return .request(takeRequest())
      }
      return .needMore
    } catch {
      state = .refused(error)
      return .refusal(error)
    }
  }

  /// Whether the client waits for `100 Continue` before it sends the body; true once per request.
  mutating func takeContinueDue() -> Bool {
    defer { continueIsDue = false }
    // RFC 9110 §10.1.1: may be left out once some of the body is here.
    return continueIsDue && start == buffer.count
  }

  /// The request without its body while that is still to come; nil the second time.
  mutating func takeHead() -> HTTPRequest? {
    guard headIsDue, !isInHead else { return nil }
    headIsDue = false
    return HTTPRequest(
      method: head.method, target: head.target, minorVersion: head.minorVersion,
      headers: head.headers)
  }

  /// Whether the request that is being read, or was refused, is a HEAD as far as is known; also if it is
  /// refused for the rest of its first line.
  private(set) var isHead = false

  var isIdle: Bool {
    if case .idle = state { start == buffer.count } else { false }
  }

  var isInHead: Bool {
    switch state {
    case .idle, .requestLine, .fields: true
    case .body, .chunkSize, .chunk, .chunkEnd, .trailers, .refused: false
    }
  }
}

// MARK: - Steps

extension RequestParser {
  /// Does one step of the grammar; false if it needs more bytes.
  ///
  /// After the last step of a request the state is `idle`.
  private mutating func advance() throws(RequestRefusal) -> Bool {
    switch state {
    case .idle, .requestLine: return try advanceRequestLine()
    case .fields: return try advanceFields()
    case .body(let remaining): return advanceBody(remaining)
    case .chunkSize: return try advanceChunkSize()
    case .chunk(let remaining): return advanceChunk(remaining)
    case .chunkEnd: return try advanceChunkEnd()
    case .trailers: return try advanceTrailers()
    case .refused: return false
    }
  }

  private mutating func advanceRequestLine() throws(RequestRefusal) -> Bool {
    guard start < buffer.count else { return false }
    state = .requestLine
    guard let line = try takeLine(bytesMax: limits.requestLineBytesMax, or: .requestLineTooLong)
    else { return false }
    if line.isEmpty && !skippedEmptyLine {
      // RFC 9112 §2.2: an empty line before the request line is skipped, here one.
      skippedEmptyLine = true
      return true
    }
    isHead = buffer[line].starts(with: "HEAD ".utf8)
    head = try RequestHead(requestLine: buffer[line])
    state = .fields
    return true
  }

  private mutating func advanceFields() throws(RequestRefusal) -> Bool {
    let left = limits.headerBytesMax - fieldBytes
    guard let line = try takeLine(bytesMax: left, or: .headersTooLarge) else { return false }
    if line.isEmpty {
      try beginBody(head.finish())
      return true
    }
    fieldBytes += line.count + 2
    guard fieldBytes <= limits.headerBytesMax else { throw .headersTooLarge }
    guard head.headers.fields.count < limits.headerFieldsMax else { throw .tooManyFields }
    try head.appendField(buffer[line])
    return true
  }

  private mutating func beginBody(_ framing: RequestHead.Framing) throws(RequestRefusal) {
    fieldBytes = 0
    switch framing {
    case .none:
      state = .idle
      return
    case .length(let length):
      guard length <= limits.bodyBytesMax else { throw .bodyTooLarge }
      state = .body(remaining: length)
    case .chunked:
      guard limits.bodyBytesMax > 0 else { throw .bodyTooLarge }
      state = .chunkSize
    }
    continueIsDue = head.expectsContinue
    headIsDue = true
  }

  private mutating func advanceBody(_ remaining: Int) -> Bool {
    let left = remaining - takeBody(atMost: remaining)
    state = left > 0 ? .body(remaining: left) : .idle
    return left == 0
  }

  private mutating func advanceChunkSize() throws(RequestRefusal) -> Bool {
    guard let line = try takeLine(bytesMax: limits.chunkLineBytesMax, or: .malformedChunk)
    else { return false }
    // RFC 9112 §7.1.1: extensions that are not understood are ignored, with the blanks before them.
    var digits = buffer[line].prefix { $0 != UInt8(ascii: ";") }
    if digits.count < line.count {
      while let last = digits.last, isBlank(last) { digits.removeLast() }
    }
    guard let size = RequestHead.number(digits, radix: 16) else { throw .malformedChunk }
    guard size > 0 else {
      state = .trailers
      return true
    }
    guard size <= limits.bodyBytesMax - body.count else { throw .bodyTooLarge }
    state = .chunk(remaining: size)
    return true
  }

  private mutating func advanceChunk(_ remaining: Int) -> Bool {
    let left = remaining - takeBody(atMost: remaining)
    state = left > 0 ? .chunk(remaining: left) : .chunkEnd
    return left == 0
  }

  private mutating func advanceChunkEnd() throws(RequestRefusal) -> Bool {
    // RFC 9112 §7.1: chunk data ends with CRLF, exactly where the size says.
    guard let line = try takeLine(bytesMax: 0, or: .malformedChunk) else { return false }
    guard line.isEmpty else { throw .malformedChunk }
    state = .chunkSize
    return true
  }

  private mutating func advanceTrailers() throws(RequestRefusal) -> Bool {
    let left = limits.headerBytesMax - fieldBytes
    guard let line = try takeLine(bytesMax: left, or: .headersTooLarge) else { return false }
    if line.isEmpty {
      state = .idle
      return true
    }
    // RFC 9110 §6.5.1: trailer fields are not merged into the header; they are dropped.
    fieldBytes += line.count + 2
    guard fieldBytes <= limits.headerBytesMax else { throw .headersTooLarge }
    return true
  }

  private mutating func takeBody(atMost count: Int) -> Int {
    let end = start + min(count, buffer.count - start)
    body.append(contentsOf: buffer[start..<end])
    defer { start = end }
    scanned = end
    return end - start
  }

  private mutating func takeRequest() -> HTTPRequest {
    defer {
      head = RequestHead()
      body = []
      fieldBytes = 0
      skippedEmptyLine = false
      continueIsDue = false
      headIsDue = false
    }
    return HTTPRequest(
      method: head.method, target: head.target, minorVersion: head.minorVersion,
      headers: head.headers, body: body)
  }

  /// The next line without its CRLF, nil until it is whole.
  private mutating func takeLine(
    bytesMax: Int, or tooLong: RequestRefusal
  ) throws(RequestRefusal) -> Range<Int>? {
    while scanned < buffer.count {
      let byte = buffer[scanned]
      if byte == UInt8(ascii: "\r") {
        guard scanned + 1 < buffer.count else { return nil }
        // RFC 9112 §2.2: a bare CR is invalid or becomes a space; it is invalid here.
        guard buffer[scanned + 1] == UInt8(ascii: "\n") else { throw .bareCarriageReturn }
        let line = start..<scanned
        start = scanned + 2
        scanned = start
        return line
      }
      // RFC 9112 §2.2: a lone LF may be taken as a line end; that lets two parsers differ.
      guard byte != UInt8(ascii: "\n") else { throw .bareLineFeed }
      // RFC 9110 §5.5: NUL is dangerous; no other control character has a use in a head.
      guard byte >= 0x20 && byte != 0x7F || byte == UInt8(ascii: "\t") else {
        throw .controlCharacter
      }
      scanned += 1
      guard scanned - start <= bytesMax else { throw tooLong }
    }
    return nil
  }
}

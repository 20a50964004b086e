import CZlib

/// Inflates a gzip file (RFC 1952) of one member or several, as its bytes come, in constant memory.
///
/// Zeros behind the last member are padding, as gzip(1) has it. The checksum stands at the end of a
/// member, so what is damaged may come out before that is known.
@safe final class GzipInflater {
  /// What a call of `inflate` did.
  enum Step {
    /// So many bytes came out, at least one.
    case inflated(Int)
    /// More of the file is to be put into `input`.
    case needsInput
    /// The file ended where it should.
    case end
  }

  /// Where the next bytes of the file are put, for `supply`.
  var input = [UInt8](repeating: 0, count: GzipInflater.inputBytes)

  static let inputBytes = 64 * 1024

  /// Unread bytes of `input`: 0...input.count.
  private var start = 0
  private var end = 0
  private var isInputComplete = false
  /// Bytes of the file before `start`.
  private var offset: Int64 = 0
  private var membersBegun = 0
  private var isInMember = false
  /// What comes after the bytes that were inflated before it.
  private var pending: GzipError?
  /// The last output was full, so that zlib may have more without more input.
  private var mayHaveOutput = false
  // Its state points back to it, so it has a place of its own; nobody else has the pointer.
  private let stream: UnsafeMutablePointer<z_stream>

  /// Fails if there is no memory.
  init() throws(GzipError) {
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    // 16 asks for a gzip header, 15 allows the largest window.
    let result = unsafe inflateInit2_(
      stream, 16 + 15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard result == Z_OK else {
      unsafe stream.deallocate()
      throw .unavailable(code: result)
    }
  }

  deinit {
    unsafe inflateEnd(stream)
    unsafe stream.deallocate()
  }

  /// So many bytes were put into `input`, all of which was used; none means that the file ended.
  func supply(_ count: Int) {
    precondition(start == end && count <= input.count, "supplied \(count) over \(end - start)")
    start = 0
    end = count
    isInputComplete = count == 0
  }

  /// Inflates until `output`, which is not empty, is full or there is nothing left to inflate.
  func inflate(into output: inout [UInt8]) throws(GzipError) -> Step {
    if let pending { throw pending }
    while true {
      if !isInMember && membersBegun > 0 { skipPadding() }
      guard start < end || mayHaveOutput else {
        guard isInputComplete else { return .needsInput }
        if !isInMember && membersBegun > 0 { return .end }
        let expected: GzipError.Expectation = isInMember ? .data : .header
        throw .truncated(offset: offset, expected: expected)
      }
      if !isInMember { try beginMember() }
      let count = try inflateSome(into: &output)
      if count > 0 { return .inflated(count) }
      if let pending { throw pending }
    }
  }

  private func skipPadding() {
    while start < end && input[start] == 0 { advance(by: 1) }
  }

  private func advance(by count: Int) {
    start += count
    offset += Int64(count)
  }

  private func beginMember() throws(GzipError) {
    let result = unsafe inflateReset(stream)
    guard result == Z_OK else { throw .unavailable(code: result) }
    membersBegun += 1
    isInMember = true
  }

  /// How many bytes came out, before the end of the member or of the input, or before an error,
  /// which is then pending.
  private func inflateSome(into output: inout [UInt8]) throws(GzipError) -> Int {
    var result = Z_OK
    unsafe input.withUnsafeMutableBufferPointer { source in
      unsafe output.withUnsafeMutableBufferPointer { target in
        unsafe stream.pointee.next_in = source.baseAddress?.advanced(by: start)
        unsafe stream.pointee.avail_in = UInt32(end - start)
        unsafe stream.pointee.next_out = target.baseAddress
        unsafe stream.pointee.avail_out = UInt32(target.count)
        unsafe result = CZlib.inflate(stream, Z_NO_FLUSH)
      }
    }
    let (unused, room) = unsafe (Int(stream.pointee.avail_in), Int(stream.pointee.avail_out))
    advance(by: end - start - unused)
    mayHaveOutput = room == 0
    switch result {
    case Z_OK: break
    // There was no more output, and there is no more input.
    case Z_BUF_ERROR where start == end: break
    case Z_STREAM_END:
      isInMember = false
      mayHaveOutput = false
    case Z_DATA_ERROR, Z_NEED_DICT:
      let cause = unsafe stream.pointee.msg.map { unsafe String(cString: $0) } ?? "a dictionary"
      pending = .damaged(offset: offset, cause: cause)
    default: throw .unavailable(code: result)
    }
    return output.count - room
  }
}

// One owner at a time.
@available(*, unavailable)
extension GzipInflater: Sendable {}

/// Why the rest of a gzip file cannot be inflated; offsets are bytes of the compressed file.
public enum GzipError: Error, Equatable, CustomStringConvertible {
  /// The file ends here.
  case truncated(offset: Int64, expected: Expectation)
  /// Something else stands before this byte, in the words of zlib.
  case damaged(offset: Int64, cause: String)
  /// zlib cannot work: a code of zlib.h, of which -4 says that there is no memory.
  case unavailable(code: Int32)

  /// What a gzip file consists of (RFC 1952 §2.3).
  public enum Expectation: String, Sendable {
    case header = "a gzip header"
    case data = "more deflated data"
  }

  public var description: String {
    switch self {
    case .truncated(let offset, let expected):
      "it ends at byte \(offset), expected \(expected.rawValue)"
    case .damaged(let offset, let cause):
      "expected \(Self.expected(cause)) before byte \(offset) (zlib: \(cause))"
    case .unavailable(let code):
      "zlib cannot inflate it (code \(code))"
    }
  }

  private static func expected(_ cause: String) -> String {
    switch cause {
    case "incorrect header check", "unknown compression method", "unknown header flags set",
      "header crc mismatch":
      "a gzip header"
    case "incorrect data check", "incorrect length check":
      "the checksum and the length of what was inflated"
    default: "deflated data"
    }
  }
}

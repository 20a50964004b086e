import CZlib

/// Compressed text, for tests of what reads it.
public enum Gzip: Sendable {
  /// One gzip member.
  ///
  /// - Parameter level: 0 stores, 9 compresses best.
  public static func member(_ bytes: [UInt8], level: Int32 = 6) -> [UInt8] {
    var stream = unsafe z_stream()
    var result = unsafe deflateInit2_(
      &stream, level, Z_DEFLATED, 16 + 15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    precondition(result == Z_OK, "deflateInit2: \(result)")
    var input = bytes
    let bound = unsafe deflateBound(&stream, UInt(bytes.count))
    var output = [UInt8](repeating: 0, count: Int(bound) + 32)
    unsafe input.withUnsafeMutableBufferPointer { source in
      unsafe output.withUnsafeMutableBufferPointer { target in
        unsafe stream.next_in = source.baseAddress
        unsafe stream.avail_in = UInt32(source.count)
        unsafe stream.next_out = target.baseAddress
        unsafe stream.avail_out = UInt32(target.count)
        unsafe result = deflate(&stream, Z_FINISH)
      }
    }
    precondition(result == Z_STREAM_END, "deflate: \(result)")
    unsafe output.removeLast(Int(stream.avail_out))
    unsafe deflateEnd(&stream)
    return output
  }

  /// How many bytes zlib gets out of the beginning of a member, at most so many, in one call.
  public static func inflatedCount(of beginning: [UInt8], atMost count: Int) -> Int {
    var stream = unsafe z_stream()
    let result = unsafe inflateInit2_(
      &stream, 16 + 15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    precondition(result == Z_OK, "inflateInit2: \(result)")
    var input = beginning
    var output = [UInt8](repeating: 0, count: count)
    unsafe input.withUnsafeMutableBufferPointer { source in
      unsafe output.withUnsafeMutableBufferPointer { target in
        unsafe stream.next_in = source.baseAddress
        unsafe stream.avail_in = UInt32(source.count)
        unsafe stream.next_out = target.baseAddress
        unsafe stream.avail_out = UInt32(target.count)
        _ = unsafe inflate(&stream, Z_SYNC_FLUSH)
      }
    }
    unsafe inflateEnd(&stream)
    return unsafe count - Int(stream.avail_out)
  }

  /// What one whole member holds, its checksum checked; nil if it is damaged or something follows.
  public static func inflated(_ member: [UInt8], atMost count: Int) -> [UInt8]? {
    var stream = unsafe z_stream()
    var result = unsafe inflateInit2_(
      &stream, 16 + 15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    precondition(result == Z_OK, "inflateInit2: \(result)")
    var input = member
    var output = [UInt8](repeating: 0, count: count)
    unsafe input.withUnsafeMutableBufferPointer { source in
      unsafe output.withUnsafeMutableBufferPointer { target in
        unsafe stream.next_in = source.baseAddress
        unsafe stream.avail_in = UInt32(source.count)
        unsafe stream.next_out = target.baseAddress
        unsafe stream.avail_out = UInt32(target.count)
        unsafe result = inflate(&stream, Z_FINISH)
      }
    }
    let (unused, room) = unsafe (Int(stream.avail_in), Int(stream.avail_out))
    unsafe inflateEnd(&stream)
    return result == Z_STREAM_END && unused == 0 ? Array(output.dropLast(room)) : nil
  }
}

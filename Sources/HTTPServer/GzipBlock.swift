import CZlib

/// Bytes deflated on their own, so that several of them in a row are one gzip member (RFC 1952).
///
/// What stays the same from answer to answer is deflated once.
public struct GzipBlock: Sendable {
  /// Ends at a byte, and is not the last block of its stream (RFC 1951 §3.2.4).
  private let deflated: [UInt8]
  private let checksum: UInt
  private let count: Int

  /// Nil if there is no memory for it.
  public init?(_ bytes: [UInt8]) {
    guard let deflated = Self.deflate(bytes) else { return nil }
    self.deflated = deflated
    count = bytes.count
    checksum = unsafe bytes.withUnsafeBufferPointer { buffer in
      unsafe crc32_z(0, buffer.baseAddress, z_size_t(buffer.count))
    }
  }

  /// One gzip member that inflates to what all of them hold.
  public static func member(_ blocks: [GzipBlock]) -> [UInt8] {
    // RFC 1952 §2.3: magic, deflate, no flags, no time, no extra flags, unknown system.
    var bytes: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
    bytes.reserveCapacity(bytes.count + blocks.reduce(10) { $0 + $1.deflated.count })
    var checksum: UInt = 0
    var count = 0
    for block in blocks {
      bytes += block.deflated
      checksum = crc32_combine(checksum, block.checksum, block.count)
      count += block.count
    }
    // The last block, empty: final bit, fixed codes, end of block.
    bytes += [0x03, 0x00]
    for number in [UInt32(truncatingIfNeeded: checksum), UInt32(truncatingIfNeeded: count)] {
      for shift in stride(from: 0, to: 32, by: 8) {
        bytes.append(UInt8(truncatingIfNeeded: number >> shift))
      }
    }
    return bytes
  }

  private static func deflate(_ bytes: [UInt8]) -> [UInt8]? {
    guard let count = UInt32(exactly: bytes.count) else { return nil }
    // Its state points back to it, so it has a place of its own.
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    defer { unsafe stream.deallocate() }
    // Negative: no header. The fastest level: a scrape waits for it, and the network is near.
    guard
      unsafe deflateInit2_(
        stream, Z_BEST_SPEED, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
        Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { return nil }
    defer { unsafe deflateEnd(stream) }
    // What the flush adds is not in the bound.
    let room = Int(unsafe deflateBound(stream, UInt(count))) + 16
    var input = bytes
    var result = Z_BUF_ERROR
    let output = unsafe [UInt8](unsafeUninitializedCapacity: room) { target, used in
      unsafe input.withUnsafeMutableBufferPointer { source in
        unsafe stream.pointee.next_in = source.baseAddress
        unsafe stream.pointee.avail_in = count
        unsafe stream.pointee.next_out = target.baseAddress
        unsafe stream.pointee.avail_out = UInt32(clamping: room)
        unsafe result = CZlib.deflate(stream, Z_FULL_FLUSH)
      }
      used = unsafe room - Int(stream.pointee.avail_out)
    }
    // Room left says that the flush is whole (zlib.h).
    guard result == Z_OK, unsafe stream.pointee.avail_in == 0, output.count < room else {
      return nil
    }
    return output
  }
}

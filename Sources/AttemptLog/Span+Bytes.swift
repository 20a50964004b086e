import Glibc

extension Span<UInt8> {
  /// Whether these are exactly the bytes of `other`.
  @usableFromInline
  func equals(_ other: some Collection<UInt8>) -> Bool {
    guard count == other.count else { return false }
    var index = 0
    for byte in other {
      guard self[index] == byte else { return false }
      index += 1
    }
    return true
  }

  /// The eight bytes from `offset` on as a word, the first the lowest; zeros stand for bytes beyond
  /// the end.
  @inlinable @inline(__always)
  public func littleEndianWord(at offset: Int) -> UInt64 {
    offset + 8 <= count ? wholeWord(at: offset) : partialWord(at: offset)
  }

  /// The same where all eight bytes are there.
  @inlinable @inline(__always)
  func wholeWord(at offset: Int) -> UInt64 {
    UInt64(
      littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  /// The same for a caller who has checked that they are.
  @unsafe @inline(__always)
  func uncheckedWord(at offset: Int) -> UInt64 {
    assert(offset >= 0 && offset + 8 <= count)
    return UInt64(
      littleEndian: unsafe bytes.unsafeLoadUnaligned(
        fromUncheckedByteOffset: offset, as: UInt64.self))
  }

  @usableFromInline
  func partialWord(at offset: Int) -> UInt64 {
    let missing = offset + 8 - count
    if count >= 8, missing < 8 { return wholeWord(at: count - 8) >> UInt64(8 * missing) }
    let rest = count - offset
    guard rest > 0 else { return 0 }
    if rest >= 4 {
      // Two halves that overlap.
      let high = UInt64(quarterWord(at: count - 4)) << UInt64(8 * (rest - 4))
      return UInt64(quarterWord(at: offset)) | high
    }
    // The first, the middle and the last byte, some of which may be the same.
    let middle = rest / 2
    return UInt64(self[offset]) | UInt64(self[offset + middle]) << UInt64(8 * middle)
      | UInt64(self[count - 1]) << UInt64(8 * (rest - 1))
  }

  /// The four bytes from `offset` on, which are there.
  private func quarterWord(at offset: Int) -> UInt32 {
    UInt32(
      littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  /// Where `pattern` first stands at or after `start`.
  func firstRange(of pattern: Span<UInt8>, from start: Int) -> Int? {
    var index = start
    while index + pattern.count <= count {
      guard let candidate = firstIndex(of: pattern[0], from: index),
        candidate + pattern.count <= count
      else { return nil }
      if extracting(candidate..<candidate + pattern.count).equals(pattern) { return candidate }
      index = candidate + 1
    }
    return nil
  }

  func equals(_ other: Span<UInt8>) -> Bool {
    guard count == other.count else { return false }
    for index in indices where self[index] != other[index] { return false }
    return true
  }

  /// Where `byte` first stands at or after `start`.
  func firstIndex(of byte: UInt8, from start: Int) -> Int? {
    unsafe withUnsafeBytes { buffer in
      guard start < buffer.count, let base = buffer.baseAddress,
        let found = unsafe memchr(base + start, CInt(byte), buffer.count - start)
      else { return nil }
      return unsafe UnsafeRawPointer(found) - base
    }
  }
}

extension Span<UInt8> {
  /// Where `byte` last stands before `end`.
  public func lastIndex(of byte: UInt8, before end: Int) -> Int? {
    var index = end
    while index > 0 {
      index -= 1
      if self[index] == byte { return index }
    }
    return nil
  }

  /// How often `byte` stands in these bytes.
  public func count(of byte: UInt8) -> Int {
    var count = 0
    var index = 0
    while let found = firstIndex(of: byte, from: index) {
      count += 1
      index = found + 1
    }
    return count
  }
}

extension UInt64 {
  init(repeatingByte byte: UInt8) {
    self = UInt64(byte) &* 0x0101_0101_0101_0101
  }

  /// The high bit of each zero byte is set.
  ///
  /// Bits above the lowest may be wrong, the lowest is right (Mycroft's test).
  var lowestZeroByte: UInt64 {
    (self &- 0x0101_0101_0101_0101) & ~self & 0x8080_8080_8080_8080
  }
}

extension [UInt8] {
  public init(copying bytes: Span<UInt8>) {
    self = unsafe bytes.withUnsafeBufferPointer { unsafe Array($0) }
  }
}

extension String {
  /// The text of these bytes; what is not UTF-8 is replaced by U+FFFD.
  public init(utf8 bytes: Span<UInt8>) {
    self = unsafe bytes.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
  }
}

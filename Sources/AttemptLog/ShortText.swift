/// A text of up to 24 bytes as three words, zero-padded: comparing it is three compares.
@usableFromInline
struct ShortText: Equatable, Sendable {
  @usableFromInline let count: Int
  @usableFromInline let low: UInt64
  @usableFromInline let middle: UInt64
  @usableFromInline let high: UInt64

  static let bytesMax = 24

  /// Nil if the text is longer.
  @inlinable
  init?(_ text: Span<UInt8>) {
    guard text.count <= 24 else { return nil }
    count = text.count
    low = text.littleEndianWord(at: 0)
    middle = text.count > 8 ? text.littleEndianWord(at: 8) : 0
    high = text.count > 16 ? text.littleEndianWord(at: 16) : 0
  }

  /// Multiplicative (Fibonacci) hashing onto 128 slots.
  var slot: Int {
    Int(truncatingIfNeeded: ((low ^ middle &* 31 ^ high) &* 0x9E37_79B9_7F4A_7C15) >> 57)
  }
}

/// Bytes that are foreseen at a place: 8 to 24 of them as three words that overlap.
struct FieldPattern: Sendable {
  let first: UInt64
  let middle: UInt64
  let last: UInt64
  let count: Int

  static let bytesMax = 24

  /// Stands nowhere.
  static let none = FieldPattern("")

  /// Of less than eight bytes: stands nowhere.
  init(_ text: String) {
    let bytes = Array(text.utf8)
    precondition(bytes.count <= Self.bytesMax, "at most \(Self.bytesMax) bytes, got \(text)")
    guard bytes.count >= 8 else {
      (first, middle, last, count) = (0, 0, 0, LineScanner.lineBytesMax)
      return
    }
    first = bytes.span.littleEndianWord(at: 0)
    middle = bytes.span.littleEndianWord(at: Swift.min(8, bytes.count - 8))
    last = bytes.span.littleEndianWord(at: bytes.count - 8)
    count = bytes.count
  }
}

extension Span<UInt8> {
  /// Whether these bytes stand at `start`.
  @inline(__always)
  func has(_ pattern: FieldPattern, at start: Int) -> Bool {
    guard start + pattern.count <= count else { return false }
    let difference =
      (wholeWord(at: start) ^ pattern.first)
      | (wholeWord(at: start + Swift.min(8, pattern.count - 8)) ^ pattern.middle)
      | (wholeWord(at: start + pattern.count - 8) ^ pattern.last)
    return difference == 0
  }
}

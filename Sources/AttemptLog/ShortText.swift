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

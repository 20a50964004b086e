/// Bytes that are foreseen at a place: 8 to 24 of them as three words that overlap.
struct FieldPattern: Sendable {
  fileprivate let first: UInt64
  fileprivate let middle: UInt64
  fileprivate let last: UInt64
  private let length: UInt16
  private let middlePlace: UInt16
  private let lastPlace: UInt16

  var count: Int { Int(length) }
  /// Where the words stand; both are at most `count - 8`.
  fileprivate var middleOffset: Int { Int(middlePlace) }
  fileprivate var lastOffset: Int { Int(lastPlace) }

  static let bytesMin = 8
  static let bytesMax = 24

  /// Stands nowhere.
  static let none = FieldPattern("")

  /// Of less than eight bytes: stands nowhere.
  init(_ text: String) {
    let bytes = Array(text.utf8)
    precondition(bytes.count <= Self.bytesMax, "at most \(Self.bytesMax) bytes, got \(text)")
    let isPossible = bytes.count >= Self.bytesMin
    // No line is as long as the length that stands nowhere.
    length = UInt16(isPossible ? bytes.count : LineScanner.lineBytesMax)
    lastPlace = isPossible ? length - 8 : 0
    middlePlace = min(8, lastPlace)
    first = bytes.span.littleEndianWord(at: 0)
    middle = bytes.span.littleEndianWord(at: Int(middlePlace))
    last = bytes.span.littleEndianWord(at: Int(lastPlace))
  }
}

extension Span<UInt8> {
  /// Whether these bytes stand at `start`.
  @inline(__always)
  func has(_ pattern: FieldPattern, at start: Int) -> Bool {
    guard start >= 0, pattern.count <= count &- start else { return false }
    // The guard covers all three.
    let first = unsafe uncheckedWord(at: start) ^ pattern.first
    let middle = unsafe uncheckedWord(at: start &+ pattern.middleOffset) ^ pattern.middle
    let last = unsafe uncheckedWord(at: start &+ pattern.lastOffset) ^ pattern.last
    return first | middle | last == 0
  }
}

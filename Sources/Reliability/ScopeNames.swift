import AttemptLog

/// The pairs of provider and operation that were met, numbered in the order in which they came.
public struct ScopeNames: Sendable {
  /// Label values are cut to so many bytes, between characters.
  private let nameBytesMax: Int
  private var known: Interner
  private var buffer: [UInt8] = []
  /// Stands between the two names; it occurs in no UTF-8.
  private static let separator: UInt8 = 0xFF

  init(capacity: Int, nameBytesMax: Int) {
    self.nameBytesMax = nameBytesMax
    known = Interner(capacity: capacity)
  }

  public var count: Int { known.count }

  /// The number of a line's pair; nil if it is new and there is no room.
  mutating func number(_ fields: LineScanner, _ line: Span<UInt8>) -> Int? {
    buffer.removeAll(keepingCapacity: true)
    append(.provider, fields, line)
    buffer.append(Self.separator)
    append(.operation, fields, line)
    let name = buffer
    return known.number(name.span)
  }

  public func provider(_ number: Int) -> String {
    String(decoding: known.bytes(number).prefix { $0 != Self.separator }, as: UTF8.self)
  }

  public func operation(_ number: Int) -> String {
    let bytes = known.bytes(number).drop { $0 != Self.separator }.dropFirst()
    return String(decoding: bytes, as: UTF8.self)
  }

  private mutating func append(_ key: Key, _ fields: LineScanner, _ line: Span<UInt8>) {
    let bytesMax = nameBytesMax
    _ = fields.withText(key, in: line) { text in
      buffer.append(text, bytesMax: bytesMax)
    }
  }
}

extension [UInt8] {
  /// Appends a text, cut between characters if it is longer.
  mutating func append(_ text: Span<UInt8>, bytesMax: Int) {
    var end = text.count
    if end > bytesMax {
      end = bytesMax
      while end > 0 && text[end] & 0xC0 == 0x80 { end -= 1 }
    }
    unsafe text.extracting(..<end).withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
  }
}

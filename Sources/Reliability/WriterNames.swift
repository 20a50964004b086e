import AttemptLog

/// The ids of writers, numbered in the order in which they came; of a long one its beginning and a
/// hash are kept.
struct WriterNames: Sendable {
  /// Of an id that is kept as it is; those of this project have 16, a UUID 36.
  static let nameBytesMax = 39
  /// What is kept of a longer one.
  static let headBytes = 24

  private var known: Interner
  private let hasher: ByteHasher

  var count: Int { known.count }
  var byteCount: Int { known.byteCount }

  /// - Parameter hasher: the same where long ids of several are compared.
  init(capacity: Int, hasher: ByteHasher = ByteHasher()) {
    known = Interner(capacity: capacity)
    self.hasher = hasher
  }

  /// The number of an id, from 0; nil if it is new and there is no room.
  mutating func number(_ id: Span<UInt8>) -> Int? {
    if id.count <= Self.nameBytesMax { return known.number(id) }
    // Longer than any short id, so that it equals none.
    var key = (0..<Self.headBytes).map { id[$0] }
    hasher.hash128(id).append(to: &key)
    return known.number(key.span)
  }

  /// What is kept of an id, for `number(known:)` of another instance with the same hasher.
  func id(_ number: Int) -> ArraySlice<UInt8> { known.bytes(number) }

  mutating func number(known id: ArraySlice<UInt8>) -> Int? { known.number(id.span) }

  func name(_ number: Int) -> String {
    let bytes = known.bytes(number)
    guard bytes.count > Self.nameBytesMax else { return known.text(number) }
    return String(decoding: bytes.prefix(Self.headBytes), as: UTF8.self) + "…"
  }
}

extension WriterNames: StateCoded {
  mutating func code(with coder: inout StateCoder) { known.code(with: &coder) }
}

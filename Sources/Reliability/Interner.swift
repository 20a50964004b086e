import AttemptLog

/// Gives each distinct text a small number, in the order in which they come, without allocating for
/// one that is known.
public struct Interner: Sendable {
  /// No more texts than this get a number.
  public let capacity: Int
  public private(set) var count = 0
  /// Of all texts.
  var byteCount: Int { bytes.count }

  private var bytes: [UInt8] = []
  /// Where each text ends in `bytes`; it begins where the one before ends.
  private var ends: [Int] = []
  private var hashes: [UInt64] = []
  /// Open addressing, a power of two long: a text's number + 1, or 0 where free.
  private var slots = [UInt32](repeating: 0, count: 64)
  private let hasher: ByteHasher
  /// The number given last: a text often comes several times in a row.
  private var newest = 0

  /// The hash is seeded at random, so that no log can be made to collide; numbers do not depend on
  /// it.
  public init(capacity: Int = .max, hasher: ByteHasher = ByteHasher()) {
    self.capacity = min(capacity, Int(UInt32.max) - 1)
    self.hasher = hasher
  }

  /// The number of a text, from 0; nil if it is new and there is no room.
  public mutating func number(_ text: Span<UInt8>) -> Int? {
    if count > 0, equals(newest, text) { return newest }
    let hash = hasher.hash(text)
    var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
    while slots[slot] != 0 {
      let number = Int(slots[slot]) - 1
      if hashes[number] == hash, equals(number, text) {
        newest = number
        return number
      }
      slot = (slot + 1) & (slots.count - 1)
    }
    guard count < capacity else { return nil }
    unsafe text.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    return add(hash, slot)
  }

  /// The number of a text; nil if it has none.
  func known(_ text: Span<UInt8>) -> Int? {
    let hash = hasher.hash(text)
    var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
    while slots[slot] != 0 {
      let number = Int(slots[slot]) - 1
      if hashes[number] == hash, equals(number, text) { return number }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  /// The number of two texts with a separator between them, or of the first alone; of these alone
  /// one interner has the numbers.
  mutating func number(_ first: Span<UInt8>, _ second: Span<UInt8>?, separator: UInt8) -> Int? {
    if count > 0, equals(newest, first, second, separator) { return newest }
    var hash = hasher.hash(first)
    if let second {
      hash = hash.multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15).high ^ hasher.hash(second)
    }
    var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
    while slots[slot] != 0 {
      let number = Int(slots[slot]) - 1
      if hashes[number] == hash, equals(number, first, second, separator) {
        newest = number
        return number
      }
      slot = (slot + 1) & (slots.count - 1)
    }
    guard count < capacity else { return nil }
    unsafe first.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    if let second {
      bytes.append(separator)
      unsafe second.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    }
    return add(hash, slot)
  }

  private mutating func add(_ hash: UInt64, _ slot: Int) -> Int {
    ends.append(bytes.count)
    hashes.append(hash)
    slots[slot] = UInt32(count + 1)
    newest = count
    count += 1
    if count * 2 > slots.count { grow() }
    return newest
  }

  private func equals(
    _ number: Int, _ first: Span<UInt8>, _ second: Span<UInt8>?, _ separator: UInt8
  ) -> Bool {
    let own = bytes.span.extracting(start(number)..<ends[number])
    guard let second else { return own.isSame(as: first) }
    guard own.count == first.count + 1 + second.count, own[first.count] == separator else {
      return false
    }
    return own.extracting(..<first.count).isSame(as: first)
      && own.extracting((first.count + 1)...).isSame(as: second)
  }

  /// The bytes of a number that was given out.
  public func bytes(_ number: Int) -> ArraySlice<UInt8> {
    bytes[start(number)..<ends[number]]
  }

  public func text(_ number: Int) -> String {
    String(decoding: bytes(number), as: UTF8.self)
  }

  private func start(_ number: Int) -> Int {
    number == 0 ? 0 : ends[number - 1]
  }

  private func equals(_ number: Int, _ text: Span<UInt8>) -> Bool {
    bytes.span.extracting(start(number)..<ends[number]).isSame(as: text)
  }

  private mutating func grow() {
    slots = [UInt32](repeating: 0, count: slots.count * 2)
    for (number, hash) in hashes.enumerated() {
      var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
      while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = UInt32(number + 1)
    }
  }
}

extension Interner: StateCoded {
  /// Its texts, in the order of their numbers.
  mutating func code(with coder: inout StateCoder) {
    var texts = (0..<count).map { Array(bytes($0)) }
    coder.code(&texts, blank: []) { $1.code(&$0) }
    guard coder.isReading else { return }
    self = Interner(capacity: capacity, hasher: hasher)
    for (index, text) in texts.enumerated() { coder.check(number(text.span) == index) }
  }
}

/// A keyed hash of bytes: two lanes of multiply and fold over words of eight bytes, in the manner of
/// wyhash.
public struct ByteHasher: Sendable {
  private var keys: (UInt64, UInt64)

  /// With keys of chance.
  public init() {
    keys = (.random(in: .min ... .max), .random(in: .min ... .max))
  }

  /// Its keys, for texts are kept by their hashes.
  mutating func code(with coder: inout StateCoder) {
    coder.code(&keys.0)
    coder.code(&keys.1)
  }

  public func hash(_ text: Span<UInt8>) -> UInt64 {
    hash128(text).low
  }

  /// Wide enough to stand for the text: two of 10^9 texts collide with a probability below 10^-20.
  public func hash128(_ text: Span<UInt8>) -> Key {
    var low = keys.0 ^ UInt64(text.count)
    var high = keys.1
    var offset = 0
    while offset < text.count {
      // The last word overlaps the one before, which is quicker than to read a part of one.
      let word = text.littleEndianWord(at: min(offset, max(0, text.count - 8)))
      low = Self.fold(low ^ word, 0xA076_1D64_78BD_642F)
      high = Self.fold(high ^ word, 0xE703_7ED1_A0B4_28DB)
      offset += 8
    }
    return Key(
      low: Self.fold(low ^ high, 0x8EBC_6AF0_9C88_C6E3),
      high: Self.fold(high ^ keys.0, 0x5899_65CC_7537_4CC3))
  }

  private static func fold(_ word: UInt64, _ multiplier: UInt64) -> UInt64 {
    let product = (word ^ multiplier &* 3).multipliedFullWidth(by: multiplier)
    return product.high ^ product.low
  }

  /// Stands for a text.
  public struct Key: Hashable, Sendable {
    let low: UInt64
    let high: UInt64

    static let zero = Key(low: 0, high: 0)

    public func hash(into hasher: inout Hasher) {
      hasher.combine(low)
    }

    /// What a dictionary calls first: the key is a keyed hash already, and is not hashed again.
    public func _rawHashValue(seed: Int) -> Int {
      Int(truncatingIfNeeded: low) ^ seed
    }

    /// Appends its 16 bytes.
    func append(to bytes: inout [UInt8]) {
      for word in [low, high] {
        for shift in stride(from: 0, to: 64, by: 8) {
          bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
        }
      }
    }
  }
}

extension Span<UInt8> {
  /// Whether these are the same bytes: eight at a time.
  fileprivate func isSame(as other: Span<UInt8>) -> Bool {
    guard count == other.count else { return false }
    var offset = 0
    while offset < count {
      // The last word overlaps the one before.
      let start = min(offset, max(0, count - 8))
      guard littleEndianWord(at: start) == other.littleEndianWord(at: start) else { return false }
      offset += 8
    }
    return true
  }
}

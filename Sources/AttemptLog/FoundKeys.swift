/// The keys of a line, and of which type the value of each is beyond doubt.
@usableFromInline
struct FoundKeys: Sendable {
  // A bit for each key, by its number.
  @usableFromInline var all: UInt64 = 0
  var texts: UInt64 = 0
  /// Numbers from 0.
  var amounts: UInt64 = 0
  /// Integers from 1.
  var ordinals: UInt64 = 0
  var bools: UInt64 = 0
  var hasRepeatedKey = false

  @inlinable @inline(__always)
  func contains(_ key: Key) -> Bool {
    all & key.bit != 0
  }

  mutating func insert(_ key: Key, _ kind: JSONValue.Kind) {
    if contains(key) { hasRepeatedKey = true }
    all |= key.bit
    switch kind {
    case .string, .escapedString: texts |= key.bit
    case .true, .false: bools |= key.bit
    // Of what kind a number is, the schema's full check finds out.
    case .number, .null, .object, .array: break
    }
  }

  mutating func insertHead() {
    all |= Key.v.bit | Key.kind.bit | Key.time.bit | Key.writer.bit | Key.seq.bit
  }

  /// Whether every required key is there and of its type; false also where that is in doubt.
  func satisfies(_ required: RequiredKeys) -> Bool {
    required.texts & ~texts | required.amounts & ~amounts | required.ordinals & ~ordinals
      | required.bools & ~bools == 0
  }
}

/// The keys that a kind of line must have besides those of its head, a bit for each, by their type.
struct RequiredKeys: Sendable {
  let texts: UInt64
  let amounts: UInt64
  /// Among them counts: whether one is 0, the schema's full check finds out.
  let ordinals: UInt64
  let bools: UInt64

  init(
    texts: [Key] = [], amounts: [Key] = [], ordinals: [Key] = [], bools: [Key] = []
  ) {
    self.texts = KeySet(texts).bits
    self.amounts = KeySet(amounts).bits
    self.ordinals = KeySet(ordinals).bits
    self.bools = KeySet(bools).bits
  }
}

extension Key {
  @inlinable var bit: UInt64 { 1 &<< UInt64(rawValue) }
}

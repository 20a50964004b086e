/// Finds a key by its bytes.
final class KeyTable: Sendable {
  static let shared = KeyTable()

  let names: [String]
  let head = ForeseenHead.Patterns()
  let kinds = TextTable(RecordKind.allCases.filter { $0 != .unknown })
  /// `,"name":` of every key, a row for each, filled up with zeros.
  let fieldStarts: [UInt8]
  /// How long each is, in bytes.
  let fieldCounts: [Int]
  static let rowBytes = 32
  /// How each key's field begins, by its number; those whose value is a string `stringOffset` later.
  let patterns: [FieldPattern]
  /// The same without the comma, for lines with white space.
  let namePatterns: [FieldPattern]
  static let stringOffset = 64
  /// A number that no key has.
  static let unused = 63
  static let numberMask = 63
  let words: [ShortText]
  /// Open addressing with linear probing: 128 slots for 50 keys, 255 where one is free.
  private let slots: [UInt8]

  private init() {
    names = Key.allCases.map { Self.snakeCase("\($0)") }
    let names = self.names
    namePatterns = Self.padded(names.map { FieldPattern("\"\($0)\":") })
    patterns = ["", "\""].flatMap { quote in
      Self.padded(names.map { FieldPattern(",\"\($0)\":\(quote)") })
    }
    let starts = names.map { Array(",\"\($0)\":".utf8) }
    fieldCounts = starts.map(\.count)
    fieldStarts = starts.flatMap { start in
      precondition(start.count <= Self.rowBytes, "a row holds every key, got \(start)")
      return start + [UInt8](repeating: 0, count: Self.rowBytes - start.count)
    }
    words = names.map { name in
      guard let words = ShortText(Array(name.utf8).span) else {
        preconditionFailure("a key is at most \(ShortText.bytesMax) bytes, got \(name)")
      }
      return words
    }
    var slots = [UInt8](repeating: .max, count: 128)
    for (index, words) in words.enumerated() {
      var slot = words.slot
      while slots[slot] != .max { slot = (slot + 1) & 127 }
      slots[slot] = UInt8(index)
    }
    self.slots = slots
  }

  /// As many as there are numbers of keys.
  private static func padded(_ patterns: [FieldPattern]) -> [FieldPattern] {
    patterns + [FieldPattern](repeating: .none, count: stringOffset - patterns.count)
  }

  /// What a line of this kind must have besides its head.
  func required(_ kind: RecordKind) -> RequiredKeys {
    switch kind {
    case .attempt: attemptKeys
    case .operation: operationKeys
    case .attemptStart: attemptStartKeys
    case .segment: RequiredKeys(texts: [.segment])
    case .dropped: RequiredKeys(ordinals: [.count])
    case .writerStart, .writerStop, .unknown: RequiredKeys()
    }
  }

  private let attemptKeys = RequiredKeys(
    texts: [.provider, .operation, .operationID, .outcome, .decision], amounts: [.latencyMs],
    ordinals: [.attempt])
  private let operationKeys = RequiredKeys(
    texts: [.provider, .operation, .operationID, .outcome], amounts: [.durationMs, .sleptMs],
    ordinals: [.attempts], bools: [.retried])
  private let attemptStartKeys = RequiredKeys(
    texts: [.provider, .operation, .operationID], ordinals: [.attempt])

  func key(_ sought: ShortText) -> Key? {
    var slot = sought.slot
    while slots[slot] != .max {
      if words[Int(slots[slot])] == sought { return Key(rawValue: slots[slot]) }
      slot = (slot + 1) & 127
    }
    return nil
  }

  func key(_ text: Span<UInt8>) -> Key? {
    ShortText(text).flatMap(key)
  }

  private static func snakeCase(_ name: String) -> String {
    var result = ""
    var previousIsLower = false
    for character in name {
      if character.isUppercase && previousIsLower { result += "_" }
      result += character.lowercased()
      previousIsLower = character.isLowercase
    }
    return result
  }
}

/// Every key of the log's schema, named as on the wire.
public enum Key: UInt8, CaseIterable, Sendable {
  case v, kind, time, writer, seq
  case segment, number
  case version, host, pid, process
  case count, reason
  case provider, account, operation, operationID, parentID
  case attempt, maxAttempts, outcome, latencyMs
  case sleptMs, sleptSource, retryReason
  case httpStatus, errorLayer, errorClass, errorType, errorCode, errorParam, errorMessage
  case retryAfterMs, retryAfterSource
  case decision, backoffMs, backoffSource, requestSent
  case quotaName, quotaLimit, quotaRemaining, quotaReset
  case requestID, jobID, audioSeconds, traceID, spanID
  case retried, attempts, durationMs

  /// The key as it is written: the Swift name in snake case.
  public var name: String {
    KeyTable.shared.names[Int(rawValue)]
  }
}

/// A set of keys.
@usableFromInline
struct KeySet: Sendable {
  private var bits: UInt64 = 0

  init() {}

  func contains(_ key: Key) -> Bool {
    bits & (1 << UInt64(key.rawValue)) != 0
  }

  mutating func insert(_ key: Key) {
    bits |= 1 << UInt64(key.rawValue)
  }

  mutating func remove(_ key: Key) {
    bits &= ~(1 << UInt64(key.rawValue))
  }
}

/// Finds a key by its bytes: a name of up to 24 bytes is three words, and comparing it three
/// compares.
final class KeyTable: Sendable {
  static let shared = KeyTable()

  /// A key's name, zero-padded.
  struct Words: Equatable, Sendable {
    var low: UInt64 = 0
    var middle: UInt64 = 0
    var high: UInt64 = 0

    static let bytesMax = 24

    /// Nil if the name is longer than any key.
    init?(_ text: Span<UInt8>) {
      guard text.count <= Self.bytesMax else { return nil }
      low = text.littleEndianWord(at: 0)
      middle = text.count > 8 ? text.littleEndianWord(at: 8) : 0
      high = text.count > 16 ? text.littleEndianWord(at: 16) : 0
    }

    /// Multiplicative (Fibonacci) hashing onto the slots.
    var slot: Int {
      Int(truncatingIfNeeded: ((low ^ middle &* 31 ^ high) &* 0x9E37_79B9_7F4A_7C15) >> 57)
    }
  }

  let names: [String]
  /// `,"name":` of every key, a row for each, filled up with zeros.
  let fieldStarts: [UInt8]
  /// How long each is, in bytes.
  let fieldCounts: [Int]
  static let rowBytes = 32
  private let fields: [Field]
  let words: [Words]
  /// Open addressing with linear probing: 128 slots for 50 keys, 255 where one is free.
  private let slots: [UInt8]

  private init() {
    names = Key.allCases.map { Self.snakeCase("\($0)") }
    fields = names.map { Field(Array("\"\($0)\":".utf8).span) }
    let starts = names.map { Array(",\"\($0)\":".utf8) }
    fieldCounts = starts.map(\.count)
    fieldStarts = starts.flatMap { start in
      precondition(start.count <= Self.rowBytes, "a row holds every key, got \(start)")
      return start + [UInt8](repeating: 0, count: Self.rowBytes - start.count)
    }
    words = names.map { name in
      guard let words = Words(Array(name.utf8).span) else {
        preconditionFailure("a key is at most \(Words.bytesMax) bytes, got \(name)")
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

  /// The end of `"name":` of the key with this number, if just that stands at `start`; nil also where
  /// the line ends soon.
  @inline(__always)
  func end(ofField number: UInt8, at start: Int, in line: Span<UInt8>) -> Int? {
    guard number < fields.count, start + Field.bytesMax <= line.count else { return nil }
    let field = fields[Int(number)]
    let difference =
      (line.littleEndianWord(at: start) ^ field.low) & field.lowMask
      | (line.littleEndianWord(at: start + 8) ^ field.middle) & field.middleMask
      | (line.littleEndianWord(at: start + 16) ^ field.high) & field.highMask
    return difference == 0 ? start + field.count : nil
  }

  /// `"name":` of a key as three words, with the bits of them that count.
  private struct Field {
    let low: UInt64
    let middle: UInt64
    let high: UInt64
    let lowMask: UInt64
    let middleMask: UInt64
    let highMask: UInt64
    let count: Int

    static let bytesMax = 24

    init(_ text: Span<UInt8>) {
      precondition(text.count <= Self.bytesMax, "a field has three words, got \(text.count) bytes")
      func mask(_ word: Int) -> UInt64 {
        let bytes = min(8, max(0, text.count - 8 * word))
        return bytes == 8 ? .max : (1 << UInt64(8 * bytes)) - 1
      }
      (low, lowMask) = (text.littleEndianWord(at: 0), mask(0))
      (middle, middleMask) = (text.littleEndianWord(at: 8), mask(1))
      (high, highMask) = (text.littleEndianWord(at: 16), mask(2))
      count = text.count
    }
  }

  func key(_ sought: Words) -> Key? {
    var slot = sought.slot
    while slots[slot] != .max {
      if words[Int(slots[slot])] == sought { return Key(rawValue: slots[slot]) }
      slot = (slot + 1) & 127
    }
    return nil
  }

  func key(_ text: Span<UInt8>) -> Key? {
    Words(text).flatMap(key)
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

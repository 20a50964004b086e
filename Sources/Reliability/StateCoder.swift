public import AttemptLog

/// Can be a part of a state: one description says how it is written and how it is read back.
protocol StateCoded {
  mutating func code(with coder: inout StateCoder)
}

/// Writes a state as bytes, or reads it back.
///
/// A value is coded by the same calls both ways; while writing it is left as it is. Words are little
/// endian, counts are LEB128 in their shortest form. Whatever is read, nothing traps: behind the
/// first byte that cannot be right everything reads as zero or empty, and `finish()` throws.
public struct StateCoder: Sendable {
  public let isReading: Bool
  /// What was written, or what is read.
  public private(set) var bytes: [UInt8]
  /// Start of what is not read yet: 0...bytes.count.
  private var next = 0
  private var error: StateError?

  /// What a count is at most, so that sums of some thousands of them fit.
  public static let countMax = 1 << 48

  /// Writes.
  public init() {
    isReading = false
    bytes = []
  }

  public init(reading bytes: [UInt8]) {
    isReading = true
    self.bytes = bytes
  }

  /// Throws if what was read is not a state, or not all of it was read.
  public mutating func finish() throws(StateError) {
    if isReading && error == nil && next < bytes.count { error = .invalid(offset: next) }
    if let error { throw error }
  }

  /// A condition that what was read must meet.
  public mutating func check(_ holds: Bool) {
    if isReading && error == nil && !holds { error = .invalid(offset: next) }
  }

  private mutating func byte() -> UInt8 {
    guard error == nil else { return 0 }
    guard next < bytes.count else {
      error = .truncated(offset: next)
      return 0
    }
    next += 1
    return bytes[next - 1]
  }
}

// MARK: - Numbers

extension StateCoder {
  public mutating func code(_ byte: inout UInt8) {
    if isReading { byte = self.byte() } else { bytes.append(byte) }
  }

  public mutating func code(_ word: inout UInt64) {
    var coded: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 8) {
      var byte = UInt8(truncatingIfNeeded: word >> shift)
      code(&byte)
      coded |= UInt64(byte) << shift
    }
    if isReading { word = error == nil ? coded : 0 }
  }

  public mutating func code(_ flag: inout Bool) {
    var byte: UInt8 = flag ? 1 : 0
    code(&byte)
    check(byte <= 1)
    if isReading { flag = byte == 1 }
  }

  /// Codes a number from 0.
  public mutating func code(_ number: inout Int64, max: Int64) {
    guard isReading else { return write(UInt64(bitPattern: number)) }
    let read = Int64(truncatingIfNeeded: readNumber())
    check(0...max ~= read)
    number = error == nil ? read : 0
  }

  public mutating func code(_ count: inout Int, max: Int = countMax) {
    var number = Int64(count)
    code(&number, max: Int64(max))
    if isReading { count = Int(number) }
  }

  mutating func code(_ number: inout UInt32) {
    var wide = Int64(number)
    code(&wide, max: Int64(UInt32.max))
    if isReading { number = UInt32(truncatingIfNeeded: wide) }
  }

  private mutating func write(_ number: UInt64) {
    var rest = number
    while rest > 0x7F {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  private mutating func readNumber() -> UInt64 {
    var number: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 63, by: 7) {
      let byte = self.byte()
      number |= UInt64(byte & 0x7F) << shift
      if byte & 0x80 == 0 {
        // A shorter form would say the same.
        check(byte > 0 || shift == 0)
        return number
      }
    }
    check(false)
    return 0
  }

  /// Codes a number that is none but NaN.
  public mutating func code(_ number: inout Double) {
    var word = number.bitPattern
    code(&word)
    let read = Double(bitPattern: word)
    check(!read.isNaN)
    if isReading { number = error == nil ? read : 0 }
  }

  public mutating func code(_ time: inout Timestamp) {
    var word = UInt64(bitPattern: time.microseconds)
    code(&word)
    let read = Timestamp(microseconds: Int64(bitPattern: word))
    check(read >= .earliest && read <= .latest)
    if isReading { time = error == nil ? read : .earliest }
  }

  mutating func code(_ key: inout ByteHasher.Key) {
    var (low, high) = (key.low, key.high)
    code(&low)
    code(&high)
    if isReading { key = ByteHasher.Key(low: low, high: high) }
  }
}

// MARK: - Collections

extension StateCoder {
  public typealias Coding<Value> = (_ value: inout Value, _ coder: inout StateCoder) -> Void

  public mutating func code<Value>(_ value: inout Value?, blank: Value, _ code: Coding<Value>) {
    var isThere = value != nil
    self.code(&isThere)
    guard isThere else {
      if isReading { value = nil }
      return
    }
    var coded = value ?? blank
    code(&coded, &self)
    if isReading { value = coded }
  }

  public mutating func code(_ time: inout Timestamp?) {
    code(&time, blank: .earliest) { $1.code(&$0) }
  }

  public mutating func code(_ number: inout Double?) {
    code(&number, blank: 0) { $1.code(&$0) }
  }

  /// Codes how many elements follow, each of which takes a byte at least.
  mutating func code(lengthOfList length: inout Int) {
    code(&length)
    check(length <= bytes.count - next)
    if error != nil { length = 0 }
  }

  /// Codes a list.
  ///
  /// - Parameters:
  ///   - elements: what is written, or replaced by what is read.
  ///   - blank: what an element is read into.
  ///   - code: codes one element.
  public mutating func code<Element>(
    _ elements: inout [Element], blank: Element, _ code: Coding<Element>
  ) {
    var count = elements.count
    self.code(lengthOfList: &count)
    guard isReading else {
      for element in elements {
        var element = element
        code(&element, &self)
      }
      return
    }
    elements = []
    while elements.count < count, error == nil {
      var element = blank
      code(&element, &self)
      elements.append(element)
    }
  }

  public mutating func code(_ text: inout [UInt8]) {
    var count = text.count
    code(lengthOfList: &count)
    if isReading {
      text = Array(bytes[next..<next + count])
      next += count
    } else {
      bytes += text
    }
  }

  public mutating func code(_ text: inout String) {
    var utf8 = Array(text.utf8)
    code(&utf8)
    if isReading { text = String(decoding: utf8, as: UTF8.self) }
  }

  /// Codes values in the order of their keys, which are not negative.
  mutating func code<Value>(
    _ values: inout [Int: Value], blank: Value, _ code: Coding<Value>
  ) {
    var pairs = values.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    self.code(&pairs, blank: (0, blank)) { pair, coder in
      coder.code(&pair.0)
      code(&pair.1, &coder)
    }
    guard isReading else { return }
    check(zip(pairs, pairs.dropFirst()).allSatisfy { $0.0 < $1.0 })
    values = error == nil ? Dictionary(uniqueKeysWithValues: pairs) : [:]
  }

  mutating func code(_ numbers: inout Set<Int>) {
    var sorted = numbers.sorted()
    code(&sorted, blank: 0) { $1.code(&$0) }
    guard isReading else { return }
    check(zip(sorted, sorted.dropFirst()).allSatisfy { $0 < $1 })
    numbers = Set(sorted)
  }

  /// Codes a count for each member; one that is not there is 0.
  mutating func code<Member>(_ counts: inout [Member: Int], of members: [Member]) {
    for member in members {
      var count = counts[member, default: 0]
      code(&count)
      if isReading { counts[member] = count > 0 ? count : nil }
    }
  }
}

/// Why bytes are not a state; offsets are bytes from its beginning.
public enum StateError: Error, Equatable, CustomStringConvertible {
  /// It ends here.
  case truncated(offset: Int)
  /// What stands before this byte cannot be in a state.
  case invalid(offset: Int)

  public var description: String {
    switch self {
    case .truncated(let offset): "it ends at byte \(offset)"
    case .invalid(let offset): "what stands before byte \(offset) cannot be in a state"
    }
  }
}

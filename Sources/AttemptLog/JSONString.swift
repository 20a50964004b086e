// Strings of RFC 8259 §7 in valid UTF-8 without lone surrogates.
extension Span<UInt8> {
  /// The string whose opening quote stands at `start`.
  func jsonString(at start: Int) throws(JSONError) -> JSONValue {
    guard at(start) == UInt8(ascii: "\"") else {
      throw JSONError(offset: start, expected: .string)
    }
    var index = start + 1
    var kind = JSONValue.Kind.string
    while true {
      index = skippingPlainText(from: index)
      guard index < count else { throw JSONError(offset: index, expected: .closingQuote) }
      let byte = self[index]
      if byte == UInt8(ascii: "\"") {
        return JSONValue(kind: kind, start: start, end: index + 1)
      }
      if byte == UInt8(ascii: "\\") {
        kind = .escapedString
        index = try jsonEscape(at: index).end
      } else if byte < 0x20 {
        throw JSONError(offset: index, expected: .noControl)
      } else {
        index = try multibyteSequence(at: index)
      }
    }
  }

  /// The first byte from `start` on that is a quote, a backslash, a control or not ASCII: sixteen
  /// bytes at a time.
  @inline(__always)
  func skippingPlainText(from start: Int) -> Int {
    var index = start
    while index >= 0, index <= count &- 16 {
      // The condition covers both.
      let low = unsafe uncheckedWord(at: index).specialBytes
      let high = unsafe uncheckedWord(at: index &+ 8).specialBytes
      if low | high != 0 {
        let bits = low != 0 ? low.trailingZeroBitCount : 64 &+ high.trailingZeroBitCount
        return index &+ bits &>> 3
      }
      index &+= 16
    }
    return skippingLastPlainText(from: index)
  }

  private func skippingLastPlainText(from start: Int) -> Int {
    var index = start
    while index < count {
      // The zeros behind the end are controls.
      let special = littleEndianWord(at: index).specialBytes
      if special != 0 { return Swift.min(index + special.trailingZeroBitCount / 8, count) }
      index += 8
    }
    return index
  }

  /// The end of the character of two to four bytes at `start` (RFC 3629 §4).
  private func multibyteSequence(at start: Int) throws(JSONError) -> Int {
    let lead = self[start]
    let second = at(start + 1)
    let length: Int
    let isSecond: Bool
    switch lead {
    case 0xC2...0xDF: (length, isSecond) = (2, second.isContinuation)
    case 0xE0: (length, isSecond) = (3, (0xA0...0xBF).contains(second))
    case 0xED: (length, isSecond) = (3, (0x80...0x9F).contains(second))
    case 0xE1...0xEF: (length, isSecond) = (3, second.isContinuation)
    case 0xF0: (length, isSecond) = (4, (0x90...0xBF).contains(second))
    case 0xF1...0xF3: (length, isSecond) = (4, second.isContinuation)
    case 0xF4: (length, isSecond) = (4, (0x80...0x8F).contains(second))
    default: throw JSONError(offset: start, expected: .utf8)
    }
    guard isSecond,
      length < 3 || at(start + 2).isContinuation,
      length < 4 || at(start + 3).isContinuation
    else { throw JSONError(offset: start, expected: .utf8) }
    return start + length
  }

  /// The character of the escape whose backslash stands at `start`.
  private func jsonEscape(
    at start: Int
  ) throws(JSONError) -> (scalar: Unicode.Scalar, end: Int) {
    switch at(start + 1) {
    case UInt8(ascii: "\""): ("\"", start + 2)
    case UInt8(ascii: "\\"): ("\\", start + 2)
    case UInt8(ascii: "/"): ("/", start + 2)
    case UInt8(ascii: "b"): ("\u{8}", start + 2)
    case UInt8(ascii: "f"): ("\u{C}", start + 2)
    case UInt8(ascii: "n"): ("\n", start + 2)
    case UInt8(ascii: "r"): ("\r", start + 2)
    case UInt8(ascii: "t"): ("\t", start + 2)
    case UInt8(ascii: "u"): try unicodeEscape(at: start)
    default: throw JSONError(offset: start, expected: .escape)
    }
  }

  private func unicodeEscape(
    at start: Int
  ) throws(JSONError) -> (scalar: Unicode.Scalar, end: Int) {
    let unit = try codeUnit(at: start)
    if let scalar = Unicode.Scalar(unit) { return (scalar, start + 6) }
    guard unit < 0xDC00 else { throw JSONError(offset: start, expected: .highSurrogate) }
    guard at(start + 6) == UInt8(ascii: "\\"), at(start + 7) == UInt8(ascii: "u") else {
      throw JSONError(offset: start + 6, expected: .lowSurrogate)
    }
    let low = try codeUnit(at: start + 6)
    guard (0xDC00...0xDFFF).contains(low),
      let scalar = Unicode.Scalar(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00))
    else { throw JSONError(offset: start + 6, expected: .lowSurrogate) }
    return (scalar, start + 12)
  }

  /// The number of four hexadecimal digits behind `\u`.
  private func codeUnit(at start: Int) throws(JSONError) -> UInt32 {
    var unit: UInt32 = 0
    for index in start + 2..<start + 6 {
      let byte = at(index)
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): unit = unit << 4 | UInt32(byte & 15)
      case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"):
        unit = unit << 4 | UInt32(byte & 15 + 9)
      default: throw JSONError(offset: index, expected: .escape)
      }
    }
    return unit
  }

  /// The decoded bytes of a string that `jsonString(at:)` found.
  @usableFromInline
  func jsonText(_ string: JSONValue) -> [UInt8] {
    var text: [UInt8] = []
    var index = string.start + 1
    while index < string.end - 1 {
      let byte = self[index]
      if byte == UInt8(ascii: "\\"), let escape = try? jsonEscape(at: index) {
        text += Array(String(escape.scalar).utf8)
        index = escape.end
      } else {
        text.append(byte)
        index += 1
      }
    }
    return text
  }
}

extension UInt64 {
  /// The high bit of each byte that is a quote, a backslash, a control or not ASCII; bits above the
  /// lowest may be wrong, the lowest is right.
  @inline(__always)
  fileprivate var specialBytes: UInt64 {
    let quote = (self ^ 0x2222_2222_2222_2222) &- 0x0101_0101_0101_0101
    let backslash = (self ^ 0x5C5C_5C5C_5C5C_5C5C) &- 0x0101_0101_0101_0101
    let control = self &- 0x2020_2020_2020_2020
    return (quote | backslash | control | self) & 0x8080_8080_8080_8080
  }
}

extension UInt8 {
  fileprivate var isContinuation: Bool { self & 0xC0 == 0x80 }
}

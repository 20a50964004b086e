/// Where a JSON value stands in a line, and what it is.
@usableFromInline
struct JSONValue: Sendable {
  @usableFromInline
  enum Kind: UInt8, Sendable {
    case null, `true`, `false`, number, string, escapedString, object, array
  }

  @usableFromInline let kind: Kind
  @usableFromInline let first: UInt16
  @usableFromInline let behind: UInt16

  /// The first byte of the value, an opening quote included.
  @inlinable var start: Int { Int(first) }
  /// The byte behind the value.
  @inlinable var end: Int { Int(behind) }

  /// Positions are at most `LineScanner.lineBytesMax`.
  @inline(__always)
  init(kind: Kind, start: Int, end: Int) {
    self.kind = kind
    first = UInt16(truncatingIfNeeded: start)
    behind = UInt16(truncatingIfNeeded: end)
  }
}

/// What a JSON text should have had where it is malformed.
public enum JSONExpectation: String, Sendable {
  case object = "an object"
  case value = "a value"
  case string = "a string in quotes"
  case closingQuote = "a closing quote"
  case escape = "an escape sequence"
  case lowSurrogate = "a low surrogate"
  case highSurrogate = "a high surrogate"
  case noControl = "no control character"
  case utf8 = "valid UTF-8"
  case digit = "a digit"
  case colon = "a colon"
  case commaOrBrace = "a comma or a closing brace"
  case commaOrBracket = "a comma or a closing bracket"
  case end = "the end of the line"
  case lessNesting = "nesting of at most 64 levels"
}

struct JSONError: Error {
  var offset: Int
  var expected: JSONExpectation
}

// The grammar of RFC 8259 over a line. Positions may be the end of the line, where `at` gives 0,
// which begins nothing.
extension Span<UInt8> {
  @inline(__always)
  func at(_ index: Int) -> UInt8 {
    index < count ? self[index] : 0
  }

  @inline(__always)
  func skippingWhiteSpace(from start: Int) -> Int {
    // This project's writer leaves none.
    at(start) > UInt8(ascii: " ") ? start : skippingSomeWhiteSpace(from: start)
  }

  private func skippingSomeWhiteSpace(from start: Int) -> Int {
    var index = start
    while index < count {
      switch self[index] {
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"): index += 1
      default: return index
      }
    }
    return index
  }

  /// The position of what follows a name and its colon.
  func jsonColon(from start: Int) throws(JSONError) -> Int {
    let index = skippingWhiteSpace(from: start)
    guard at(index) == UInt8(ascii: ":") else { throw JSONError(offset: index, expected: .colon) }
    return skippingWhiteSpace(from: index + 1)
  }

  func jsonValue(at start: Int) throws(JSONError) -> JSONValue {
    switch at(start) {
    case UInt8(ascii: "{"), UInt8(ascii: "["): try jsonContainer(at: start)
    default: try jsonScalar(at: start)
    }
  }

  private func jsonScalar(at start: Int) throws(JSONError) -> JSONValue {
    switch at(start) {
    case UInt8(ascii: "\""): try jsonString(at: start)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try jsonNumber(at: start)
    case UInt8(ascii: "t"): try jsonLiteral("true", .true, at: start)
    case UInt8(ascii: "f"): try jsonLiteral("false", .false, at: start)
    case UInt8(ascii: "n"): try jsonLiteral("null", .null, at: start)
    default: throw JSONError(offset: start, expected: .value)
    }
  }

  private func jsonLiteral(
    _ literal: String, _ kind: JSONValue.Kind, at start: Int
  ) throws(JSONError) -> JSONValue {
    let end = start + literal.utf8.count
    let matches = end <= count && extracting(start..<end).equals(literal.utf8)
    guard matches else { throw JSONError(offset: start, expected: .value) }
    return JSONValue(kind: kind, start: start, end: end)
  }

  /// Nil where something else stands, or the line ends soon.
  @inline(__always)
  func plainBool(at start: Int) -> JSONValue? {
    guard start + 8 <= count else { return nil }
    let word = wholeWord(at: start)
    if word & 0xFFFF_FFFF == 0x6575_7274 {  // "true"
      return JSONValue(kind: .true, start: start, end: start + 4)
    }
    if word & 0xFF_FFFF_FFFF == 0x65_736C_6166 {  // "false"
      return JSONValue(kind: .false, start: start, end: start + 5)
    }
    return nil
  }

  private func jsonNumber(at start: Int) throws(JSONError) -> JSONValue {
    var index = start
    if at(index) == UInt8(ascii: "-") { index += 1 }
    if at(index) == UInt8(ascii: "0") {
      index += 1
    } else {
      index = try jsonDigits(from: index)
    }
    if at(index) == UInt8(ascii: ".") { index = try jsonDigits(from: index + 1) }
    if at(index) | 0x20 == UInt8(ascii: "e") {
      index += 1
      if at(index) == UInt8(ascii: "+") || at(index) == UInt8(ascii: "-") { index += 1 }
      index = try jsonDigits(from: index)
    }
    return JSONValue(kind: .number, start: start, end: index)
  }

  private func jsonDigits(from start: Int) throws(JSONError) -> Int {
    var index = start
    while at(index).isDigit { index += 1 }
    guard index > start else { throw JSONError(offset: index, expected: .digit) }
    return index
  }

  /// Skips an object or array; the stack of what is open is one bit a level.
  private func jsonContainer(at start: Int) throws(JSONError) -> JSONValue {
    var objects: UInt64 = 0  // the lowest bit is the innermost level
    var depth = 0
    var index = start
    while true {
      let opening = at(index)
      if opening == UInt8(ascii: "{") || opening == UInt8(ascii: "[") {
        depth += 1
        guard depth < LineScanner.depthMax else {
          throw JSONError(offset: index, expected: .lessNesting)
        }
        objects = objects << 1 | (opening == UInt8(ascii: "{") ? 1 : 0)
        index = skippingWhiteSpace(from: index + 1)
        if at(index) != opening + 2 {  // ASCII: `}` is `{` + 2, `]` is `[` + 2
          if objects & 1 == 1 { index = try jsonColon(from: jsonString(at: index).end) }
          continue
        }
      } else {
        index = try jsonScalar(at: index).end
        index = skippingWhiteSpace(from: index)
      }
      // Behind a value, or before the end of an empty container.
      while at(index) == (objects & 1 == 1 ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
        index += 1
        depth -= 1
        objects >>= 1
        if depth == 0 {
          let kind = at(start) == UInt8(ascii: "{") ? JSONValue.Kind.object : .array
          return JSONValue(kind: kind, start: start, end: index)
        }
        index = skippingWhiteSpace(from: index)
      }
      guard at(index) == UInt8(ascii: ",") else {
        let isObject = objects & 1 == 1
        throw JSONError(offset: index, expected: isObject ? .commaOrBrace : .commaOrBracket)
      }
      index = skippingWhiteSpace(from: index + 1)
      if objects & 1 == 1 { index = try jsonColon(from: jsonString(at: index).end) }
    }
  }
}

extension UInt8 {
  var isDigit: Bool { self &- UInt8(ascii: "0") < 10 }
}

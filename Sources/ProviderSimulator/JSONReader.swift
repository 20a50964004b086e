/// Reads a JSON text (RFC 8259) piece by piece.
struct JSONReader {
  struct Malformed: Error {}

  private var rest: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) {
    rest = bytes[...]
  }

  var next: UInt8? { rest.first }

  /// Of the next byte, or of the first that is wrong.
  var offset: Int { rest.startIndex }

  mutating func takes(_ byte: UInt8) -> Bool {
    guard rest.first == byte else { return false }
    rest.removeFirst()
    return true
  }

  mutating func skipBlanks() {
    rest = rest.drop { " \t\r\n".utf8.contains($0) }
  }

  mutating func require(_ byte: UInt8) throws(Malformed) {
    guard takes(byte) else { throw Malformed() }
  }

  /// Reads what follows `{`, up to and with `}`; `read` is called at the start of each value.
  mutating func readMembers(
    depth: Int, _ read: (String, inout JSONReader) throws(Malformed) -> Void
  ) throws(Malformed) {
    guard depth <= JSONFields.depthMax else { throw Malformed() }
    skipBlanks()
    if takes(UInt8(ascii: "}")) { return }
    repeat {
      skipBlanks()
      let name = try readString()
      skipBlanks()
      try require(UInt8(ascii: ":"))
      skipBlanks()
      try read(name, &self)
      skipBlanks()
    } while takes(UInt8(ascii: ","))
    try require(UInt8(ascii: "}"))
  }

  mutating func skipValue(depth: Int) throws(Malformed) {
    switch next {
    case UInt8(ascii: "{"):
      rest.removeFirst()
      try readMembers(depth: depth + 1) { (_, reader) throws(Malformed) in
        try reader.skipValue(depth: depth + 1)
      }
    case UInt8(ascii: "["): try skipArray(depth: depth + 1)
    case UInt8(ascii: "\""): _ = try readString()
    case UInt8(ascii: "t"): try skipLiteral("true")
    case UInt8(ascii: "f"): try skipLiteral("false")
    case UInt8(ascii: "n"): try skipLiteral("null")
    default: try skipNumber()
    }
  }

  private mutating func skipArray(depth: Int) throws(Malformed) {
    guard depth <= JSONFields.depthMax else { throw Malformed() }
    rest.removeFirst()
    skipBlanks()
    if takes(UInt8(ascii: "]")) { return }
    repeat {
      skipBlanks()
      try skipValue(depth: depth)
      skipBlanks()
    } while takes(UInt8(ascii: ","))
    try require(UInt8(ascii: "]"))
  }

  private mutating func skipLiteral(_ literal: String) throws(Malformed) {
    guard rest.starts(with: literal.utf8) else { throw Malformed() }
    rest = rest.dropFirst(literal.utf8.count)
  }

  private mutating func skipNumber() throws(Malformed) {
    _ = takes(UInt8(ascii: "-"))
    if !takes(UInt8(ascii: "0")) { try skipDigits() }
    if takes(UInt8(ascii: ".")) { try skipDigits() }
    if takes(UInt8(ascii: "e")) || takes(UInt8(ascii: "E")) {
      if !takes(UInt8(ascii: "+")) { _ = takes(UInt8(ascii: "-")) }
      try skipDigits()
    }
  }

  private mutating func skipDigits() throws(Malformed) {
    let after = rest.drop { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    guard after.count < rest.count else { throw Malformed() }
    rest = after
  }

  mutating func readString() throws(Malformed) -> String {
    try require(UInt8(ascii: "\""))
    var text: [UInt8] = []
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else { throw Malformed() }
        return string
      case UInt8(ascii: "\\"): text += String(try readEscape()).utf8
      case 0..<0x20: throw Malformed()
      default: text.append(byte)
      }
    }
    throw Malformed()
  }

  /// The character behind a backslash.
  private mutating func readEscape() throws(Malformed) -> Character {
    switch rest.popFirst() {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): break
    default: throw Malformed()
    }
    let unit = try readCodeUnit()
    if let scalar = Unicode.Scalar(unit) { return Character(scalar) }
    // RFC 8259 §7: a character beyond the basic plane is two escapes; half of it is refused.
    guard unit < 0xDC00, takes(UInt8(ascii: "\\")), takes(UInt8(ascii: "u")) else {
      throw Malformed()
    }
    let low = try readCodeUnit()
    guard (0xDC00...0xDFFF).contains(low),
      let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
    else { throw Malformed() }
    return Character(scalar)
  }

  private mutating func readCodeUnit() throws(Malformed) -> UInt32 {
    var unit: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = rest.popFirst(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue
      else { throw Malformed() }
      unit = unit << 4 | UInt32(digit)
    }
    return unit
  }
}

/// Finds the fields of one line of the log, strictly by RFC 8259, without allocating.
///
/// A scan leaves, for each known key, where its value stands in the line. The typed accessors read
/// a value from there, so that a consumer pays only for the fields that it uses; they take the line
/// again, because a span cannot be kept. Unknown keys are validated and passed over; of a repeated
/// key the last value counts.
///
/// Lines as this project writes them are read on a short path: first their head, then fields in the
/// order that the lines before had. It only passes over what is right beyond doubt; whatever else
/// a line holds is read and judged by the grammar, field by field.
public struct LineScanner: Sendable {
  /// The longest line that is read, with its newline.
  public static let lineBytesMax = 16_384
  /// Deeper nesting is `malformed`.
  public static let depthMax = 64

  /// The kind of the line scanned last, and its required common keys.
  public internal(set) var kind = RecordKind.unknown
  public internal(set) var time = Timestamp(microseconds: 0)
  public internal(set) var seq: Int64 = 0

  @usableFromInline var values: [JSONValue]
  @usableFromInline var found = FoundKeys()
  var times = PlainTimeReader()
  var order = KeyOrder()
  let table = KeyTable.shared

  public init() {
    values = [JSONValue](repeating: JSONValue(kind: .null, start: 0, end: 0), count: 64)
  }

  /// Scans a line, given without its newline.
  public mutating func scan(_ line: Span<UInt8>) throws(LineError) {
    guard line.count < Self.lineBytesMax else { throw .oversized(bytes: line.count) }
    found = FoundKeys()
    let head = ForeseenHead(line, table.head, &times)
    do throws(JSONError) {
      if let head {
        note(head)
        try scanFields(line, from: head.end)
      } else {
        try scanObject(line)
      }
    } catch {
      throw .malformed(offset: error.offset, expected: error.expected)
    }
    if head == nil || found.hasRepeatedKey || !found.satisfies(table.required(kind)) {
      try checkSchema(line)
    }
  }

  private mutating func note(_ head: ForeseenHead) {
    kind = head.kind
    time = head.time
    seq = head.seq
    order.begin(kind, after: .seq)
    found.insertHead()
    var values = self.values.mutableSpan
    head.note(in: &values, KeyTable.shared.head)
  }

  private mutating func scanObject(_ line: Span<UInt8>) throws(JSONError) {
    order.begin(.unknown, after: nil)
    var index = line.skippingWhiteSpace(from: 0)
    guard line.at(index) == UInt8(ascii: "{") else {
      throw JSONError(offset: index, expected: .object)
    }
    index = line.skippingWhiteSpace(from: index + 1)
    if line.at(index) == UInt8(ascii: "}") {
      try checkEnd(line, from: index + 1)
    } else {
      index = try scanField(line, at: index)
      try scanFields(line, from: index)
    }
  }

  /// Scans the rest of an object, from behind a value on.
  private mutating func scanFields(
    _ line: Span<UInt8>, from start: Int
  ) throws(JSONError) {
    var index = start
    while true {
      // Other writers put a space behind the comma.
      if line.at(index + 1) == UInt8(ascii: "\"") {
        index = skippingForeseenFields(line, from: index)
      }
      index = line.skippingWhiteSpace(from: index)
      switch line.at(index) {
      case UInt8(ascii: ","):
        index = try scanField(line, at: line.skippingWhiteSpace(from: index + 1))
      case UInt8(ascii: "}"):
        return try checkEnd(line, from: index + 1)
      default: throw JSONError(offset: index, expected: .commaOrBrace)
      }
    }
  }

  private func checkEnd(_ line: Span<UInt8>, from start: Int) throws(JSONError) {
    let index = line.skippingWhiteSpace(from: start)
    guard index == line.count else { throw JSONError(offset: index, expected: .end) }
  }

  /// Scans a name and its value; gives the byte behind them.
  private mutating func scanField(
    _ line: Span<UInt8>, at start: Int
  ) throws(JSONError) -> Int {
    let key: Key?
    let valueStart: Int
    let foreseen = order.next(order.previous) & KeyTable.numberMask
    if line.has(table.namePatterns[foreseen], at: start) {
      key = Key(rawValue: UInt8(truncatingIfNeeded: foreseen))
      valueStart = line.skippingWhiteSpace(from: start + table.namePatterns[foreseen].count)
    } else {
      let name = try line.jsonString(at: start)
      key = self.key(name, in: line)
      valueStart = try line.jsonColon(from: name.end)
    }
    let value =
      if let number = line.plainNumber(at: valueStart) {
        JSONValue(kind: .number, start: valueStart, end: number.end)
      } else {
        try line.jsonValue(at: valueStart)
      }
    if let key {
      values[Int(key.rawValue)] = value
      found.insert(key, value.kind)
      order.learn(key, isString: value.kind == .string)
    }
    return value.end
  }

  private func key(_ name: JSONValue, in line: Span<UInt8>) -> Key? {
    guard name.kind == .string else { return table.key(line.jsonText(name).span) }
    return table.key(line.extracting(name.start + 1..<name.end - 1))
  }
}

// MARK: - Foreseen fields

extension LineScanner {
  /// Passes over fields that are as foreseen; gives the byte behind the last of them.
  private mutating func skippingForeseenFields(_ line: Span<UInt8>, from start: Int) -> Int {
    // Taken out while they are written, so that they are known to be nobody else's.
    var taken: [JSONValue] = []
    swap(&taken, &self.values)
    defer { swap(&taken, &self.values) }
    var values = taken.mutableSpan
    let allPatterns = table.patterns
    let patterns = allPatterns.span
    let order = order
    var found = found
    var previous = order.previous
    var index = start
    while index &+ 1 < line.count {
      var number = order.next(previous)
      if !line.has(patterns[number], at: index) {
        number = order.alternative(previous)
        guard line.has(patterns[number], at: index) else { break }
      }
      let pattern = patterns[number]
      let key = number & KeyTable.numberMask
      let bit = UInt64(1) &<< UInt64(truncatingIfNeeded: key)
      guard found.all & bit == 0 else { break }  // rare: of a repeated key the last value counts
      let valueStart = index &+ pattern.count
      if number >= KeyTable.stringOffset {
        let end = line.skippingPlainText(from: valueStart)
        guard line.at(end) == UInt8(ascii: "\"") else { break }
        values[key] = JSONValue(kind: .string, start: valueStart - 1, end: end + 1)
        found.texts |= bit
        index = end + 1
      } else if let plain = line.plainNumber(at: valueStart) {
        values[key] = JSONValue(kind: .number, start: valueStart, end: plain.end)
        found.amounts |= bit
        if plain.isOrdinal { found.ordinals |= bit }
        index = plain.end
      } else if let value = line.plainBool(at: valueStart) {
        values[key] = value
        found.bools |= bit
        index = value.end
      } else {
        break
      }
      found.all |= bit
      previous = key
    }
    self.found = found
    self.order.previous = previous
    return index
  }
}

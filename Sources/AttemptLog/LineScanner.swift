/// Finds the fields of one line of the log, strictly by RFC 8259, without allocating.
///
/// A scan leaves, for each known key, where its value stands in the line. The typed accessors read
/// a value from there, so that a consumer pays only for the fields that it uses; they take the line
/// again, because a span cannot be kept. Unknown keys are validated and passed over; of a repeated
/// key the last value counts.
public struct LineScanner: Sendable {
  /// The longest line that is read, with its newline.
  public static let lineBytesMax = 16_384
  /// Deeper nesting is `malformed`.
  public static let depthMax = 64

  /// The kind of the line scanned last, and its required common keys.
  public private(set) var kind = RecordKind.unknown
  public private(set) var time = Timestamp(microseconds: 0)
  public private(set) var seq: Int64 = 0

  @usableFromInline var present = KeySet()
  @usableFromInline var values: [JSONValue]
  private let table = KeyTable.shared
  /// For each key the one that followed it last: writers keep their order, so the next key is
  /// mostly known before it is read.
  private var successors: [UInt8]

  public init() {
    values = [JSONValue](repeating: JSONValue(kind: .null, start: 0, end: 0), count: 64)
    successors = [UInt8](repeating: 0, count: 64)
  }

  /// Scans a line, given without its newline.
  public mutating func scan(_ line: Span<UInt8>) throws(LineError) {
    guard line.count < Self.lineBytesMax else { throw .oversized(bytes: line.count) }
    do throws(JSONError) {
      try scanObject(line)
    } catch {
      throw .malformed(offset: error.offset, expected: error.expected)
    }
    try checkSchema(line)
  }

  private mutating func scanObject(_ line: Span<UInt8>) throws(JSONError) {
    present = KeySet()
    var index = line.skippingWhiteSpace(from: 0)
    guard line.at(index) == UInt8(ascii: "{") else {
      throw JSONError(offset: index, expected: .object)
    }
    index = line.skippingWhiteSpace(from: index + 1)
    var previous: UInt8 = 63
    if line.at(index) == UInt8(ascii: "}") {
      index += 1
    } else {
      var more = true
      while more {
        let key: Key?
        let expected = successors[Int(previous)]
        if let end = table.end(ofField: expected, at: index, in: line) {
          key = Key(rawValue: expected)
          previous = expected
          index = line.skippingWhiteSpace(from: end)
        } else {
          let name = try line.jsonString(at: index)
          key = self.key(name, in: line, after: &previous)
          index = try line.jsonColon(from: name.end)
        }
        let value = try line.jsonValue(at: index)
        if let key {
          values[Int(key.rawValue)] = value
          present.insert(key)
        }
        index = line.skippingWhiteSpace(from: value.end)
        switch line.at(index) {
        case UInt8(ascii: ","): index = line.skippingWhiteSpace(from: index + 1)
        case UInt8(ascii: "}"):
          index += 1
          more = false
        default: throw JSONError(offset: index, expected: .commaOrBrace)
        }
      }
    }
    index = line.skippingWhiteSpace(from: index)
    guard index == line.count else { throw JSONError(offset: index, expected: .end) }
  }

  private mutating func key(
    _ name: JSONValue, in line: Span<UInt8>, after previous: inout UInt8
  ) -> Key? {
    let found: Key?
    if name.kind == .string {
      guard let words = KeyTable.Words(line.extracting(name.start + 1..<name.end - 1)) else {
        return nil
      }
      let expected = successors[Int(previous)]
      found = table.words[Int(expected)] == words ? Key(rawValue: expected) : table.key(words)
    } else {
      found = table.key(line.jsonText(name).span)
    }
    if let found {
      successors[Int(previous)] = found.rawValue
      previous = found.rawValue
    }
    return found
  }
}

// MARK: - Schema

extension LineScanner {
  private mutating func checkSchema(_ line: Span<UInt8>) throws(LineError) {
    guard integer(.v, in: line) == 1 else { throw violation(.v, .version) }
    guard let kind = recordKind(in: line) else { throw violation(.kind, .text) }
    guard let time = time(.time, in: line) else { throw violation(.time, .time) }
    try require(hasText(.writer), .writer, .text)
    guard let seq = ordinal(.seq, in: line) else { throw violation(.seq, .ordinal) }
    self.kind = kind
    self.time = time
    self.seq = seq
    switch kind {
    case .segment: try require(hasText(.segment), .segment, .text)
    case .dropped: try require(count(.count, in: line) != nil, .count, .count)
    case .attemptStart:
      try requireIdentity()
      try require(ordinal(.attempt, in: line) != nil, .attempt, .ordinal)
    case .attempt:
      try requireIdentity()
      try require(ordinal(.attempt, in: line) != nil, .attempt, .ordinal)
      try require(hasText(.outcome), .outcome, .text)
      try require(isAmount(.latencyMs, in: line), .latencyMs, .amount)
      try require(hasText(.decision), .decision, .text)
    case .operation:
      try requireIdentity()
      try require(hasText(.outcome), .outcome, .text)
      try require(bool(.retried) != nil, .retried, .bool)
      try require(count(.attempts, in: line) != nil, .attempts, .count)
      try require(isAmount(.durationMs, in: line), .durationMs, .amount)
      try require(isAmount(.sleptMs, in: line), .sleptMs, .amount)
    case .writerStart, .writerStop, .unknown: break
    }
  }

  private func requireIdentity() throws(LineError) {
    try require(hasText(.provider), .provider, .text)
    try require(hasText(.operation), .operation, .text)
    try require(hasText(.operationID), .operationID, .text)
  }

  private func require(
    _ condition: Bool, _ key: Key, _ expected: SchemaExpectation
  ) throws(LineError) {
    if !condition { throw violation(key, expected) }
  }

  private func violation(_ key: Key, _ expected: SchemaExpectation) -> LineError {
    let found = value(key).flatMap { $0.kind == .null ? nil : $0.start }
    return .schema(key, expected: expected, offset: found)
  }

  /// Nil if the key is no string.
  private func recordKind(in line: Span<UInt8>) -> RecordKind? {
    withText(.kind, in: line) { text in
      switch text.count {
      case 7 where text.equals("attempt".utf8): .attempt
      case 7 where text.equals("segment".utf8): .segment
      case 7 where text.equals("dropped".utf8): .dropped
      case 9 where text.equals("operation".utf8): .operation
      case 11 where text.equals("writer_stop".utf8): .writerStop
      case 12 where text.equals("writer_start".utf8): .writerStart
      case 13 where text.equals("attempt_start".utf8): .attemptStart
      default: .unknown
      }
    }
  }
}

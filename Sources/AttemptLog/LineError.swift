/// Why a line is not a record.
public enum LineError: Error, Equatable, CustomStringConvertible {
  /// Longer than `LineScanner.lineBytesMax`; so many bytes without the newline, or more.
  case oversized(bytes: Int)
  /// Not a JSON object; at this byte of the line something else was expected.
  case malformed(offset: Int, expected: JSONExpectation)
  /// A required key has a value of another type at this byte of the line, or is missing if that is
  /// nil; `null` counts as missing.
  case schema(Key, expected: SchemaExpectation, offset: Int?)

  /// The label of `relmon_log_records_rejected_total`.
  public var reason: RejectionReason {
    switch self {
    case .oversized: .oversized
    case .malformed: .malformed
    case .schema: .schema
    }
  }

  /// The byte of the line, from 0, where it stopped to be as expected; nil if there is none.
  public var offset: Int? {
    switch self {
    case .oversized: nil
    case .malformed(let offset, _): offset
    case .schema(_, _, let offset): offset
    }
  }

  public var description: String {
    switch self {
    case .oversized(let bytes):
      "oversized: \(bytes) bytes or more, at most \(LineScanner.lineBytesMax) with the newline"
    case .malformed(let offset, let expected):
      "malformed: expected \(expected.rawValue) at byte \(offset) of the line"
    case .schema(let key, let expected, let offset?):
      "schema: expected \(expected.rawValue) as \"\(key.name)\" at byte \(offset) of the line"
    case .schema(let key, let expected, nil):
      "schema: \"\(key.name)\" is missing, expected \(expected.rawValue)"
    }
  }
}

/// What the schema asks of a required key.
public enum SchemaExpectation: String, Sendable {
  /// The major version of the schema.
  case version = "the number 1"
  case text = "a string"
  case time = "an RFC 3339 time with Z or an offset"
  case ordinal = "an integer from 1"
  case count = "an integer from 0"
  case amount = "a number from 0"
  case bool = "true or false"
  case number = "a number"
  case integer = "an integer"
}

/// Why a line was not counted.
public enum RejectionReason: String, CaseIterable, Sendable {
  case malformed, schema, oversized
  /// A line with the same writer and `seq` was read before.
  case duplicate
}

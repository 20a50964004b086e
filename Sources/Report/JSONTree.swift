import AttemptLog

/// A JSON text in the making; objects keep the order of their keys.
enum JSONTree {
  case object([(String, JSONTree)])
  case array([JSONTree])
  case string(String)
  case integer(Int64)
  /// Null if it is not finite.
  case number(Double)
  case bool(Bool)
  case null

  /// Two spaces for each level; an object or array of plain values stands on one line.
  func rendered() -> [UInt8] {
    var bytes: [UInt8] = []
    append(to: &bytes, depth: 0)
    bytes.append(UInt8(ascii: "\n"))
    return bytes
  }

  private var isPlain: Bool {
    switch self {
    case .object, .array: false
    case .string, .integer, .number, .bool, .null: true
    }
  }

  private func append(to bytes: inout [UInt8], depth: Int) {
    switch self {
    case .object(let fields):
      let onOneLine = fields.allSatisfy(\.1.isPlain)
      Self.append("{", "}", count: fields.count, onOneLine, to: &bytes, depth) { index, bytes in
        bytes.appendJSONString(fields[index].0)
        bytes += ": ".utf8
        fields[index].1.append(to: &bytes, depth: depth + 1)
      }
    case .array(let values):
      let onOneLine = values.allSatisfy(\.isPlain)
      Self.append("[", "]", count: values.count, onOneLine, to: &bytes, depth) { index, bytes in
        values[index].append(to: &bytes, depth: depth + 1)
      }
    case .string(let text): bytes.appendJSONString(text)
    case .integer(let integer): bytes += String(integer).utf8
    case .number(let number) where number.isFinite: bytes.appendJSONNumber(number)
    case .bool(let bool): bytes += (bool ? "true" : "false").utf8
    case .number, .null: bytes += "null".utf8
    }
  }

  private static func append(
    _ open: String, _ close: String, count: Int, _ onOneLine: Bool, to bytes: inout [UInt8],
    _ depth: Int, _ item: (Int, inout [UInt8]) -> Void
  ) {
    bytes += open.utf8
    for index in 0..<count {
      if onOneLine {
        bytes += (index == 0 ? "" : ", ").utf8
      } else {
        bytes += (index == 0 ? "\n" : ",\n").utf8
        bytes += [UInt8](repeating: UInt8(ascii: " "), count: 2 * (depth + 1))
      }
      item(index, &bytes)
    }
    if !onOneLine {
      bytes.append(UInt8(ascii: "\n"))
      bytes += [UInt8](repeating: UInt8(ascii: " "), count: 2 * depth)
    }
    bytes += close.utf8
  }
}

extension JSONTree {
  static func time(_ value: Timestamp) -> JSONTree { .string(value.rfc3339(.sixUnlessZero)) }
  static func integer(_ value: Int) -> JSONTree { .integer(Int64(value)) }
  static func optional(_ value: Double?) -> JSONTree { value.map { .number($0) } ?? .null }
  static func optional(_ value: String?) -> JSONTree { value.map { .string($0) } ?? .null }
  static func optional(_ value: Int64?) -> JSONTree { value.map { .integer($0) } ?? .null }
}

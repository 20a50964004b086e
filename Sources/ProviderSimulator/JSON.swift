import AttemptLog

/// A JSON value to be written; members keep their order.
enum JSON {
  case null
  case bool(Bool)
  case text(String)
  case number(Double)
  case array([JSON])
  case object([(name: String, value: JSON)])

  init(_ text: String?) {
    self = text.map(JSON.text) ?? .null
  }

  init(_ number: Double?) {
    self = number.map(JSON.number) ?? .null
  }

  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    append(to: &bytes)
    return bytes
  }

  private func append(to bytes: inout [UInt8]) {
    switch self {
    case .null: bytes += "null".utf8
    case .bool(let value): bytes += (value ? "true" : "false").utf8
    case .text(let text): bytes.appendJSONString(text)
    case .number(let number): bytes.appendJSONNumber(number)
    case .array(let elements):
      var separator = "["
      for element in elements {
        bytes += separator.utf8
        element.append(to: &bytes)
        separator = ","
      }
      bytes += (elements.isEmpty ? "[]" : "]").utf8
    case .object(let members):
      var separator = "{"
      for member in members {
        bytes += separator.utf8
        bytes.appendJSONString(member.name)
        bytes.append(UInt8(ascii: ":"))
        member.value.append(to: &bytes)
        separator = ","
      }
      bytes += (members.isEmpty ? "{}" : "}").utf8
    }
  }
}

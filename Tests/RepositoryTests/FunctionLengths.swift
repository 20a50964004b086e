/// The functions of a masked Swift source, with the lines that they take.
struct FunctionLengths {
  /// The line on which it begins, from 1, and how many lines it has, braces included.
  struct Function: Equatable {
    let line: Int
    let lineCount: Int
  }

  private let bytes: [UInt8]

  init(code: String) {
    bytes = Array(code.utf8)
  }

  func functions() -> [Function] {
    var functions: [Function] = []
    var line = 1
    var index = 0
    while index < bytes.count {
      if bytes[index] == 10 { line += 1 }
      if let keyword = declaration(at: index), let end = bodyEnd(from: index + keyword) {
        let lineCount = 1 + bytes[index..<end].count { $0 == 10 }
        functions.append(Function(line: line, lineCount: lineCount))
      }
      index += 1
    }
    return functions
  }

  /// The length of the keyword that declares a function here.
  private func declaration(at index: Int) -> Int? {
    for keyword in ["func", "init", "deinit", "subscript"] where word(keyword, at: index) {
      return keyword.utf8.count
    }
    return nil
  }

  private func word(_ text: String, at index: Int) -> Bool {
    let end = index + text.utf8.count
    guard end <= bytes.count, bytes[index..<end].elementsEqual(text.utf8) else { return false }
    if index > 0, isPartOfName(bytes[index - 1]) || bytes[index - 1] == UInt8(ascii: ".") {
      return false
    }
    return end == bytes.count || !isPartOfName(bytes[end])
  }

  private func isPartOfName(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "_") || byte >= 0x80 || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A)
      || (byte >= 0x30 && byte <= 0x39)
  }

  /// The index behind the closing brace; nil for a requirement, which has no body.
  private func bodyEnd(from start: Int) -> Int? {
    var index = start
    var depth = 0
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "("), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: ")"), UInt8(ascii: "]"): depth -= 1
      case UInt8(ascii: "{") where depth == 0: return matchingBrace(from: index)
      case UInt8(ascii: "}") where depth == 0: return nil
      default:
        if depth == 0, declaration(at: index) != nil || word("var", at: index) { return nil }
      }
      index += 1
    }
    return nil
  }

  private func matchingBrace(from start: Int) -> Int? {
    var depth = 0
    for index in start..<bytes.count {
      if bytes[index] == UInt8(ascii: "{") { depth += 1 }
      if bytes[index] == UInt8(ascii: "}") { depth -= 1 }
      if depth == 0 { return index + 1 }
    }
    return nil
  }
}

import Foundation

/// One file as the tidy rules see it.
struct SourceText: Sendable {
  /// Relative to the root of the repository.
  let path: String
  let text: String
  /// Swift without the insides of comments, strings and backticked names; other files as they are.
  let code: String

  init(path: String, text: String) {
    self.path = path
    self.text = text
    var masker = CodeMasker(text)
    code = path.hasSuffix(".swift") ? masker.masked() : text
  }

  /// The last part of the path.
  var name: String {
    path.split(separator: "/").last.map(String.init) ?? path
  }

  func isUnder(_ folders: String...) -> Bool {
    folders.contains { path.hasPrefix($0 + "/") }
  }
}

extension String {
  /// The lines, from 1, on which matches of a regular expression begin; `^` matches at each line.
  func lines(matching pattern: String) -> [Int] {
    matches(pattern).map { match in
      1 + utf16.prefix(match.range.location).count { $0 == 10 }
    }
  }

  /// What the first group of a regular expression matched, at every place.
  func captures(_ pattern: String) -> [String] {
    matches(pattern).compactMap { match in
      Range(match.range(at: 1), in: self).map { String(self[$0]) }
    }
  }

  private func matches(_ pattern: String) -> [NSTextCheckingResult] {
    do {
      let expression = try NSRegularExpression(pattern: pattern, options: .anchorsMatchLines)
      return expression.matches(in: self, range: NSRange(startIndex..., in: self))
    } catch {
      preconditionFailure("not a regular expression: \(pattern): \(error)")
    }
  }
}

/// Blanks what is not code in Swift source; line breaks and quotes stay where they are.
struct CodeMasker {
  private let bytes: [UInt8]
  private var output: [UInt8]
  /// The next byte to read; 0...bytes.count.
  private var next = 0

  init(_ text: String) {
    bytes = Array(text.utf8)
    output = bytes
  }

  mutating func masked() -> String {
    while next < bytes.count {
      switch bytes[next] {
      case UInt8(ascii: "/") where follows("//"): blank(while: { $0 != 10 })
      case UInt8(ascii: "/") where follows("/*"): skipComment()
      case UInt8(ascii: "`"):
        next += 1
        blank(while: { $0 != UInt8(ascii: "`") && $0 != 10 })
        next += 1
      case UInt8(ascii: "\""): skipString(hashes: 0)
      case UInt8(ascii: "#"):
        let hashes = bytes[next...].prefix { $0 == UInt8(ascii: "#") }.count
        next += hashes
        if follows("\"") { skipString(hashes: hashes) }
      default: next += 1
      }
    }
    return String(decoding: output, as: UTF8.self)
  }

  private func follows(_ text: String) -> Bool {
    bytes[next...].starts(with: text.utf8)
  }

  private mutating func blank(count: Int) {
    for _ in 0..<count where next < bytes.count {
      if bytes[next] != 10 { output[next] = UInt8(ascii: " ") }
      next += 1
    }
  }

  private mutating func blank(while condition: (UInt8) -> Bool) {
    while next < bytes.count, condition(bytes[next]) { blank(count: 1) }
  }

  /// Comments of this form may be nested.
  private mutating func skipComment() {
    var depth = 0
    repeat {
      if follows("/*") {
        depth += 1
        blank(count: 2)
      } else if follows("*/") {
        depth -= 1
        blank(count: 2)
      } else {
        blank(count: 1)
      }
    } while depth > 0 && next < bytes.count
  }

  /// Stands at the first quote; `hashes` are the signs before it.
  private mutating func skipString(hashes: Int) {
    let quotes = follows("\"\"\"") ? "\"\"\"" : "\""
    let end = quotes + String(repeating: "#", count: hashes)
    let escape = "\\" + String(repeating: "#", count: hashes)
    next += quotes.utf8.count
    while next < bytes.count, !follows(end) {
      if follows(escape + "(") {
        blank(count: escape.utf8.count)
        skipInterpolation()
      } else if follows(escape) {
        blank(count: escape.utf8.count + 1)
      } else {
        blank(count: 1)
      }
    }
    next += end.utf8.count
  }

  /// Stands at the parenthesis; code inside is blanked too, strings in it are seen.
  private mutating func skipInterpolation() {
    var depth = 0
    repeat {
      switch bytes[next] {
      case UInt8(ascii: "("): depth += 1
      case UInt8(ascii: ")"): depth -= 1
      case UInt8(ascii: "\""):
        skipString(hashes: 0)
        continue
      default: break
      }
      blank(count: 1)
    } while depth > 0 && next < bytes.count
  }
}

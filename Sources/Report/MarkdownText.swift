/// Text in Markdown: CommonMark 0.31 and the tables of GitHub (GFM).
enum MarkdownText {
  /// Where text stands, as a table has rules of its own.
  enum Place {
    case sentence, tableCell
  }

  static func of(_ runs: [ReportDocument.Run], in place: Place) -> String {
    var result = ""
    for run in runs {
      switch run {
      case .text(let text): result += escaped(text)
      case .strong(let text): result += strong(text)
      case .name(let text):
        // The fences of two code spans would become one.
        result += (result.hasSuffix("`") ? " " : "") + code(text, in: place)
      }
    }
    guard place == .sentence else { return result }
    return isBlockStart(result) ? "\\" + result : result
  }

  /// Our own words; what would be markup stands for itself.
  static func escaped(_ text: String) -> String {
    let scalars = Array(TerminalText.visible(text).unicodeScalars)
    var result = ""
    for (index, scalar) in scalars.enumerated() {
      // An underscore within a word is no markup, and reads better bare (CommonMark 6.2).
      let isWithinWord =
        scalar == "_" && index > 0 && isWord(scalars[index - 1]) && index + 1 < scalars.count
        && isWord(scalars[index + 1])
      if !isWithinWord && markup.contains(scalar) { result += "\\" }
      result.unicodeScalars.append(scalar)
    }
    return result
  }

  private static let markup: Set<Unicode.Scalar> = Set(#"\`*_[]<>&|~"#.unicodeScalars)

  private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
    scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
  }

  private static func strong(_ text: String) -> String {
    let words = escaped(text)
    let isBare = words.isEmpty || words.hasPrefix(" ") || words.hasSuffix(" ")
    return isBare ? words : "**\(words)**"
  }

  /// A code span that nothing inside can end (CommonMark 6.1): its fence is longer than any run of
  /// backticks in the text, and has a space before one.
  static func code(_ text: String, in place: Place) -> String {
    let shown = TerminalText.visible(text)
    if shown.isEmpty { return "*(empty)*" }
    let inside = place == .tableCell ? withoutBarePipes(shown) : shown
    let fence = fence(for: inside, atLeast: 1)
    let ends = [inside.unicodeScalars.first, inside.unicodeScalars.last]
    let isBlank = inside.allSatisfy { $0 == " " }
    let needsSpace = ends.contains("`") || (ends == [" ", " "] && !isBlank)
    let space = needsSpace ? " " : ""
    return fence + space + inside + space + fence
  }

  /// GFM tables are cut at pipes before code spans are found, and parsers disagree about `\\|`.
  private static func withoutBarePipes(_ text: String) -> String {
    var result = ""
    // By scalar: a pipe with a combining mark is one to a parser.
    for scalar in text.unicodeScalars {
      if scalar == "|" {
        if result.unicodeScalars.last == #"\"# {
          result.unicodeScalars.removeLast()
          result += #"\u{5c}"#
        }
        result += #"\"#
      }
      result.unicodeScalars.append(scalar)
    }
    return result
  }

  /// Lines as they are, which nothing inside can end.
  static func codeBlock(_ lines: [String]) -> String {
    let text = lines.joined(separator: "\n")
    let fence = fence(for: text, atLeast: 3)
    return "\(fence)text\n\(text)\n\(fence)"
  }

  private static func fence(for text: String, atLeast least: Int) -> String {
    var longest = 0
    var run = 0
    // By scalar: a backtick with a combining mark is one to a parser.
    for scalar in text.unicodeScalars {
      run = scalar == "`" ? run + 1 : 0
      longest = max(longest, run)
    }
    return String(repeating: "`", count: max(least, longest + 1))
  }

  /// The line would be an item, a heading or a rule.
  private static func isBlockStart(_ line: String) -> Bool {
    guard let first = line.first else { return false }
    if "#+-=".contains(first) { return true }
    let rest = line.drop { $0.isASCII && $0.isNumber }
    return rest.count < line.count && (rest.hasPrefix(".") || rest.hasPrefix(")"))
  }
}

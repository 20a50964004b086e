import Foundation
import Report
import TestSupport
import Testing

/// Text from a log in every place of a document where it may stand (reliability.md, P-1 and P-2).
struct HostileRenderingTests {
  static let own =
    LogText.hostileTexts + [
      "`", "``", " ` ", "a`b``c```d", "|", #"\|"#, #"\\|"#, #"\"#, "a|b|c", "```", "~~~", "\n```\n",
      "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</code></td></table>", "<!--",
      "]]>", "&lt;", "&#60;", "\"onmouseover=\"alert(1)", "'", "</title><svg onload=alert(1)>",
      "</style>", "[x](https://a.example)", "![x](https://a.example/x.png)", "@everyone", "#1",
      "https://a.example", "www.a.example", "a@b.example", "*", "**", "__init__", "- item",
      "1. one",
      "# title", "> quote", "---", "===", "    code", "  ", "=1+1", "\u{FFFE}", "\u{FFFF}",
      ":smile:",
      "<https://a.example>", "<!channel>", "<@U1>", "|\u{301}|", "`\u{301}a`\u{301}", "\\\u{301}|",
      "<\u{301}b>\u{301}", String(repeating: "x", count: 3000),
      "e" + String(repeating: "\u{301}", count: 300), String(repeating: "|", count: 100),
    ]

  /// Big List of Naughty Strings, some at a time.
  static let naughty: [String] = {
    guard let path = Corpora.path("blns/blns.json"),
      let json = FileManager.default.contents(atPath: path),
      let strings = try? JSONDecoder().decode([String].self, from: json)
    else { return [] }
    return stride(from: 0, to: strings.count, by: 12).map { first in
      strings[first..<min(first + 12, strings.count)].joined(separator: " ")
    }
  }()

  @Test func `the list of naughty strings is read where it is there`() {
    #expect(Self.naughty.count > 40 || Corpora.path("blns/blns.json") == nil)
  }

  /// For the parsers of other programs, see Tests/Rendering/check.
  @Test(arguments: ["hostile.html", "hostile.md"])
  func `a document of nothing but hostile names`(file: String) throws {
    let name = Self.own.filter { $0.utf8.count < 100 }.joined(separator: " ")
    let document = ReportDocument.sample(name: name)
    let actual = file.hasSuffix("md") ? document.markdown() : document.html()
    #expect(try String(decoding: actual, as: UTF8.self) == Golden.expected(file, for: actual))
  }

  @Test func `nothing in a name reaches a terminal but what it shows`() {
    for name in Self.own + Self.naughty {
      let document = ReportDocument.sample(name: name)
      let text = String(
        decoding: document.terminal(width: 60, isColoured: false), as: UTF8.self)
      #expect(Self.hidden(in: text) == [], "\(name.debugDescription)")
    }
    for name in Self.own {
      let document = ReportDocument.sample(name: name)
      let coloured = String(
        decoding: document.terminal(width: 80, isColoured: true), as: UTF8.self)
      let own = coloured.replacing(/\u{1B}\[(0|1|1;4|2|3[123])m/, with: "")
      #expect(Self.hidden(in: own) == [], "\(name.debugDescription)")
    }
  }

  @Test func `a name adds no tag to the HTML, and takes none away`() {
    let tags = HTMLTags(String(decoding: ReportDocument.sample.html(), as: UTF8.self)).tags
    for name in Self.own + Self.naughty where name.contains(where: { !$0.isLetter }) {
      let text = String(decoding: ReportDocument.sample(name: name).html(), as: UTF8.self)
      let page = HTMLTags(text)
      #expect(page.faults == [], "\(name.debugDescription)")
      #expect(page.tags == tags, "\(name.debugDescription)")
      #expect(Self.hidden(in: text) == [], "\(name.debugDescription)")
    }
  }

  @Test func `a table in Markdown keeps its cells, and a code block its end`() {
    let lines = Self.markdown("x")
    let shape = lines.map(Self.shape)
    for name in Self.own + Self.naughty {
      let hostile = Self.markdown(name)
      #expect(Self.hidden(in: hostile.joined()) == [], "\(name.debugDescription)")
      let tables = hostile.filter { $0.hasPrefix("|") }
      #expect(tables.map(Self.shape) == shape.filter { $0 > 0 }, "\(name.debugDescription)")
      #expect(Self.codeBlocks(hostile) == 3, "\(name.debugDescription)")
    }
  }

  @Test func `the checks see what they are for`() {
    #expect(HTMLTags("<p>a<b></p>").faults == ["</p> closes another", "<p> is not closed"])
    #expect(HTMLTags("<p a=b>&nbsp;</p>").faults.count == 2)
    #expect(HTMLTags("<p>a > b</p>").faults.count == 1)
    #expect(Self.shape(#"| a | `b\|c` |"#) == 3)
    #expect(Self.shape(#"| a\\| b | c |"#) == 4)
    #expect(Self.codeBlocks(["```text", "a", "````", "```"]) == nil)
    #expect(Self.hidden(in: "a\u{1B}\u{202E}\n") == [0x1B, 0x202E])
  }

  private static func markdown(_ name: String) -> [Substring] {
    String(decoding: ReportDocument.sample(name: name).markdown(), as: UTF8.self)
      .split(separator: "\n")
  }

  /// The pipes of a line that no backslash escapes, for all parsers alike; 0 if it is no row.
  private static func shape(_ line: Substring) -> Int {
    guard line.hasPrefix("|") else { return 0 }
    let scalars = Array(line.unicodeScalars)
    return scalars.indices.count { index in
      guard scalars[index] == "|" else { return false }
      let slashes = scalars[..<index].reversed().prefix { $0 == #"\"# }.count
      return slashes.isMultiple(of: 2)
    }
  }

  private static func shape(_ line: String) -> Int { shape(line[...]) }

  /// How many there are; nil if one is not ended by the fence that began it, as any longer run of
  /// backticks would end it too.
  private static func codeBlocks(_ lines: [Substring]) -> Int? {
    var count = 0
    var fence: Int?
    for line in lines {
      let run = line.drop { $0 == " " }.prefix { $0 == "`" }.count
      if let length = fence {
        if run > length { return nil }
        if run == length {
          fence = nil
          count += 1
        }
      } else if line.hasSuffix("`text"), line.allSatisfy({ $0 == "`" || $0.isLetter }) {
        fence = run
      }
    }
    return fence == nil ? count : nil
  }

  private static func codeBlocks(_ lines: [String]) -> Int? { codeBlocks(lines.map { $0[...] }) }

  private static func hidden(in text: String) -> [UInt32] {
    text.unicodeScalars.filter {
      $0 != "\n"
        && ($0.properties.isDefaultIgnorableCodePoint || $0.properties.isNoncharacterCodePoint
          || [.control, .format, .lineSeparator, .paragraphSeparator, .privateUse]
            .contains($0.properties.generalCategory))
    }.map(\.value)
  }
}

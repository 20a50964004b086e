import Report
import TestSupport
import Testing

struct RenderingTests {
  static let renderings: [(name: String, bytes: @Sendable (ReportDocument) -> [UInt8])] = [
    ("sample-80.txt", { $0.terminal(width: 80, isColoured: false) }),
    ("sample-140.txt", { $0.terminal(width: 140, isColoured: false) }),
    ("sample.md", { $0.markdown() }),
    ("sample.html", { $0.html() }),
  ]

  @Test(arguments: renderings.indices)
  func `the sample as it should look`(index: Int) throws {
    let (name, bytes) = Self.renderings[index]
    let actual = bytes(.sample)
    #expect(try String(decoding: actual, as: UTF8.self) == Golden.expected(name, for: actual))
    #expect(bytes(.sample) == actual)
  }

  @Test(arguments: [20, 33, 60, 80, 100, 140, 400])
  func `no line is wider than the terminal or ends in white space`(width: Int) {
    for line in Self.lines(of: .sample(name: "a name of many words 日本語 ሰላም"), width: width) {
      #expect(Self.columns(of: line) <= width, "\(line)")
      #expect(!line.hasSuffix(" "), "\(line)")
    }
  }

  @Test(arguments: [(-1, 20), (0, 20), (19, 20), (401, 400), (Int.max, 400)])
  func `a width that makes no sense is taken for the nearest that does`(given: Int, taken: Int) {
    let document = ReportDocument.sample
    #expect(
      document.terminal(width: given, isColoured: false)
        == document.terminal(width: taken, isColoured: false))
  }

  @Test(arguments: [40, 80, 140])
  func `colour adds escapes and nothing else`(width: Int) {
    let coloured = String(
      decoding: ReportDocument.sample.terminal(width: width, isColoured: true), as: UTF8.self)
    let plain = coloured.replacing(/\u{1B}\[[0-9;]+m/, with: "")
    #expect(coloured != plain)
    #expect(plain.split(separator: "\n") == Self.lines(of: .sample, width: width))
  }

  @Test func `what is least needed is left out first, and said to be`() {
    var table = ReportDocument.Table([
      .init("name"), .init("first", .trailing, dispensability: 2),
      .init("second", .trailing, dispensability: 1), .init("n", .trailing),
    ])
    table.append([
      .init([.name("a long name of a provider")]), .init([.text("1,234,567")]),
      .init([.text("7,654,321")]), .init([.text("12")]),
    ])
    func lines(_ width: Int) -> [String] {
      Self.lines(of: .holding(.table(table)), width: width).suffix(3).map { String($0) }
    }
    #expect(
      lines(60).suffix(2) == [
        "  name                           first     second   n",
        "  a long name of a provider  1,234,567  7,654,321  12",
      ])
    #expect(
      lines(44) == [
        "  name                          second   n",
        "  a long name of a provider  7,654,321  12",
        "  (too narrow for: first)",
      ])
    #expect(
      lines(20) == ["  a long name o…  12", "  (too narrow for:", "  first, second)"])
  }

  @Test func `an hour that the day does not have is empty, and one without operations is not`() {
    var map = ReportDocument.HeatMap(
      title: "t", columnsTitle: "hour", columns: ["00", "01", "02", "03", "04"],
      legend: [(nil, "nothing"), (0, "fine")])
    map.rows = [
      .init(
        title: "day",
        cells: [
          .init(level: nil, text: ""), nil, .init(level: 0, text: ""), .init(level: 0.3, text: ""),
          .init(level: 1, text: ""),
        ])
    ]
    let lines = Self.lines(of: .holding(.heatMap(map)), width: 80)
    #expect(
      lines.suffix(2).map { String($0) } == [
        "  day  ···   ▁▁▁▒▒▒███", "  · nothing   ▁ fine",
      ])
  }

  @Test func `numbers that are none draw nothing and crash nothing`() {
    let bad: [Double] = [.nan, .infinity, -.infinity, .greatestFiniteMagnitude, -1]
    var lines = ReportDocument.LineChart(
      title: "t", ticks: bad.map { .init($0, "x") }, reference: .init(.nan, "r"))
    lines.points = bad.map { .init(label: "l", value: $0, low: $0, high: $0, text: "p") }
    var columns = ReportDocument.ColumnChart(
      title: "t", series: [.init("s", .good)], ticks: [.init(0, "0"), .init(1, "1")])
    columns.columns = bad.map { .init(label: "l", parts: [$0], text: "p") }
    var empty = columns
    (empty.columns, empty.series, empty.ticks) = ([], [], [])
    var map = ReportDocument.HeatMap(title: "t", columnsTitle: "c", columns: ["1"], legend: [])
    map.rows = [.init(title: "r", cells: bad.map { .init(level: $0, text: "c") })]
    for block: ReportDocument.Block in [
      .lines(lines), .columns(columns), .columns(empty), .heatMap(map), .list([]), .notices([]),
      .paragraph([]), .table(ReportDocument.Table([])),
    ] {
      for (_, bytes) in Self.renderings {
        let text = String(decoding: bytes(.holding(block)), as: UTF8.self)
        #expect(text.contains("a section"))
        #expect(!text.contains("nan") && !text.contains("inf"))
      }
    }
  }

  static func lines(of document: ReportDocument, width: Int) -> [Substring] {
    String(decoding: document.terminal(width: width, isColoured: false), as: UTF8.self)
      .split(separator: "\n")
  }

  /// Of the texts in these tests: what is beyond Latin, marks of tables and Ethiopic is wide.
  private static func columns(of line: Substring) -> Int {
    line.unicodeScalars.reduce(0) { $0 + ((0x3040...0xA000).contains($1.value) ? 2 : 1) }
  }
}

extension ReportDocument {
  static func holding(_ block: Block) -> ReportDocument {
    var document = ReportDocument(
      title: [.text("t")], period: [.text("p")],
      verdict: Verdict(state: .ok, reason: [.text("r")]))
    document.sections = [Section(id: "s", title: "a section", blocks: [block])]
    return document
  }
}

extension ReportDocument {
  /// One file that needs nothing else: no script, no request, drawings inside.
  public func html() -> [UInt8] {
    var page = HTMLPage()
    page.open(title: HTMLText.plain(title))
    page.line("<header>")
    page.line("<h1>\(HTMLText.of(title))</h1>")
    page.line("<p class=\"period\">\(HTMLText.of(period))</p>")
    page.line("</header>")
    page.line(
      "<p class=\"verdict \(verdict.state.tone.word)\">"
        + "<strong>\(verdict.state.rawValue)</strong> <span>\(HTMLText.of(verdict.reason))</span></p>"
    )
    page.contents(of: sections)
    for section in sections { page.section(section) }
    page.close()
    return Array(page.text.utf8)
  }
}

extension ReportDocument.Tone {
  /// A class of the style sheet.
  var word: String {
    switch self {
    case .good: "good"
    case .warning: "warning"
    case .bad: "bad"
    case .muted: "muted"
    }
  }
}

/// Writes the elements of a page, in order.
struct HTMLPage {
  private(set) var text = ""

  /// Nothing is fetched, run or sent, whatever the page says.
  private static let policy =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
  /// Fewer sections are seen at a glance.
  private static let sectionsOfContents = 4

  mutating func line(_ line: String) {
    text += line
    text += "\n"
  }

  /// - Parameter title: escaped.
  mutating func open(title: String) {
    line("<!DOCTYPE html>")
    line("<html lang=\"en\">")
    line("<head>")
    line("<meta charset=\"utf-8\">")
    line("<meta http-equiv=\"Content-Security-Policy\" content=\"\(Self.policy)\">")
    line("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")
    line("<meta name=\"color-scheme\" content=\"light dark\">")
    line("<meta name=\"referrer\" content=\"no-referrer\">")
    line("<title>\(title)</title>")
    line("<style>\n\(HTMLStyle.sheet)</style>")
    line("</head>")
    line("<body>")
    line("<main>")
  }

  mutating func close() {
    line("</main>")
    line("</body>")
    line("</html>")
  }

  mutating func contents(of sections: [ReportDocument.Section]) {
    guard sections.count >= Self.sectionsOfContents else { return }
    line("<nav aria-label=\"Contents\">")
    line("<ul>")
    for section in sections {
      let id = HTMLText.escaped(section.id)
      line("<li><a href=\"#\(id)\">\(HTMLText.escaped(section.title))</a></li>")
    }
    line("</ul>")
    line("</nav>")
  }

  mutating func section(_ section: ReportDocument.Section) {
    let id = HTMLText.escaped(section.id)
    line("<section aria-labelledby=\"\(id)\">")
    line("<h2 id=\"\(id)\">\(HTMLText.escaped(section.title))</h2>")
    for block in section.blocks { self.block(block, of: section) }
    line("</section>")
  }

  private mutating func block(_ block: ReportDocument.Block, of section: ReportDocument.Section) {
    switch block {
    case .paragraph(let runs): line("<p>\(HTMLText.of(runs))</p>")
    case .list(let items):
      guard !items.isEmpty else { return }
      line("<ul>")
      for item in items { line("<li>\(HTMLText.of(item))</li>") }
      line("</ul>")
    case .notices(let notices): self.notices(notices)
    case .table(let table): self.table(table, caption: section.title)
    case .heatMap(let map):
      figure(map.title, HeatMapDrawing(map).drawing, texts: map.texts)
    case .lines(let chart):
      figure(chart.title, LineDrawing(chart).drawing, texts: chart.points.map(\.text))
    case .columns(let chart):
      figure(
        chart.title, ColumnDrawing(chart).drawing, texts: chart.columns.map(\.text))
    }
  }

  private mutating func notices(_ notices: [ReportDocument.Notice]) {
    guard !notices.isEmpty else { return }
    line("<ul class=\"notices\">")
    for notice in notices {
      line(
        "<li class=\"\(notice.severity.tone.word)\"><strong>\(notice.severity.rawValue)</strong>"
          + " <span>\(HTMLText.of(notice.text))</span></li>")
    }
    line("</ul>")
  }

  // MARK: - Tables

  private mutating func table(_ table: ReportDocument.Table, caption: String) {
    if !table.rows.isEmpty {
      let caption = HTMLText.escaped(caption)
      scrollable(caption)
      line("<table>")
      line("<caption>\(caption)</caption>")
      let heads = table.columns.map { column in
        column.title.isEmpty
          ? "<td></td>"
          : "<th scope=\"col\"\(column.alignment.attribute)>\(HTMLText.escaped(column.title))</th>"
      }
      line("<thead><tr>\(heads.joined())</tr></thead>")
      line("<tbody>")
      for row in table.rows {
        let cells = zip(row, table.columns).enumerated().map { index, cell in
          Self.cell(cell.0, cell.1.alignment, isHead: index == 0)
        }
        line("<tr>\(cells.joined())</tr>")
      }
      line("</tbody>")
      line("</table>")
      line("</div>")
    }
    if !table.note.isEmpty { line("<p class=\"note\">\(HTMLText.of(table.note))</p>") }
  }

  /// What a keyboard can scroll has a name and takes the focus.
  private mutating func scrollable(_ name: String) {
    line("<div class=\"scroll\" role=\"region\" aria-label=\"\(name)\" tabindex=\"0\">")
  }

  private static func cell(
    _ cell: ReportDocument.Table.Cell, _ alignment: ReportDocument.Table.Alignment, isHead: Bool
  ) -> String {
    let classes = [
      alignment == .trailing ? "number" : nil, cell.tone?.word, cell.share == nil ? nil : "share",
    ].compactMap(\.self)
    var attributes = classes.isEmpty ? "" : " class=\"\(classes.joined(separator: " "))\""
    if let share = cell.share {
      attributes += " style=\"--part:\(HTMLText.length(min(max(share, 0), 1) * 100))%\""
    }
    let words = HTMLText.of(cell.runs)
    let drawing = cell.span.map { SpanDrawing($0).drawing.element(titled: cell.plainText) }
    let content = drawing.map { "<span class=\"drawn\">\(words) \($0)</span>" } ?? words
    return isHead
      ? "<th scope=\"row\"\(attributes)>\(content)</th>" : "<td\(attributes)>\(content)</td>"
  }

  // MARK: - Charts

  /// - Parameter texts: what the marks say, for those who see or touch no mark.
  private mutating func figure(
    _ title: String, _ drawing: SVGDrawing, texts: [String]
  ) {
    line("<figure>")
    line("<figcaption>\(HTMLText.escaped(title))</figcaption>")
    scrollable(HTMLText.escaped(title))
    line(drawing.element(titled: title))
    line("</div>")
    if !texts.isEmpty {
      line("<details><summary>The same in words</summary>")
      line("<ul>")
      for text in texts { line("<li>\(HTMLText.escaped(text))</li>") }
      line("</ul>")
      line("</details>")
    }
    line("</figure>")
  }
}

extension ReportDocument.Table.Alignment {
  fileprivate var attribute: String { self == .trailing ? " class=\"number\"" : "" }
}

extension ReportDocument.Table.Cell {
  fileprivate var plainText: String {
    runs.map { run in
      switch run {
      case .text(let text), .strong(let text), .name(let text): text
      }
    }.joined()
  }
}

extension ReportDocument.HeatMap {
  /// Of the cells that are not as they should be.
  fileprivate var texts: [String] {
    rows.flatMap(\.cells).compactMap { cell in
      guard let cell, let level = cell.level, level > 0 else { return nil }
      return cell.text
    }
  }
}

extension ReportDocument {
  /// For GitHub, and as text for Slack or a mail: tables are GFM's, with their columns in line as
  /// they stand, and charts are blocks of characters in code fences.
  public func markdown() -> [UInt8] {
    var blocks = ["# " + MarkdownText.of(title, in: .sentence)]
    blocks.append(MarkdownText.of(period, in: .sentence))
    blocks.append(
      "**\(verdict.state.rawValue)**: " + MarkdownText.of(verdict.reason, in: .tableCell))
    for section in sections {
      blocks.append("## " + MarkdownText.escaped(section.title))
      blocks += section.blocks.map(\.markdown)
    }
    return Array((blocks.filter { !$0.isEmpty }.joined(separator: "\n\n") + "\n").utf8)
  }
}

extension ReportDocument.Block {
  /// Of a chart in characters.
  private static let chart = TerminalPage(width: 80, isColoured: false)

  fileprivate var markdown: String {
    switch self {
    case .paragraph(let runs): MarkdownText.of(runs, in: .sentence)
    case .list(let items):
      items.map { "- " + MarkdownText.of($0, in: .sentence) }.joined(separator: "\n")
    case .notices(let notices):
      notices.map { notice in
        "- **\(notice.severity.rawValue.uppercased())**: "
          + MarkdownText.of(notice.text, in: .sentence)
      }.joined(separator: "\n")
    case .table(let table): table.markdown
    case .heatMap, .lines, .columns: MarkdownText.codeBlock(Self.chart.lines(of: self))
    }
  }
}

extension ReportDocument.Table {
  fileprivate var markdown: String {
    let note = MarkdownText.of(note, in: .sentence)
    guard !rows.isEmpty else { return note }
    let head = columns.map { MarkdownText.escaped($0.title) }
    let cells = rows.map { $0.map { MarkdownText.of($0.runs, in: .tableCell) } }
    // Three at least: GitHub wants a hyphen, older parsers three characters.
    let widths = columns.indices.map { column in
      ([head] + cells).reduce(3) { max($0, DisplayWidth.of($1[column])) }
    }
    func line(_ texts: [String]) -> String {
      let padded = texts.indices.map { column in
        DisplayWidth.padded(texts[column], to: widths[column], columns[column].alignment)
      }
      return "| \(padded.joined(separator: " | ")) |"
    }
    let rule = columns.indices.map { column in
      let hyphens = String(repeating: "-", count: widths[column] - 1)
      return columns[column].alignment == .leading ? hyphens + "-" : hyphens + ":"
    }
    let lines = ([head, rule] + cells).map(line)
    return lines.joined(separator: "\n") + (note.isEmpty ? "" : "\n\n" + note)
  }
}

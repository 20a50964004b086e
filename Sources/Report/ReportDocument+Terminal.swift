extension ReportDocument {
  /// As a person on call reads it on a terminal, or in a mail.
  ///
  /// - Parameters:
  ///   - width: in columns; less than 20 is taken for 20, more than 400 for 400.
  ///   - isColoured: otherwise there is no escape sequence at all.
  public func terminal(width: Int, isColoured: Bool) -> [UInt8] {
    let page = TerminalPage(width: min(max(width, 20), 400), isColoured: isColoured)
    var lines = page.sentence(title.map(\.asStrong), indent: 0)
    lines += page.sentence(period, indent: 0)
    lines.append("")
    let state = TerminalPiece(text: verdict.state.rawValue, style: .tone(verdict.state.tone))
    let colon = TerminalPiece(text: ": ")
    lines += page.sentence(
      pieces: [state, colon] + verdict.reason.map { TerminalPiece(inSentence: $0) }, indent: 0)
    for section in sections {
      lines.append("")
      lines.append(page.painted(TerminalText.visible(section.title), .heading))
      for (index, block) in section.blocks.enumerated() {
        if index > 0 { lines.append("") }
        lines += page.lines(of: block)
      }
    }
    return Array((lines.joined(separator: "\n") + "\n").utf8)
  }
}

extension ReportDocument.Run {
  fileprivate var asStrong: Self {
    if case .text(let text) = self { .strong(text) } else { self }
  }
}

extension ReportDocument.Verdict.State {
  var tone: ReportDocument.Tone {
    switch self {
    case .ok: .good
    case .atRisk: .warning
    case .breached: .bad
    case .insufficientData: .muted
    }
  }
}

extension ReportDocument.Notice.Severity {
  var tone: ReportDocument.Tone {
    switch self {
    case .critical: .bad
    case .warning: .warning
    case .info: .muted
    }
  }
}

/// So wide, with colour or without; lays out the blocks of a document in lines.
struct TerminalPage {
  let width: Int
  let isColoured: Bool

  static let indent = 2
  /// Longer lines of prose are hard to read, however wide the terminal.
  private static let proseWidthMax = 100

  func lines(of block: ReportDocument.Block) -> [String] {
    switch block {
    case .paragraph(let runs): sentence(runs)
    case .list(let items):
      items.flatMap { hanging(TerminalPiece(text: "•"), $0) }
    case .notices(let notices): notices.flatMap { lines(of: $0) }
    case .table(let table): lines(of: table)
    case .heatMap(let map): lines(of: map)
    case .lines(let chart): lines(of: chart)
    case .columns(let chart): lines(of: chart)
    }
  }

  func painted(_ text: String, _ style: TerminalStyle?) -> String {
    TerminalPiece(text: text, style: style).painted(isColoured)
  }

  func sentence(_ runs: [ReportDocument.Run], indent: Int = Self.indent) -> [String] {
    sentence(pieces: runs.map { TerminalPiece(inSentence: $0) }, indent: indent)
  }

  func sentence(pieces: [TerminalPiece], indent: Int = Self.indent) -> [String] {
    let margin = String(repeating: " ", count: indent)
    return TerminalParagraph(pieces: pieces)
      .lines(width: min(width, Self.proseWidthMax) - indent, isColoured: isColoured)
      .map { margin + $0 }
  }

  private func lines(of notice: ReportDocument.Notice) -> [String] {
    let longest = ReportDocument.Notice.Severity.allCases.map(\.rawValue.count).max() ?? 0
    let mark = DisplayWidth.padded(notice.severity.rawValue.uppercased(), to: longest)
    return hanging(TerminalPiece(text: mark, style: .tone(notice.severity.tone)), notice.text)
  }

  /// A mark, then text that hangs beside it.
  private func hanging(_ mark: TerminalPiece, _ runs: [ReportDocument.Run]) -> [String] {
    let hang = Self.indent + DisplayWidth.of(mark.text) + 1
    let margin = String(repeating: " ", count: Self.indent)
    var lines = sentence(runs, indent: hang)
    guard let first = lines.first else { return [] }
    lines[0] = margin + mark.painted(isColoured) + " " + first.dropFirst(hang)
    return lines
  }
}

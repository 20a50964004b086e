extension TerminalPage {
  func lines(of table: ReportDocument.Table) -> [String] {
    guard !table.rows.isEmpty else { return sentence(table.note) }
    let cells = table.rows.map { row in
      row.map { cell in cell.runs.map { TerminalPiece($0) } }
    }
    let titles = table.columns.map { TerminalText.visible($0.title) }
    let natural = titles.indices.map { column in
      cells.reduce(DisplayWidth.of(titles[column])) { max($0, Self.width(of: $1[column])) }
    }
    let (shown, widths) = TableColumns(table.columns, natural: natural)
      .fitted(to: width - Self.indent)
    let head = shown.map { [TerminalPiece(text: titles[$0], style: .tone(.muted))] }
    var lines = [line(head, shown, widths, table.columns)]
    for (row, texts) in zip(table.rows, cells) {
      let styled = shown.map { column in
        texts[column].map { piece in
          TerminalPiece(text: piece.text, style: row[column].tone.map { .tone($0) } ?? piece.style)
        }
      }
      lines.append(line(styled, shown, widths, table.columns))
    }
    let hidden = titles.indices.filter { !shown.contains($0) }.map { titles[$0] }
    if !hidden.isEmpty {
      lines += sentence([.text("(too narrow for: \(hidden.joined(separator: ", ")))")])
    }
    return lines + sentence(table.note)
  }

  private static func width(of pieces: [TerminalPiece]) -> Int {
    pieces.reduce(0) { $0 + DisplayWidth.of($1.text) }
  }

  /// One row, without white space at its end.
  private func line(
    _ cells: [[TerminalPiece]], _ shown: [Int], _ widths: [Int],
    _ columns: [ReportDocument.Table.Column]
  ) -> String {
    var line = ""
    // Spaces that are due before the next text.
    var gap = Self.indent
    for (cell, column) in zip(cells, shown) {
      let pieces = Self.cut(cell, to: widths[column])
      let padding = widths[column] - Self.width(of: pieces)
      let isLeading = columns[column].alignment == .leading
      gap += isLeading ? 0 : padding
      // White space at the end of a name is as good as none.
      let isBlank = pieces.allSatisfy { $0.text.allSatisfy { $0 == " " } }
      if isBlank {
        gap += Self.width(of: pieces)
      } else {
        line += String(repeating: " ", count: gap)
        line += pieces.map { $0.painted(isColoured) }.joined()
        gap = 0
      }
      gap += (isLeading ? padding : 0) + TableColumns.gap
    }
    guard let end = line.lastIndex(where: { $0 != " " }) else { return "" }
    return String(line[...end])
  }

  private static func cut(_ pieces: [TerminalPiece], to columns: Int) -> [TerminalPiece] {
    guard width(of: pieces) > columns else { return pieces }
    var room = columns - 1
    var result: [TerminalPiece] = []
    for piece in pieces where room > 0 {
      let text = DisplayWidth.prefix(of: piece.text, columns: room)
      room = text.count < piece.text.count ? 0 : room - DisplayWidth.of(text)
      result.append(TerminalPiece(text: text, style: piece.style))
    }
    return result + [TerminalPiece(text: "…", style: nil)]
  }
}

/// Which columns of a table are shown, and how wide.
struct TableColumns {
  /// Spaces between two columns.
  static let gap = 2
  /// Before a column is left out for them, names are cut to this.
  private static let nameWidthUsual = 40
  /// Names are not cut further than this while numbers can be left whole.
  private static let nameWidthMin = 8

  private let columns: [ReportDocument.Table.Column]
  private let natural: [Int]

  init(_ columns: [ReportDocument.Table.Column], natural: [Int]) {
    self.columns = columns
    self.natural = natural
  }

  /// - Parameter room: in columns of the terminal.
  func fitted(to room: Int) -> (shown: [Int], widths: [Int]) {
    var widths = zip(columns, natural).map { column, width in
      column.alignment == .leading ? min(width, Self.nameWidthUsual) : width
    }
    var shown = Array(columns.indices)
    func excess() -> Int {
      shown.reduce((shown.count - 1) * Self.gap - room) { $0 + widths[$1] }
    }
    while excess() > 0, let least = leastNeeded(of: shown) { shown.removeAll { $0 == least } }
    let names = shown.filter { columns[$0].alignment == .leading }
    for (some, least) in [(names, Self.nameWidthMin), (shown, 1)] {
      while excess() > 0,
        let widest = some.last(where: { column in
          widths[column] > least && some.allSatisfy { widths[$0] <= widths[column] }
        })
      {
        widths[widest] -= 1
      }
    }
    for name in names {
      widths[name] = min(natural[name], widths[name] + max(0, -excess()))
    }
    return (shown, widths)
  }

  private func leastNeeded(of shown: [Int]) -> Int? {
    shown.filter { columns[$0].dispensability > 0 }
      .max { columns[$0].dispensability < columns[$1].dispensability }
  }
}

/// Columns of text under a heading, for a terminal.
struct TextTable {
  enum Alignment {
    case left, right
  }

  let columns: [(title: String, alignment: Alignment)]
  private(set) var rows: [[String]] = []

  init(_ columns: [(title: String, alignment: Alignment)]) {
    self.columns = columns
  }

  /// As many cells as there are columns.
  mutating func append(_ cells: [String]) {
    precondition(cells.count == columns.count, "expected \(columns.count) cells, got \(cells)")
    rows.append(cells.map(TerminalText.visible))
  }

  /// Lines without trailing white space, two spaces between columns.
  func rendered(indent: Int = 2) -> String {
    let all = [columns.map(\.title)] + rows
    let widths = columns.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    return all.map { row in
      let cells = zip(row, zip(columns, widths)).map { cell, column in
        let padding = String(repeating: " ", count: column.1 - cell.count)
        return column.0.alignment == .left ? cell + padding : padding + cell
      }
      let line = String(repeating: " ", count: indent) + cells.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed()) + "\n"
    }.joined()
  }
}

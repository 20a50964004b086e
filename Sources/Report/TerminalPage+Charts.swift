// Charts of block characters; each says the same without colour.
extension TerminalPage {
  // MARK: - Heat map

  func lines(of map: ReportDocument.HeatMap) -> [String] {
    let titles = map.rows.map { TerminalText.visible($0.title) }
    let titleWidth = min(titles.map { DisplayWidth.of($0) }.max() ?? 0, width / 3)
    let margin = String(repeating: " ", count: Self.indent)
    let room = max(1, width - Self.indent - titleWidth - 2)
    let cellWidth = min(3, max(1, room / max(1, map.columns.count)))
    let count = min(map.columns.count, room / cellWidth)
    var lines = sentence([.text(map.title)])
    let head = axis(
      map.columns.prefix(count).enumerated().map { ($0 * cellWidth, $1) }, width: room)
    let indent = String(repeating: " ", count: titleWidth + 2)
    let columnsTitle = DisplayWidth.cut(TerminalText.visible(map.columnsTitle), to: room)
    lines.append(Self.trimmed(margin + indent + columnsTitle))
    lines.append(Self.trimmed(margin + indent + head))
    for (row, title) in zip(map.rows, titles) {
      let name = DisplayWidth.padded(DisplayWidth.cut(title, to: titleWidth), to: titleWidth)
      let cells = row.cells.prefix(count).map { cell in
        cell.map { self.cell($0.level, width: cellWidth) }
          ?? String(repeating: " ", count: cellWidth)
      }
      lines.append(Self.trimmed(margin + name + "  " + cells.joined()))
    }
    if count < map.columns.count {
      let left = map.columns.dropFirst(count)
      let span = left.count == 1 ? left.first : left.first.map { "\($0) to \(left.last ?? $0)" }
      lines += sentence([.text("(too narrow for: \(span ?? ""))")])
    }
    let legend = map.legend.map { cell($0.level, width: 1) + " " + legendText($0.text) }
    return lines + wrapped(legend, width: width - Self.indent).map { margin + $0 }
  }

  private func cell(_ level: Double?, width: Int) -> String {
    guard let level else { return painted(String(repeating: "·", count: width), .tone(.muted)) }
    let (shade, tone): (String, ReportDocument.Tone) =
      switch level {
      case ...0: ("▁", .good)
      case ...0.25: ("░", .warning)
      case ...0.5: ("▒", .warning)
      case ...0.75: ("▓", .bad)
      default: ("█", .bad)
      }
    return painted(String(repeating: shade, count: width), .tone(tone))
  }

  // MARK: - Lines

  /// A row for each point, as time runs down: where its value lies on the axis, and its words.
  func lines(of chart: ReportDocument.LineChart) -> [String] {
    let axis = ChartAxis(chart.ticks)
    let texts = chart.points.map { TerminalText.visible($0.text) }
    let (plot, isBeside) = plotWidth(beside: texts)
    let last = Double(plot - 1)
    func place(_ value: Double?) -> Int? { axis.place(value, of: last).map { Int($0) } }
    var lines = sentence([.text(chart.title)])
    lines += scale(chart.ticks, axis, plot)
    let reference = place(chart.reference?.value)
    for (point, text) in zip(chart.points, texts) {
      var cells = [TerminalPiece](repeating: TerminalPiece(text: " "), count: plot)
      if let reference { cells[reference] = TerminalPiece(text: "│", style: .tone(.muted)) }
      if let low = place(point.low), let high = place(point.high), low <= high {
        for index in low...high { cells[index].text = index == reference ? "┼" : "─" }
        cells[low].text = "├"
        cells[high].text = "┤"
      }
      if let value = place(point.value) { cells[value] = TerminalPiece(text: "●", style: .strong) }
      lines += row(cells.map { $0.painted(isColoured) }.joined(), text, isBeside)
    }
    if let reference = chart.reference {
      lines += sentence([.text("│ \(reference.label)")])
    }
    return lines
  }

  // MARK: - Columns

  /// Lying down, as lines have no height.
  func lines(of chart: ReportDocument.ColumnChart) -> [String] {
    let axis = ChartAxis(chart.ticks)
    let texts = chart.columns.map { TerminalText.visible($0.text) }
    let (plot, isBeside) = plotWidth(beside: texts)
    var lines = sentence([.text(chart.title)])
    lines += scale(chart.ticks, axis, plot)
    for (column, text) in zip(chart.columns, texts) {
      let counts = Self.cells(column.parts, axis, plot)
      let bars = zip(counts, chart.series.indices).map { count, series in
        bar(chart.series[series], series, count)
      }
      let padding = String(repeating: " ", count: max(0, plot - counts.reduce(0, +)))
      lines += row(bars.joined() + padding, text, isBeside)
    }
    let margin = String(repeating: " ", count: Self.indent)
    let legend = chart.series.enumerated().map { index, series in
      bar(series, index, 1) + " " + legendText(series.title)
    }
    return lines + wrapped(legend, width: width - Self.indent).map { margin + $0 }
  }

  private func bar(_ series: ReportDocument.ColumnChart.Series, _ index: Int, _ count: Int)
    -> String
  {
    let shades = ["█", "▒", "░", "▓"]
    return painted(
      String(repeating: shades[index % shades.count], count: count), .tone(series.tone))
  }

  /// How many cells each part has: at least one if it is more than nothing, so that it is seen.
  private static func cells(_ parts: [Double], _ axis: ChartAxis, _ plot: Int) -> [Int] {
    var counts = parts.map { part in
      let length = axis.place(part, of: Double(plot)) ?? 0
      return part > 0 ? max(1, Int(length.rounded())) : 0
    }
    while counts.reduce(0, +) > plot, let most = counts.max(), most > 1,
      let widest = counts.firstIndex(of: most)
    {
      counts[widest] -= 1
    }
    return counts
  }

  // MARK: - What they share

  /// In columns, and whether the words stand beside the plot; else they have lines of their own.
  private func plotWidth(beside texts: [String]) -> (plot: Int, isBeside: Bool) {
    let room = width - Self.indent
    let words = texts.map { DisplayWidth.of($0) }.max() ?? 0
    let plot = room - words - 2
    return plot >= 24 ? (min(plot, 60), true) : (min(room, 60), false)
  }

  private func row(_ plot: String, _ text: String, _ isBeside: Bool) -> [String] {
    let margin = String(repeating: " ", count: Self.indent)
    guard !isBeside else { return [Self.trimmed(margin + plot + "  " + text)] }
    let isEmpty = plot.allSatisfy { $0 == " " }
    return sentence([.text(text)]) + (isEmpty ? [] : [Self.trimmed(margin + plot)])
  }

  /// The labels of the ticks, and the axis under them.
  private func scale(_ ticks: [ReportDocument.Tick], _ axis: ChartAxis, _ plot: Int) -> [String] {
    let margin = String(repeating: " ", count: Self.indent)
    let places = ticks.compactMap { tick in
      axis.place(tick.value, of: Double(plot - 1)).map { (Int($0), tick.label) }
    }
    var line = [Character](repeating: "─", count: plot)
    for (place, _) in places { line[place] = "┴" }
    return [
      Self.trimmed(margin + self.axis(places, width: min(plot + 8, width - Self.indent))),
      margin + painted(String(line), .tone(.muted)),
    ]
  }

  /// Labels from their places on, the last ones further left where it is too narrow, without those
  /// that would touch one before.
  private func axis(_ labels: [(place: Int, text: String)], width: Int) -> String {
    var line = ""
    var end = -1
    for (place, text) in labels {
      let label = TerminalText.visible(text)
      let labelWidth = DisplayWidth.of(label)
      let place = min(place, width - labelWidth)
      guard place > end else { continue }
      line += String(repeating: " ", count: place - max(0, end)) + label
      end = place + labelWidth
    }
    return line
  }

  /// Cut so that it fits in a line after its mark.
  private func legendText(_ text: String) -> String {
    DisplayWidth.cut(TerminalText.visible(text), to: width - Self.indent - 2)
  }

  /// Entries side by side, in as many lines as they need.
  private func wrapped(_ entries: [String], width: Int) -> [String] {
    var lines: [(text: String, width: Int)] = []
    for entry in entries {
      let entryWidth = isColoured ? Self.widthWithoutStyle(entry) : DisplayWidth.of(entry)
      if let last = lines.last, last.width + 3 + entryWidth <= width {
        lines[lines.count - 1] = (last.text + "   " + entry, last.width + 3 + entryWidth)
      } else {
        lines.append((entry, entryWidth))
      }
    }
    return lines.map(\.text)
  }

  private static func widthWithoutStyle(_ text: String) -> Int {
    text.split(separator: "\u{1B}", omittingEmptySubsequences: false).enumerated()
      .reduce(0) { width, part in
        let shown = part.offset == 0 ? part.element : part.element.drop { $0 != "m" }.dropFirst()
        return width + DisplayWidth.of(String(shown))
      }
  }

  private static func trimmed(_ line: String) -> String {
    guard let end = line.lastIndex(where: { $0 != " " }) else { return "" }
    return String(line[...end])
  }
}

/// From the first tick to the last.
struct ChartAxis {
  private let low: Double
  private let span: Double

  init(_ ticks: [ReportDocument.Tick]) {
    low = ticks.first?.value ?? 0
    span = (ticks.last?.value ?? 0) - low
  }

  /// Where the value lies in 0...length; at an end if it is outside; nil if it is not a number.
  func place(_ value: Double?, of length: Double) -> Double? {
    guard let value, value.isFinite, span.isFinite, span > 0 else { return nil }
    return min(max((value - low) / span, 0), 1) * length
  }
}

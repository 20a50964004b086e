// Geometry only: what a chart says is in the document.

/// As wide as the text of a page.
private let chartWidth = 880.0
private let labelHeight = 18.0

/// Entries side by side, in as many lines as they need.
private struct Legend {
  /// The mark is drawn at its left upper corner, 12 by 12.
  typealias Entry = (text: String, mark: (inout SVGDrawing, Double, Double) -> Void)
  let entries: [Entry]
  /// No name from a log is longer than this.
  private static let textWidthMax = 300.0

  init(_ entries: [Entry]) {
    self.entries = entries.map { (SVGDrawing.cut($0.text, to: Self.textWidthMax), $0.mark) }
  }

  private func places(width: Double) -> [(x: Double, line: Int)] {
    var x = 0.0
    var line = 0
    return entries.map { entry in
      let size = 18 + SVGDrawing.width(of: entry.text) + 18
      if x > 0 && x + size > width {
        x = 0
        line += 1
      }
      defer { x += size }
      return (x, line)
    }
  }

  func height(width: Double) -> Double {
    places(width: width).last.map { Double($0.line + 1) * labelHeight } ?? 0
  }

  func draw(on drawing: inout SVGDrawing, x: Double, y: Double, width: Double) {
    for (entry, place) in zip(entries, places(width: width)) {
      let top = y + Double(place.line) * labelHeight
      entry.mark(&drawing, x + place.x, top + 2)
      drawing.label(entry.text, x + place.x + 18, top + 12)
    }
  }
}

/// A level is told by lightness and by the size of its square, so that it needs no colour.
struct HeatMapDrawing {
  let drawing: SVGDrawing

  init(_ map: ReportDocument.HeatMap) {
    let titleWidth = map.rows.map { SVGDrawing.width(of: $0.title) }.max() ?? 0
    let left = min(titleWidth, chartWidth / 3) + 10
    let side = min(32, max(4, (chartWidth - left) / Double(max(1, map.columns.count))))
    let top = 2 * labelHeight
    let rowHeight = min(side, 26)
    let legend = Legend(
      map.legend.map { entry in
        (entry.text, { Self.cell(entry.level, on: &$0, $1, $2, 12, 12, title: nil) })
      })
    let bottom = top + Double(map.rows.count) * rowHeight + 12
    let width = max(chartWidth, left + side * Double(map.columns.count))
    var drawing = SVGDrawing(width: width, height: bottom + legend.height(width: width - left))
    drawing.label(map.columnsTitle, left, 12)
    var end = -1.0
    for (index, column) in map.columns.enumerated() {
      let middle = left + side * (Double(index) + 0.5)
      let half = SVGDrawing.width(of: column) / 2
      guard middle - half > end else { continue }
      drawing.label(column, middle, top - 6, .middle)
      end = middle + half + 4
    }
    for (row, cells) in map.rows.enumerated() {
      let y = top + Double(row) * rowHeight
      let title = SVGDrawing.cut(cells.title, to: left - 10)
      drawing.label(title, left - 10, y + rowHeight / 2 + 4, .end)
      for (column, cell) in cells.cells.enumerated() {
        guard let cell else { continue }
        Self.cell(
          cell.level, on: &drawing, left + side * Double(column), y, side, rowHeight,
          title: cell.text)
      }
    }
    legend.draw(on: &drawing, x: left, y: bottom, width: width - left)
    self.drawing = drawing
  }

  private static func cell(
    _ level: Double?, on drawing: inout SVGDrawing, _ x: Double, _ y: Double, _ width: Double,
    _ height: Double, title: String?
  ) {
    drawing.rectangle(x + 0.5, y + 0.5, width - 1, height - 1, "cell", title: title)
    guard let level else { return }
    // The classes h0 to h4 of the style sheet.
    let step = level > 0 ? min(4, max(1, Int((min(level, 1) * 4).rounded(.up)))) : 0
    let part = [0.2, 0.5, 0.65, 0.8, 1][step]
    let (inner, tall) = ((width - 1) * part, (height - 1) * part)
    drawing.rectangle(
      x + (width - inner) / 2, y + (height - tall) / 2, inner, tall, "h\(step)", title: title)
  }
}

/// The plot of a chart with values up its side.
private struct Plot {
  let axis: ChartAxis
  let left: Double
  let right: Double
  let top = 10.0
  let height = 190.0
  var bottom: Double { top + height }
  var width: Double { right - left }

  init(ticks: [ReportDocument.Tick], right: Double = chartWidth) {
    axis = ChartAxis(ticks)
    left = min(ticks.map { SVGDrawing.width(of: $0.label) }.max() ?? 0, chartWidth / 3) + 10
    self.right = right
  }

  func y(_ value: Double?) -> Double? {
    axis.place(value, of: height).map { bottom - $0 }
  }

  /// The middle of one of `count` equal parts of the width.
  func x(_ index: Int, of count: Int) -> Double {
    left + width * (Double(index) + 0.5) / Double(max(1, count))
  }

  func drawAxes(
    _ ticks: [ReportDocument.Tick], labels: [String], on drawing: inout SVGDrawing
  ) {
    for tick in ticks {
      guard let y = y(tick.value) else { continue }
      drawing.line(left, y, right, y, "grid")
      drawing.label(SVGDrawing.cut(tick.label, to: left - 8), left - 8, y + 4, .end)
    }
    drawing.line(left, bottom, right, bottom, "axis")
    var end = -Double.infinity
    for (index, label) in labels.enumerated() {
      let x = x(index, of: labels.count)
      let half = SVGDrawing.width(of: label) / 2
      guard x - half > end, x - half >= -4, x + half <= drawing.width + 4 else { continue }
      drawing.label(label, x, bottom + 18, .middle)
      end = x + half + 8
    }
  }
}

/// Values with their intervals, joined where nothing is missing between two.
struct LineDrawing {
  let drawing: SVGDrawing

  init(_ chart: ReportDocument.LineChart) {
    let room = chart.reference.map { SVGDrawing.width(of: $0.label) + 12 } ?? 0
    let plot = Plot(ticks: chart.ticks, right: chartWidth - min(room, chartWidth / 3))
    var drawing = SVGDrawing(width: chartWidth, height: plot.bottom + 28)
    plot.drawAxes(chart.ticks, labels: chart.points.map(\.label), on: &drawing)
    if let reference = chart.reference, let y = plot.y(reference.value) {
      drawing.line(plot.left, y, plot.right, y, "reference")
      let label = SVGDrawing.cut(reference.label, to: chartWidth - plot.right - 8)
      drawing.label(label, plot.right + 8, y + 4)
    }
    let count = chart.points.count
    let places = chart.points.enumerated().map { index, point in
      plot.y(point.value).map { (x: plot.x(index, of: count), y: $0) }
    }
    for (one, next) in zip(places, places.dropFirst()) {
      guard let one, let next else { continue }
      drawing.line(one.x, one.y, next.x, next.y, "series")
    }
    for (index, point) in chart.points.enumerated() {
      let x = plot.x(index, of: count)
      if let low = plot.y(point.low), let high = plot.y(point.high) {
        drawing.line(x, low, x, high, "interval")
        drawing.line(x - 4, low, x + 4, low, "interval")
        drawing.line(x - 4, high, x + 4, high, "interval")
      }
      if let place = places[index] { drawing.circle(place.x, place.y, radius: 4, "point") }
      // The whole strip says it, not only the mark.
      let half = plot.width / Double(max(1, count)) / 2
      drawing.rectangle(x - half, plot.top, half * 2, plot.height, "touch", title: point.text)
    }
    self.drawing = drawing
  }
}

/// Parts upon each other.
struct ColumnDrawing {
  let drawing: SVGDrawing

  init(_ chart: ReportDocument.ColumnChart) {
    let plot = Plot(ticks: chart.ticks)
    let legend = Legend(
      chart.series.map { series in
        (series.title, { $0.rectangle($1, $2, 12, 12, "bar \(series.tone.word)") })
      })
    let foot = plot.bottom + 32
    var drawing = SVGDrawing(
      width: chartWidth, height: foot + legend.height(width: plot.width))
    plot.drawAxes(chart.ticks, labels: chart.columns.map(\.label), on: &drawing)
    let count = chart.columns.count
    let width = min(56, plot.width / Double(max(1, count)) * 0.7)
    for (index, column) in chart.columns.enumerated() {
      let x = plot.x(index, of: count)
      var base = plot.bottom
      for (part, series) in zip(column.parts, chart.series) where part > 0 {
        // Something is never drawn as nothing.
        let height = max(2, plot.axis.place(part, of: plot.height) ?? 0)
        let shown = min(height, max(0, base - plot.top))
        base -= shown
        drawing.rectangle(x - width / 2, base, width, shown, "bar \(series.tone.word)")
      }
      let half = plot.width / Double(max(1, count)) / 2
      drawing.rectangle(x - half, plot.top, half * 2, plot.height, "touch", title: column.text)
    }
    legend.draw(on: &drawing, x: plot.left, y: foot, width: plot.width)
    self.drawing = drawing
  }
}

/// An interval on 0...1 with its value and a mark, small enough for a cell.
struct SpanDrawing {
  let drawing: SVGDrawing

  init(_ span: ReportDocument.Table.Span) {
    let (width, middle) = (120.0, 7.0)
    let axis = ChartAxis([ReportDocument.Tick(0, ""), ReportDocument.Tick(1, "")])
    func x(_ value: Double?) -> Double? { axis.place(value, of: width - 10).map { $0 + 5 } }
    var drawing = SVGDrawing(width: width, height: 2 * middle)
    drawing.line(5, middle, width - 5, middle, "grid")
    if let low = x(span.low), let high = x(span.high) {
      drawing.rectangle(low, middle - 2.5, max(1, high - low), 5, "span")
    }
    if let mark = x(span.mark) { drawing.line(mark, 0, mark, 2 * middle, "mark") }
    if let value = x(span.value) { drawing.circle(value, middle, radius: 4, "point") }
    self.drawing = drawing
  }
}

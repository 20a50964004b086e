/// Shapes and words in an `svg` element; colours come by class from the style sheet of the page.
struct SVGDrawing {
  /// In pixels, on a screen as wide as the page.
  let width: Double
  let height: Double
  private var shapes: [String] = []

  init(width: Double, height: Double) {
    self.width = width
    self.height = height
  }

  enum Anchor: String {
    case start, middle, end
  }

  /// More than the average of the labels' font, as no label may reach into another.
  static let letterWidth = 7.2

  /// Room for a label; wide letters count twice.
  static func width(of label: String) -> Double {
    Double(DisplayWidth.of(TerminalText.visible(label))) * letterWidth
  }

  /// The label, cut with `…` to this room.
  static func cut(_ label: String, to room: Double) -> String {
    DisplayWidth.cut(TerminalText.visible(label), to: max(1, Int(room / letterWidth)))
  }

  /// - Parameter style: classes of the style sheet, ours.
  mutating func rectangle(
    _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ style: String,
    title: String? = nil
  ) {
    let place = "x=\"\(Self.n(x))\" y=\"\(Self.n(y))\""
    let size = "width=\"\(Self.n(max(width, 0)))\" height=\"\(Self.n(max(height, 0)))\""
    add("rect", "\(place) \(size)", style, title)
  }

  mutating func circle(
    _ x: Double, _ y: Double, radius: Double, _ style: String, title: String? = nil
  ) {
    add("circle", "cx=\"\(Self.n(x))\" cy=\"\(Self.n(y))\" r=\"\(Self.n(radius))\"", style, title)
  }

  mutating func line(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String
  ) {
    let ends = "x1=\"\(Self.n(x1))\" y1=\"\(Self.n(y1))\" x2=\"\(Self.n(x2))\" y2=\"\(Self.n(y2))\""
    add("line", ends, style, nil)
  }

  mutating func label(
    _ text: String, _ x: Double, _ y: Double, _ anchor: Anchor = .start, _ style: String = ""
  ) {
    let classes = style.isEmpty ? "" : " class=\"\(style)\""
    let place = "x=\"\(Self.n(x))\" y=\"\(Self.n(y))\" text-anchor=\"\(anchor.rawValue)\""
    shapes.append("<text \(place)\(classes)>\(HTMLText.escaped(text))</text>")
  }

  private mutating func add(
    _ name: String, _ attributes: String, _ style: String, _ title: String?
  ) {
    let start = "<\(name) \(attributes) class=\"\(style)\""
    guard let title else {
      shapes.append(start + "/>")
      return
    }
    shapes.append("\(start)><title>\(HTMLText.escaped(title))</title></\(name)>")
  }

  private static func n(_ length: Double) -> String { HTMLText.length(length) }

  func element(titled title: String) -> String {
    let title = HTMLText.escaped(title)
    let size = "width=\"\(Self.n(width))\" height=\"\(Self.n(height))\""
    let box = "viewBox=\"0 0 \(Self.n(width)) \(Self.n(height))\""
    let start = "<svg role=\"img\" aria-label=\"\(title)\" \(size) \(box)>"
    return ([start, "<title>\(title)</title>"] + shapes + ["</svg>"])
      .joined(separator: "\n")
  }
}

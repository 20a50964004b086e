extension ToolDescription {
  /// The manual page in man(7), which groff and mandoc render.
  public var manualPage: String {
    var page = ManualPage()
    // No date: the same build makes the same page.
    page.line(".TH", name.uppercased(), "1", "", "\(name) \(version)", "User Commands")
    page.section("NAME")
    page.text("\(name) - \(summary.prefix(1).lowercased())\(summary.dropFirst().withoutStop)")
    page.section("SYNOPSIS")
    for (index, command) in commands.enumerated() {
      if index > 0 { page.line(".br") }
      page.line(".B", "\(name) \(command.name)")
      page.text("[OPTION…]\(command.operands.synopsis)")
    }
    page.section("COMMANDS")
    for command in commands { page.add(command, of: name) }
    for section in sections { page.add(section) }
    return page.bytes
  }
}

/// Lines of man(7) in the making.
private struct ManualPage {
  private(set) var bytes = ""

  /// A request with its arguments.
  mutating func line(_ request: String, _ arguments: String...) {
    let quoted = arguments.map { #" ""# + Self.escaped($0).escaping(["\"": #"\(dq"#]) + "\"" }
    bytes += request + quoted.joined() + "\n"
  }

  mutating func section(_ title: String) { line(".SH", title) }

  mutating func text(_ text: String) {
    guard !text.isEmpty else { return }
    for line in text.split(separator: "\n") { bytes += Self.escapedLine(String(line)) + "\n" }
  }

  mutating func term(_ term: String, _ text: String) {
    bytes += ".TP\n"
    line(".B", term)
    self.text(text)
  }

  mutating func add(_ command: ToolDescription.Command, of name: String) {
    line(".SS", "\(name) \(command.name) [OPTION…]\(command.operands.synopsis)")
    text(command.summary)
    for option in command.options {
      term(
        option.name + (option.value.map { " \($0)" } ?? ""),
        option.help + (option.isRepeatable ? "; may be given again" : ""))
    }
    bytes += ".PP\nExample:\n.PP\n.RS 4\n.nf\n"
    text(command.example)
    bytes += ".fi\n.RE\n"
  }

  mutating func add(_ section: ToolDescription.Section) {
    self.section(section.title.uppercased())
    text(section.text)
    for (term, text) in section.terms { self.term(term, text) }
  }

  /// groff takes `-` for a hyphen and a backslash for the beginning of an escape.
  private static func escaped(_ text: String) -> String {
    text.escaping(["\\": #"\e"#, "-": #"\-"#, "'": #"\(aq"#, "…": #"\&..."#])
  }

  /// A line that begins with a dot or a quote would be a request.
  private static func escapedLine(_ text: String) -> String {
    let text = escaped(text)
    return text.hasPrefix(".") ? #"\&"# + text : text
  }
}

extension StringProtocol {
  fileprivate var withoutStop: String { hasSuffix(".") ? String(dropLast()) : String(self) }
}

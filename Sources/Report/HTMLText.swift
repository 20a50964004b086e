/// Text in HTML: always a text node or an attribute in double quotes.
enum HTMLText {
  /// What steers or misleads is visible as on a terminal; what would be markup stands for itself.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in TerminalText.visible(text).unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// Phrasing content: a name from a log is in a `code` of its own, whose direction is its own too.
  static func of(_ runs: [ReportDocument.Run]) -> String {
    runs.map { run in
      switch run {
      case .text(let text): escaped(text)
      case .strong(let text): "<strong>\(escaped(text))</strong>"
      case .name(let text): text.isEmpty ? "<i>(empty)</i>" : "<code>\(escaped(text))</code>"
      }
    }.joined()
  }

  /// Without markup, such as for the title of a window.
  static func plain(_ runs: [ReportDocument.Run]) -> String {
    runs.map { run in
      switch run {
      case .text(let text), .strong(let text), .name(let text): escaped(text)
      }
    }.joined()
  }

  /// A length in a drawing, to a tenth; 0 if it is not a number of a drawing's size.
  static func length(_ value: Double) -> String {
    guard let tenths = Int(exactly: (value * 10).rounded()) else { return "0" }
    let rest = tenths.magnitude % 10
    let whole = (tenths < 0 ? "-" : "") + String(tenths.magnitude / 10)
    return rest == 0 ? whole : "\(whole).\(rest)"
  }
}

/// What is said to a terminal about text: SGR parameters of ECMA-48, and nothing else.
enum TerminalStyle: Hashable {
  case strong
  case heading
  case tone(ReportDocument.Tone)

  private var parameters: String {
    switch self {
    case .strong: "1"
    case .heading: "1;4"
    case .tone(.good): "32"
    case .tone(.warning): "33"
    case .tone(.bad): "31"
    case .tone(.muted): "2"
    }
  }

  func painted(_ text: String) -> String {
    text.isEmpty ? text : "\u{1B}[\(parameters)m\(text)\u{1B}[0m"
  }
}

/// Harmless text, all of it shown in one way.
struct TerminalPiece {
  var text: String
  var style: TerminalStyle?

  func painted(_ isColoured: Bool) -> String {
    guard isColoured, let style else { return text }
    return style.painted(text)
  }
}

extension TerminalPiece {
  /// As it stands in a sentence: a name that is empty or has a space shows where it begins and ends.
  init(inSentence run: ReportDocument.Run) {
    self.init(run)
    if case .name = run, text.isEmpty || text.contains(" ") { text = "“\(text)”" }
  }

  init(_ run: ReportDocument.Run) {
    switch run {
    case .text(let text), .name(let text): self.init(text: TerminalText.visible(text))
    case .strong(let text): self.init(text: TerminalText.visible(text), style: .strong)
    }
  }
}

/// Sentences, broken between words; a word that is wider than a line is broken too.
struct TerminalParagraph {
  private var words: [[TerminalPiece]] = []

  init(_ runs: [ReportDocument.Run]) {
    self.init(pieces: runs.map { TerminalPiece(inSentence: $0) })
  }

  init(pieces: [TerminalPiece]) {
    var isNewWord = true
    for piece in pieces {
      let parts = piece.text.split(separator: " ", omittingEmptySubsequences: false)
      for (index, part) in parts.enumerated() {
        if index > 0 { isNewWord = true }
        guard !part.isEmpty else { continue }
        // A percent sign stays with its number.
        let space = isNewWord && part.hasPrefix("%") && !words.isEmpty ? " " : ""
        if isNewWord && space.isEmpty { words.append([]) }
        words[words.count - 1].append(TerminalPiece(text: space + part, style: piece.style))
        isNewWord = false
      }
    }
  }

  /// - Parameter width: at least 2, so that any character fits.
  func lines(width: Int, isColoured: Bool) -> [String] {
    var lines: [(text: String, width: Int)] = []
    for word in words {
      let wordWidth = word.reduce(0) { $0 + DisplayWidth.of($1.text) }
      if let last = lines.last, last.width + 1 + wordWidth <= width {
        lines[lines.count - 1].text += " " + word.map { $0.painted(isColoured) }.joined()
        lines[lines.count - 1].width += 1 + wordWidth
      } else {
        lines += Self.broken(word, width: width, isColoured: isColoured)
      }
    }
    return lines.map(\.text)
  }

  private static func broken(
    _ word: [TerminalPiece], width: Int, isColoured: Bool
  ) -> [(text: String, width: Int)] {
    var lines = [(text: "", width: 0)]
    for piece in word {
      var rest = piece.text
      while !rest.isEmpty {
        let room = width - lines[lines.count - 1].width
        let head = DisplayWidth.prefix(of: rest, columns: room)
        if head.isEmpty {
          // A character that no line can hold has a line of its own.
          guard lines[lines.count - 1].width == 0 else {
            lines.append((text: "", width: 0))
            continue
          }
          lines[lines.count - 1].text += String(rest.removeFirst())
          continue
        }
        rest.removeFirst(head.count)
        lines[lines.count - 1].text += TerminalPiece(text: head, style: piece.style)
          .painted(isColoured)
        lines[lines.count - 1].width += DisplayWidth.of(head)
      }
    }
    return lines
  }
}

/// How many columns of a terminal text takes, and cutting it to so many.
///
/// After Markus Kuhn's `wcwidth`: by scalar, as terminals that join no clusters count.
enum DisplayWidth {
  static func of(_ text: String) -> Int {
    text.utf8.allSatisfy { $0 < 0x80 }
      ? text.utf8.count : text.unicodeScalars.reduce(0) { $0 + columns(of: $1) }
  }

  /// The text itself if it fits, else its beginning with `…`; never wider than `columns`.
  static func cut(_ text: String, to columns: Int) -> String {
    guard of(text) > columns else { return text }
    return columns < 1 ? "" : prefix(of: text, columns: columns - 1) + "…"
  }

  /// As much of the text as fits; no character is divided.
  static func prefix(of text: String, columns: Int) -> String {
    var rest = columns
    var result = ""
    for character in text {
      rest -= character.unicodeScalars.reduce(0) { $0 + self.columns(of: $1) }
      guard rest >= 0 else { break }
      result.append(character)
    }
    return result
  }

  /// The text with spaces up to this width.
  static func padded(
    _ text: String, to columns: Int, _ alignment: ReportDocument.Table.Alignment = .leading
  ) -> String {
    let padding = String(repeating: " ", count: max(0, columns - of(text)))
    return alignment == .leading ? text + padding : padding + text
  }

  private static func columns(of scalar: Unicode.Scalar) -> Int {
    if scalar.value < 0x300 { return 1 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: break
    }
    // Vowels and final consonants of Hangul join the syllable that they follow.
    if (0x1160...0x11FF).contains(scalar.value) { return 0 }
    let isFlagHalf = (0x1F1E6...0x1F1FF).contains(scalar.value)
    let isPicture = scalar.properties.isEmojiPresentation && !isFlagHalf
    return isPicture || wide.contains { $0.contains(scalar.value) } ? 2 : 1
  }

  /// UAX #11, Wide and Fullwidth, without the pictures.
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF,
    0x4E00...0x9FFF, 0xA000...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF,
    0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18DFF,
    0x1AFF0...0x1B2FF, 0x1F200...0x1F2FF, 0x20000...0x3FFFD,
  ]
}

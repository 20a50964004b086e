/// Text from outside on a terminal: untrusted (CWE-150).
public enum TerminalText: Sendable {
  /// The text with everything that could steer a terminal or mislead a reader as a visible escape:
  /// controls, DEL, C1, bidirectional and zero-width characters.
  public static func visible(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isHidden) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      if isHidden(scalar) {
        result += "\\u{\(String(scalar.value, radix: 16))}"
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse: true
    // Fillers, joiners and variation selectors: letters and marks that draw nothing.
    // No character at all, which HTML forbids too.
    default:
      scalar.properties.isDefaultIgnorableCodePoint
        || scalar.properties.isNoncharacterCodePoint
    }
  }
}

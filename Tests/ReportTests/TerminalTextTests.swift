import Report
import TestSupport
import Testing

struct TerminalTextTests {
  @Test(arguments: [
    ("plain text, été 日本語 😀 e\u{301}", "plain text, été 日本語 😀 e\u{301}"),
    ("\u{1B}[31mred", #"\u{1b}[31mred"#),
    ("\u{9B}31m\u{85}\u{7F}\0\r\n\t", #"\u{9b}31m\u{85}\u{7f}\u{0}\u{d}\u{a}\u{9}"#),
    ("\u{202E}gpj.exe\u{2066}\u{200E}", #"\u{202e}gpj.exe\u{2066}\u{200e}"#),
    ("a\u{200B}\u{200D}\u{FEFF}\u{AD}b", #"a\u{200b}\u{200d}\u{feff}\u{ad}b"#),
    ("\u{2028}\u{2029}\u{E0041}\u{E000}", #"\u{2028}\u{2029}\u{e0041}\u{e000}"#),
    ("\u{3164}\u{115F}\u{34F}\u{FE0F}", #"\u{3164}\u{115f}\u{34f}\u{fe0f}"#),
  ])
  func `what steers a terminal or cannot be seen is made visible`(text: String, visible: String) {
    #expect(TerminalText.visible(text) == visible)
  }

  @Test func `no control character of a log reaches the text report`() {
    let text = Report.of(.hostile).plainText
    let hidden = text.unicodeScalars.filter {
      $0 != "\n"
        && ($0.properties.isDefaultIgnorableCodePoint
          || [.control, .format, .lineSeparator, .paragraphSeparator, .privateUse]
            .contains($0.properties.generalCategory))
    }
    #expect(hidden.map(\.value) == [])
    #expect(text.contains(#"\u{1b}[2J"#))
    #expect(text.contains("日本語"))
  }
}

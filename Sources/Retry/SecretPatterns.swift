/// Finds what looks like a secret in one pass over a text.
///
/// Each kind remembers how far it has hidden and does not begin again before, so that no byte is
/// read more than a few times.
struct SecretPatterns {
  private let text: [UInt8]
  private(set) var found: [Range<Int>] = []
  private var isInURL = false
  /// Since the last blank or quote there was a slash.
  private var isInPath = false
  private var lineEnd = 0
  private var valueEnd = 0
  private var queryEnd = 0
  private var keyEnd = 0

  private static let nameBytesMax = 64
  /// Blanks and quotes between a name and what separates it from the value.
  private static let gapBytesMax = 32
  private static let queryNameBytesMax = 128
  private static let userBytesMax = 2048
  /// What follows a well-known beginning to make it a key.
  private static let keyBytesMin = 8

  init(_ text: [UInt8]) {
    self.text = text
  }

  mutating func scan() {
    var wordBegins = true
    for index in text.indices {
      let byte = text[index]
      if Self.endsToken(byte) { (isInURL, isInPath) = (false, false) }
      if byte == UInt8(ascii: "/") { isInPath = true }
      switch byte {
      case UInt8(ascii: ":") where matches("://", at: index):
        isInURL = true
        hideUser(from: index + 3)
      case UInt8(ascii: ":"), UInt8(ascii: "="): hideValue(at: index)
      case UInt8(ascii: "?"): hideQuery(at: index)
      default:
        if wordBegins && Self.isAlphanumeric(byte) {
          hideKey(at: index)
          hideBearer(at: index)
        }
      }
      wordBegins = !Self.isAlphanumeric(byte)
    }
  }

  // MARK: - Kinds

  /// `Authorization: …` to the end of the line, `name=…` and `"name": "…"` to the end of the value.
  private mutating func hideValue(at separator: Int) {
    // The last byte may be a separator of its own: `key=token= …`.
    guard separator >= lineEnd, separator >= valueEnd - 1 else { return }
    let kind = nameKind(before: separator)
    guard kind != .harmless else { return }
    var start = separator + 1
    while start < text.count, opensValue(at: start) { start += 1 }
    guard start < text.count else { return }
    var end = start
    let quote = text[start]
    if quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
      // Within quotes that are escaped themselves the end is escaped, too.
      let isEscaped = text[start - 1] == UInt8(ascii: "\\")
      start += 1
      end = start
      while end < text.count, text[end] != quote {
        end += !isEscaped && text[end] == UInt8(ascii: "\\") ? 2 : 1
      }
      end = min(end, text.count)
    } else if kind == .line {
      while end < text.count, text[end] != 10, text[end] != 13 { end += 1 }
    } else {
      while end < text.count, !Self.endsValue(text[end]) { end += 1 }
    }
    found.append(start..<end)
    if kind == .line { lineEnd = end } else { valueEnd = end }
  }

  /// `= "`, `=> '`, `: ["`, `=<`: what stands between the separator and the value.
  private func opensValue(at index: Int) -> Bool {
    switch text[index] {
    case UInt8(ascii: "\\"), UInt8(ascii: ">"), UInt8(ascii: "<"), UInt8(ascii: "="): true
    // A placeholder begins so as well.
    case UInt8(ascii: "["): index + 1 < text.count && Self.isQuote(text[index + 1])
    default: Self.isBlank(text[index])
    }
  }

  /// The user and password before the `@` of a URL.
  private mutating func hideUser(from start: Int) {
    var end = start
    var at: Int?
    while end < text.count, end - start < Self.userBytesMax, text[end] != UInt8(ascii: "/"),
      text[end] != UInt8(ascii: "?"), !Self.endsToken(text[end])
    {
      if text[end] == UInt8(ascii: "@") { at = end }
      end += 1
    }
    if let at { found.append(start..<at) }
  }

  /// What follows the `?` of a URL or a path, or of anything else if it begins as `name=` does.
  private mutating func hideQuery(at mark: Int) {
    guard mark >= queryEnd else { return }
    var end = mark + 1
    if !isInURL && !isInPath {
      while end < text.count, end - mark <= Self.queryNameBytesMax, Self.isQueryName(text[end]) {
        end += 1
      }
      guard end > mark + 1, end < text.count, text[end] == UInt8(ascii: "=") else { return }
    }
    while end < text.count, !Self.endsToken(text[end]) { end += 1 }
    found.append(mark + 1..<end)
    queryEnd = end
  }

  private mutating func hideBearer(at start: Int) {
    guard matches("bearer", at: start) else { return }
    var value = start + 6
    while value < text.count, Self.isBlank(text[value]) || Self.isQuote(text[value]) { value += 1 }
    guard value > start + 6 else { return }
    var end = value
    while end < text.count, !Self.endsValue(text[end]) { end += 1 }
    found.append(value..<end)
  }

  private mutating func hideKey(at start: Int) {
    guard start >= keyEnd, Self.keyInitials.contains(text[start]) else { return }
    for beginning in Self.keyBeginnings
    where text[start...].starts(with: beginning) {
      var end = start + beginning.count
      while end < text.count, Self.isKeyByte(text[end]) { end += 1 }
      guard end - start - beginning.count >= Self.keyBytesMin else { continue }
      found.append(start..<end)
      keyEnd = end
      return
    }
  }

  // MARK: - Names

  private enum NameKind {
    case harmless, value, line
  }

  private func nameKind(before separator: Int) -> NameKind {
    var end = separator
    while end > 0, separator - end < Self.gapBytesMax,
      Self.isBlank(text[end - 1]) || Self.isQuote(text[end - 1])
    {
      end -= 1
    }
    var start = end
    while start > 0, end - start < Self.nameBytesMax, Self.isNameByte(text[start - 1]) {
      start -= 1
    }
    guard start < end else { return .harmless }
    let letters = text[start..<end].filter(Self.isAlphanumeric).map(Self.lowercased)
    func ends(with names: [[UInt8]]) -> Bool {
      names.contains { letters.count >= $0.count && letters.suffix($0.count).elementsEqual($0) }
    }
    if ends(with: Self.lineNames) { return .line }
    if ends(with: Self.valueNames) { return .value }
    // A colon is also punctuation: `missing required key: audio_url`.
    let isKey = letters.suffix(3).elementsEqual("key".utf8)
    let isAssigned = text[separator] == UInt8(ascii: "=")
    return isKey && (isAssigned || (start >= 4 && matches("api ", at: start - 4)))
      ? .value : isAssigned && ends(with: Self.assignedNames) ? .value : .harmless
  }

  private static let lineNames = ["authorization", "cookie"].map { Array($0.utf8) }
  private static let valueNames = [
    "apikey", "accesskey", "accesskeyid", "secretkey", "privatekey", "token", "secret",
    "password", "passwd", "pwd", "signature", "credential", "credentials", "bearer", "headervalue",
  ].map { Array($0.utf8) }
  private static let assignedNames = ["sig", "auth", "session", "sessionid"].map { Array($0.utf8) }

  /// Of the keys that gitleaks knows, those that many use.
  private static let keyBeginnings = [
    "sk-", "sk_live_", "sk_test_", "rk_live_", "ghp_", "gho_", "ghu_", "ghs_", "ghr_",
    "github_pat_", "glpat-", "AKIA", "ASIA", "ABIA", "ACCA", "AIza", "ya29.", "xoxa-", "xoxb-",
    "xoxe-", "xoxo-", "xoxp-", "xoxr-", "xoxs-", "xapp-", "hf_", "npm_", "pypi-", "dop_v1_",
    "shpat_", "SG.", "eyJ",
  ].map { Array($0.utf8) }
  private static let keyInitials = Set(keyBeginnings.compactMap(\.first))

  // MARK: - Bytes

  /// Without regard to case; the word is in lower case.
  private func matches(_ word: String, at start: Int) -> Bool {
    let count = word.utf8.count
    guard start + count <= text.count else { return false }
    var index = start
    for scalar in word.utf8 {
      guard Self.lowercased(text[index]) == scalar else { return false }
      index += 1
    }
    return true
  }

  private static func lowercased(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
    return letters.contains(byte | 0x20) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == 32 || byte == 9
  }

  private static func isQuote(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\\")
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    isAlphanumeric(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
      || byte == UInt8(ascii: ".")
  }

  private static func isQueryName(_ byte: UInt8) -> Bool {
    isNameByte(byte) || byte == UInt8(ascii: "%") || byte == UInt8(ascii: "[")
      || byte == UInt8(ascii: "]") || byte == UInt8(ascii: "~")
  }

  private static func isKeyByte(_ byte: UInt8) -> Bool {
    isNameByte(byte)
  }

  private static func endsToken(_ byte: UInt8) -> Bool {
    byte <= 32 || isQuote(byte) || byte == UInt8(ascii: "<") || byte == UInt8(ascii: ">")
      || byte == UInt8(ascii: "`")
  }

  private static func endsValue(_ byte: UInt8) -> Bool {
    endsToken(byte) || byte == UInt8(ascii: "&") || byte == UInt8(ascii: ",")
      || byte == UInt8(ascii: ";") || byte == UInt8(ascii: ")") || byte == UInt8(ascii: "}")
      || byte == UInt8(ascii: "|")
  }
}

/// The tags of a page in their order, read by rules far stricter than HTML's: any `<` begins a tag,
/// any `&` one of five references, and each element is closed by its own end tag.
struct HTMLTags {
  /// Their names, with the slash of an end tag.
  private(set) var tags: [String] = []
  /// What is wrong; empty if nothing.
  private(set) var faults: [String] = []

  private static let void: Set = ["meta", "br"]

  init(_ text: String) {
    var open: [String] = []
    // By scalar, as parsers read: to Swift, `>` with a combining mark is another character.
    for piece in text.unicodeScalars.split(separator: "<", omittingEmptySubsequences: false)
      .dropFirst()
    {
      guard let end = piece.firstIndex(of: ">") else {
        faults.append("no end: <\(piece)")
        continue
      }
      let tag = Substring(piece[..<end])
      let rest = piece[piece.index(after: end)...]
      if rest.contains(">") { faults.append("a bare > in: \(rest)") }
      if tag == "!DOCTYPE html" { continue }
      let name = String(tag.drop { $0 == "/" }.prefix { $0.isLetter || $0.isNumber })
      tags.append((tag.hasPrefix("/") ? "/" : "") + name)
      if tag.hasPrefix("/") {
        if open.popLast() != name { faults.append("</\(name)> closes another") }
      } else if !Self.void.contains(name), !tag.hasSuffix("/") {
        open.append(name)
      }
      if !Self.isOurs(tag) { faults.append("not a tag of ours: <\(tag)>") }
    }
    faults += open.map { "<\($0)> is not closed" }
    let references = text.unicodeScalars.split(separator: "&", omittingEmptySubsequences: false)
    for reference in references.dropFirst() {
      let name = String(reference.prefix { $0 != ";" })
      if !["amp", "lt", "gt", "quot", "#39"].contains(name) {
        faults.append("a bare & before: \(name.prefix(20))")
      }
    }
  }

  /// A name, then attributes with double quotes around their values.
  private static func isOurs(_ tag: Substring) -> Bool {
    let parts = tag.split(separator: "\"", omittingEmptySubsequences: false)
    guard let last = parts.last, !parts.count.isMultiple(of: 2) else { return false }
    let names = stride(from: 0, to: parts.count - 1, by: 2).allSatisfy { index in
      parts[index].hasSuffix("=")
        && parts[index].dropLast().allSatisfy { $0.isLetter || $0.isNumber || " -".contains($0) }
    }
    let isEnd = parts.count > 1 ? last.isEmpty || last == "/" : last.allSatisfy { $0 != " " }
    return names && isEnd
  }
}

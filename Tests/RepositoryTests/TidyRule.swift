import Testing

/// A thing that this repository bans, and what to use instead.
struct TidyRule: Sendable, CustomTestStringConvertible {
  let name: String
  let instead: String
  /// Which files it is about.
  let applies: @Sendable (SourceText) -> Bool
  /// The lines, from 1, that break it.
  let find: @Sendable (SourceText) -> [Int]
  /// Breaks the rule once, on its last line that is not blank.
  let planted: SourceText
  /// Come near, but keep it.
  let innocent: [SourceText]

  var testDescription: String { name }

  func violations(in source: SourceText) -> [Violation] {
    guard applies(source) else { return [] }
    return find(source).map {
      Violation(path: source.path, line: $0, rule: name, instead: instead)
    }
  }
}

struct Violation: Equatable, CustomStringConvertible {
  let path: String
  let line: Int
  let rule: String
  let instead: String

  var description: String { "\(path):\(line): \(rule); use \(instead)" }
}

/// Everything that the rules find in one file.
func violations(in source: SourceText, rules: [TidyRule] = TidyRule.all) -> [Violation] {
  rules.flatMap { $0.violations(in: source) }
}

extension TidyRule {
  /// Bans a regular expression in the code of Swift files.
  static func code(
    _ name: String, _ pattern: String, instead: String,
    where applies: @escaping @Sendable (SourceText) -> Bool = { _ in true },
    planted: (path: String, text: String), innocent: [(path: String, text: String)]
  ) -> TidyRule {
    TidyRule(
      name: name, instead: instead,
      applies: { $0.path.hasSuffix(".swift") && applies($0) },
      find: { $0.code.lines(matching: pattern) },
      planted: SourceText(path: planted.path, text: planted.text),
      innocent: innocent.map { SourceText(path: $0.path, text: $0.text) })
  }

  /// Bans a regular expression in the whole text of any file.
  static func text(
    _ name: String, _ pattern: String, instead: String,
    where applies: @escaping @Sendable (SourceText) -> Bool = { _ in true },
    planted: (path: String, text: String), innocent: [(path: String, text: String)]
  ) -> TidyRule {
    TidyRule(
      name: name, instead: instead,
      applies: { applies($0) },
      find: { $0.text.lines(matching: pattern) },
      planted: SourceText(path: planted.path, text: planted.text),
      innocent: innocent.map { SourceText(path: $0.path, text: $0.text) })
  }
}

/// One option of a command; parsing and help are made from the same table.
struct Option: Sendable {
  let name: String
  /// What its value is called in the help; nil for a switch.
  let value: String?
  let help: String
  var isRepeatable = false
}

/// Options and operands by the GNU conventions: `--name value`, `--name=value`, `--` ends the
/// options, `-` is an operand, options and operands may be mixed.
struct Arguments: Sendable {
  private(set) var operands: [String] = []
  private var values: [String: [String]] = [:]

  init(parsing words: [String], by options: [Option], command: String) throws(UsageError) {
    var rest = words[...]
    var optionsEnded = false
    while let word = rest.popFirst() {
      if word == "--" && !optionsEnded {
        optionsEnded = true
      } else if optionsEnded || word == "-" || !word.hasPrefix("-") {
        operands.append(word)
      } else {
        try take(word, &rest, options, command)
      }
    }
  }

  func isGiven(_ name: String) -> Bool { values[name] != nil }

  /// The value of an option that is given once at most.
  func value(_ name: String) -> String? { values[name]?.last }

  func all(_ name: String) -> [String] { values[name] ?? [] }

  private mutating func take(
    _ word: String, _ rest: inout ArraySlice<String>, _ options: [Option], _ command: String
  ) throws(UsageError) {
    let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0])
    guard let option = options.first(where: { $0.name == name }) else {
      throw .unknownOption(
        name, command: command, suggestion: Spelling.nearest(to: name, in: options.map(\.name)))
    }
    let attached = parts.count > 1 ? String(parts[1]) : nil
    if values[name] != nil && !option.isRepeatable { throw .repeatedOption(name) }
    guard let valueName = option.value else {
      guard attached == nil else { throw .unexpectedValue(name) }
      values[name] = [""]
      return
    }
    guard let value = attached ?? rest.popFirst() else {
      throw .missingValue(name, expected: valueName)
    }
    values[name, default: []].append(value)
  }
}

/// What is wrong with a command line, worded in one place.
enum UsageError: Error, Equatable, CustomStringConvertible {
  case noCommand
  case unknownCommand(String, suggestion: String?)
  case unknownOption(String, command: String, suggestion: String?)
  case repeatedOption(String)
  case missingValue(String, expected: String)
  case unexpectedValue(String)
  case invalidValue(String, String, expected: String)
  case conflict(String, String)

  var description: String {
    switch self {
    case .noCommand:
      "no command given; try \"relmon --help\""
    case .unknownCommand(let name, let suggestion):
      "unknown command \"\(name)\"" + Self.didYouMean(suggestion, else: "relmon --help")
    case .unknownOption(let name, let command, let suggestion):
      "unknown option \"\(name)\""
        + Self.didYouMean(suggestion, else: "relmon \(command) --help")
    case .repeatedOption(let name):
      "option \"\(name)\" may be given once only"
    case .missingValue(let name, let expected):
      "option \"\(name)\" needs a value: \(expected)"
    case .unexpectedValue(let name):
      "option \"\(name)\" takes no value"
    case .invalidValue(let name, let value, let expected):
      "option \"\(name)\": \"\(value)\" is not \(expected)"
    case .conflict(let one, let other):
      "options \"\(one)\" and \"\(other)\" exclude each other"
    }
  }

  private static func didYouMean(_ suggestion: String?, else help: String) -> String {
    suggestion.map { "; did you mean \"\($0)\"?" } ?? "; try \"\(help)\""
  }
}

/// Finds what a misspelt word was meant to be.
enum Spelling: Sendable {
  /// The nearest of the words, if it is near: a third of the letters may be wrong.
  static func nearest(to word: String, in words: [String]) -> String? {
    let distances = words.map { (word: $0, distance: distance(word, $0)) }
    guard let best = distances.min(by: { $0.distance < $1.distance }),
      best.distance <= max(1, word.count / 3)
    else { return nil }
    return best.word
  }

  /// Insertions, deletions and substitutions from one word to the other (Levenshtein 1965).
  static func distance(_ one: String, _ other: String) -> Int {
    let columns = Array(other)
    var row = Array(0...columns.count)
    for (index, character) in one.enumerated() {
      var diagonal = row[0]
      row[0] = index + 1
      for (column, target) in columns.enumerated() {
        let substituted = diagonal + (character == target ? 0 : 1)
        diagonal = row[column + 1]
        row[column + 1] = min(substituted, diagonal + 1, row[column] + 1)
      }
    }
    return row[columns.count]
  }
}

/// What is wrong with a command line, worded in one place.
public enum UsageError: Error, Equatable, CustomStringConvertible {
  case noCommand(program: String)
  case unknownCommand(String, program: String, suggestion: String?)
  case unknownOption(String, command: String, suggestion: String?)
  case repeatedOption(String)
  case missingValue(String, expected: String)
  case unexpectedValue(String)
  case invalidValue(String, String, expected: String)
  /// A value that its own type refused, in that type's words.
  case unusableValue(String, cause: String)
  case conflict(String, String)
  /// An option that says nothing without another.
  case needs(String, String)
  case repeatedValue(String, String)
  case missingOption(String, cause: String)
  case unexpectedOperand(String)
  case missingOperand(String, of: [String])
  case unknownOperand(String, of: [String])

  public var description: String {
    switch self {
    case .noCommand(let program):
      "no command given; try \"\(program) --help\""
    case .unknownCommand(let name, let program, let suggestion):
      "unknown command \"\(name)\"" + Self.didYouMean(suggestion, else: "\(program) --help")
    case .unknownOption(let name, let command, let suggestion):
      "unknown option \"\(name)\""
        + Self.didYouMean(suggestion, else: "\(command) --help")
    case .repeatedOption(let name):
      "option \"\(name)\" may be given once only"
    case .missingValue(let name, let expected):
      "option \"\(name)\" needs a value: \(expected)"
    case .unexpectedValue(let name):
      "option \"\(name)\" takes no value"
    case .invalidValue(let name, let value, let expected):
      "option \"\(name)\": \"\(value)\" is not \(expected)"
    case .unusableValue(let name, let cause):
      "option \"\(name)\": \(cause)"
    case .conflict(let one, let other):
      "options \"\(one)\" and \"\(other)\" exclude each other"
    case .needs(let name, let other):
      "option \"\(name)\" needs \"\(other)\""
    case .repeatedValue(let name, let value):
      "option \"\(name)\": \"\(value)\" is given twice"
    case .missingOption(let name, let cause):
      "option \"\(name)\" is missing: \(cause)"
    case .unexpectedOperand(let word):
      "unexpected argument \"\(word)\""
    case .missingOperand(let name, let words):
      "\(name) is missing: \(words.joined(separator: ", "))"
    case .unknownOperand(let word, let words):
      "\"\(word)\" is not one of \(words.joined(separator: ", "))"
        + (Spelling.nearest(to: word, in: words).map { "; did you mean \"\($0)\"?" } ?? "")
    }
  }

  private static func didYouMean(_ suggestion: String?, else help: String) -> String {
    suggestion.map { "; did you mean \"\($0)\"?" } ?? "; try \"\(help)\""
  }
}

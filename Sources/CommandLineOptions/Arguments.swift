/// One option of a command; parsing and help are made from the same table.
public struct Option: Sendable {
  /// With its dashes: `--week`.
  public let name: String
  /// What its value is called in the help; nil for a switch.
  public let value: String?
  public let help: String
  public let isRepeatable: Bool
  public let values: Values

  /// What a shell offers for the value; what is accepted, the command says.
  public enum Values: Sendable {
    case anything
    case files
    case words([String])
  }

  public init(
    name: String, value: String?, help: String, isRepeatable: Bool = false,
    values: Values = .anything
  ) {
    self.name = name
    self.value = value
    self.help = help
    self.isRepeatable = isRepeatable
    self.values = values
  }

  public static let help = Option(name: "--help", value: nil, help: "show this help")

  /// The options as lines of a help text, indented by two spaces.
  public static func table(_ options: [Option]) -> String {
    let left = options.map { $0.name + ($0.value.map { " " + $0 } ?? "") }
    let width = (left.map(\.count).max() ?? 0) + 2
    return zip(left, options).map { left, option in
      "  " + left + String(repeating: " ", count: width - left.count) + option.help + "\n"
    }.joined()
  }
}

/// Options and operands by the GNU conventions: `--name value`, `--name=value`, `--` ends the
/// options, `-` is an operand, options and operands may be mixed.
///
/// `-h` is `--help`.
public struct Arguments: Sendable {
  public private(set) var operands: [String] = []
  private var values: [String: [String]] = [:]

  /// - Parameter command: what to type for help, such as `relmon report`.
  public init(
    parsing words: [String], by options: [Option], command: String
  ) throws(UsageError) {
    let options = options + [Option.help]
    var rest = words[...]
    var optionsEnded = false
    while let word = rest.popFirst() {
      if word == "--" && !optionsEnded {
        optionsEnded = true
      } else if optionsEnded || word == "-" || !word.hasPrefix("-") {
        operands.append(word)
      } else {
        try take(word == "-h" ? Option.help.name : word, &rest, options, command)
      }
    }
  }

  public func isGiven(_ name: String) -> Bool { values[name] != nil }

  /// The value of an option that is given once at most.
  public func value(_ name: String) -> String? { values[name]?.last }

  public func all(_ name: String) -> [String] { values[name] ?? [] }

  /// A whole number in decimal digits.
  public func number<Number: FixedWidthInteger>(
    _ name: String, as type: Number.Type = Number.self
  ) throws(UsageError) -> Number? {
    guard let text = value(name) else { return nil }
    // The initialiser also reads a sign.
    let isPlain = text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    guard isPlain, let number = Number(text) else {
      throw .invalidValue(name, text, expected: "a whole number from 0 to \(Number.max)")
    }
    return number
  }

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

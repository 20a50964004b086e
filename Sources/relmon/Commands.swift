import AttemptLog
import CommandLineOptions

/// A command of the tool; dispatch and help are made from the same table.
struct Command: Sendable {
  let name: String
  let summary: String
  let options: [Option]
  let example: String
  let run: @Sendable (Arguments) throws -> ExitCode

  static let all: [Command] = [.serve, .metrics, .report, .verify]

  static func find(_ name: String) throws(UsageError) -> Command {
    guard let command = all.first(where: { $0.name == name }) else {
      throw .unknownCommand(
        name, program: "relmon", suggestion: Spelling.nearest(to: name, in: all.map(\.name)))
    }
    return command
  }

  /// `relmon COMMAND --help`.
  var help: String {
    """
    usage: relmon \(name) [OPTION…] [LOG…]

    \(summary)

    LOG is a file, plain or .gz, a directory of segments, or several of them; without it
    $RELMON_LOG, else attempts.jsonl in the current directory.

    options:
    \(Option.table(options + [.help]))
    example:
      \(example)

    """
  }

  /// `relmon --help`.
  static var overview: String {
    let width = (all.map(\.name.count).max() ?? 0) + 2
    let lines = all.map {
      "  " + $0.name + String(repeating: " ", count: width - $0.name.count) + $0.summary
    }
    return """
      usage: relmon COMMAND [OPTION…] [LOG…]

      Tells from the attempt log of an API client whether its retries help.

      commands:
      \(lines.joined(separator: "\n"))

      "relmon COMMAND --help" tells the options of a command; "relmon --version" the version.

      """
  }
}

extension Option {
  static let format = Option(
    name: "--format", value: "FORMAT", help: "text (default) or json")
  static let now = Option(
    name: "--now", value: "TIME",
    help: "the present time, so that output can be repeated (RFC 3339)")
  static let objective = Option(
    name: "--slo", value: "PERCENT", help: "objective of the operation success rate, such as 99.5")
  static let strict = Option(
    name: "--strict", value: nil, help: "exit with 3 if lines were rejected or are missing")
}

extension Arguments {
  /// The time given with `--now`, or that of the clock.
  func now() throws(UsageError) -> Timestamp {
    guard let text = value("--now") else { return Timestamp.now() }
    guard let time = Timestamp(rfc3339: text) else {
      throw .invalidValue("--now", text, expected: "an RFC 3339 time: 2026-11-23T00:00:00Z")
    }
    return time
  }

  /// The fraction given as a percentage with `--slo`.
  func objective() throws(UsageError) -> Double? {
    guard let text = value("--slo") else { return nil }
    let isDecimal = text.utf8.allSatisfy { byte in
      byte == UInt8(ascii: ".") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
    // The shifted text, not the quotient: 99.9 / 100 is not the double that 0.999 is.
    guard isDecimal, let fraction = Double(text + "e-2"), fraction > 0, fraction <= 1 else {
      throw .invalidValue("--slo", text, expected: "a percentage above 0 and at most 100: 99.5")
    }
    return fraction
  }

  /// What is asked for with `--format`.
  func format() throws(UsageError) -> OutputFormat {
    guard let name = value("--format") else { return .text }
    guard let format = OutputFormat(rawValue: name) else {
      throw .invalidValue("--format", name, expected: "text or json")
    }
    return format
  }
}

/// For people or for machines.
enum OutputFormat: String {
  case text, json
}

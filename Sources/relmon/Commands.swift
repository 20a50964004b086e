import AttemptLog
import CommandLineOptions

/// A command of the tool; dispatch and help are made from the same table.
struct Command: Sendable {
  let name: String
  let summary: String
  var operands = ToolDescription.Operands.files("LOG…")
  let options: [Option]
  let example: String
  /// Tells why the command could not do its work; nil if that is a line on standard error and the exit
  /// code of the cause.
  var refuse: (@Sendable (_ cause: String) -> ExitCode)?
  let run: @Sendable (Arguments) throws -> ExitCode

  static let all: [Command] = [
    .serve, .metrics, .report, .check, .tail, .verify, .completions, .manual,
  ]

  static func find(_ name: String) throws(UsageError) -> Command {
    guard let command = all.first(where: { $0.name == name }) else {
      if name.hasPrefix("-") {
        let options = ["--help", "--version"]
        throw .unknownOption(
          name, command: "relmon", suggestion: Spelling.nearest(to: name, in: options))
      }
      throw .unknownCommand(
        name, program: "relmon", suggestion: Spelling.nearest(to: name, in: all.map(\.name)))
    }
    return command
  }

  /// `relmon COMMAND --help`.
  var help: String {
    """
    usage: relmon \(name) [OPTION…]\(operands.synopsis)

    \(summary)
    \(operandsHelp)
    options:
    \(Option.table(options + [.help]))
    example:
      \(example)

    """
  }

  private var operandsHelp: String {
    switch operands {
    case .none: ""
    case .files:
      """

      LOG is a file, plain or .gz, a directory of segments, or several of them; without it
      $RELMON_LOG, else attempts.jsonl in the current directory.

      """
    case .word(let name, let words): "\n\(name) is one of \(words.joined(separator: ", ")).\n"
    }
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

      "relmon help COMMAND" tells the options of a command; "relmon --version" the version.

      """
  }
}

extension Option {
  static let format = Option(
    name: "--format", value: "FORMAT", help: "text (default) or json",
    values: .words(OutputFormat.allCases.map(\.rawValue)))
  static let now = Option(
    name: "--now", value: "TIME",
    help: "the present time, so that output can be repeated (RFC 3339)")
  static let objective = Option(
    name: "--slo", value: "PERCENT", help: "objective of the operation success rate: 99.5 (default)"
  )
  /// Of what is only exported: without it the rules for Prometheus take the usual one.
  static let exportedObjective = Option(
    name: "--slo", value: "PERCENT",
    help: "objective of the operation success rate, for the alerts, which without it take 99.5")
  static let strict = Option(
    name: "--strict", value: nil, help: "exit with 3 if the log is not whole")
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
    guard isDecimal, let fraction = Double(text + "e-2"), fraction >= 0.01, fraction <= 1 else {
      // A fraction such as 0.995 would be an objective that nothing misses.
      throw .invalidValue("--slo", text, expected: "a percentage from 1 to 100: 99.5")
    }
    return fraction
  }

  /// The seconds of `2w`, `7d`, `12h` or `30m`; nil if it is no such span.
  static func seconds(ofSpan text: String) -> Int64? {
    let units: [Character: Int64] = ["w": 604_800, "d": 86_400, "h": 3600, "m": 60]
    guard let unit = text.last.flatMap({ units[$0] }), let count = UInt16(text.dropLast()) else {
      return nil
    }
    return Int64(count) * unit
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
enum OutputFormat: String, CaseIterable {
  case text, json
}

import AttemptLog
import CommandLineOptions

// Texts that are made from the table of commands.
extension Command {
  static let completions = Command(
    name: "completions",
    summary: "Prints what a shell reads to complete commands, options and their values.",
    operands: .word("SHELL", of: Shell.allCases.map(\.rawValue)),
    options: [],
    example: "relmon completions bash > /etc/bash_completion.d/relmon"
  ) { arguments in
    let expected = Shell.allCases.map(\.rawValue)
    guard let name = arguments.operands.first else {
      throw UsageError.missingOperand("SHELL", of: expected)
    }
    guard arguments.operands.count == 1 else {
      throw UsageError.unexpectedOperand(arguments.operands[1])
    }
    guard let shell = Shell(rawValue: name) else {
      throw UsageError.unknownOperand(name, of: expected)
    }
    try Output.write(Array(tool.completions(for: shell).utf8))
    return .ok
  }

  static let manual = Command(
    name: "manual",
    summary: "Prints the manual page, relmon(1).",
    operands: .none,
    options: [],
    example: "relmon manual > /usr/local/share/man/man1/relmon.1"
  ) { arguments in
    if let word = arguments.operands.first { throw UsageError.unexpectedOperand(word) }
    try Output.write(Array(tool.manualPage.utf8))
    return .ok
  }
}

extension Command {
  fileprivate var description: ToolDescription.Command {
    .init(name: name, summary: summary, operands: operands, options: options, example: example)
  }

  private static func terms(
    _ meanings: [(code: ExitCode, meaning: String)]
  ) -> [(String, String)] {
    meanings.map { (String($0.code.rawValue), $0.meaning) }
  }

  fileprivate static let tool = ToolDescription(
    name: "relmon", version: relmonVersion,
    summary: "Tells from the attempt log of an API client whether its retries help.",
    commands: all.map(\.description),
    sections: [
      .init(
        title: "Logs",
        text: """
          LOG is a file, plain or compressed (.gz), a directory of segments (attempts.jsonl with \
          rotated attempts.000001.jsonl, …), or several of them. What reads to the end also takes - \
          for standard input.
          """),
      .init(
        title: "Exit status",
        terms: terms(ExitCode.meanings)),
      .init(title: "Exit status of check", terms: terms(ExitCode.meaningsOfCheck)),
      .init(
        title: "Environment",
        terms: [
          ("RELMON_LOG", "The log without LOG; else attempts.jsonl in the current directory."),
          ("NO_COLOR", "If it is set, nothing is coloured."),
          ("TERM", "If it is dumb, nothing is coloured either."),
          ("COLUMNS", "The width of the output, else that of the terminal."),
        ]),
      .init(
        title: "Files",
        terms: [
          (
            "LOG.relmon-state",
            "What relmon serve knows, so that its counters survive a restart; with LOG.relmon-state"
              + ".previous, the generation before, and .lock. In a directory attempts.relmon-state."
          ),
          (
            "LOG.relmon-alerts",
            "What relmon check told an Alertmanager. In a directory attempts.relmon-alerts."
          ),
        ]),
    ])
}

/// What the exit status of `relmon` means.
enum ExitCode: Int32 {
  case ok = 0
  /// A gate or a check failed.
  case checkFailed = 1
  /// Unknown command or option, or a value that is none.
  case usage = 2
  /// The log is not whole; only with `--strict`.
  case incomplete = 3
  /// Nothing happened in the window.
  case noData = 4
  case inputOutput = 5

  /// Those of `check` are those of a Nagios plugin, which has no other and for which 2 is no mistake
  /// in the command line.
  static let checkWarning = checkFailed
  static let checkCritical = usage
  static let checkUnknown = incomplete

  /// For the manual page.
  static let meanings: [(code: ExitCode, meaning: String)] = [
    (.ok, "Fine."),
    (.checkFailed, "A gate or a check failed."),
    (.usage, "The command line is wrong."),
    (
      .incomplete,
      "Lines of the log were rejected or are missing, or may be; only with --strict."
    ),
    (.noData, "Nothing happened in the window."),
    (.inputOutput, "A file, a port or an output could not be used."),
  ]

  /// The same for `check`.
  static let meaningsOfCheck: [(code: ExitCode, meaning: String)] = [
    (.ok, "Nothing is wrong."),
    (.checkWarning, "The worst finding is a warning."),
    (.checkCritical, "A finding is critical."),
    (.checkUnknown, "The log has no data or cannot be read, or the command line is wrong."),
  ]
}

/// Why a command ends early; the message is one line for standard error.
struct Failure: Error {
  let code: ExitCode
  let message: String

  static func inputOutput(_ error: some Error & CustomStringConvertible) -> Failure {
    Failure(code: .inputOutput, message: error.description)
  }
}

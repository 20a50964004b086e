/// What the exit status of `relmon` means.
enum ExitCode: Int32 {
  case ok = 0
  /// A gate or a check failed.
  case checkFailed = 1
  /// Unknown command or option, or a value that is none.
  case usage = 2
  /// Lines were rejected or are missing; only with `--strict`.
  case incomplete = 3
  /// Nothing happened in the window.
  case noData = 4
  case inputOutput = 5
}

/// Why a command ends early; the message is one line for standard error.
struct Failure: Error {
  let code: ExitCode
  let message: String

  static func inputOutput(_ error: some Error & CustomStringConvertible) -> Failure {
    Failure(code: .inputOutput, message: error.description)
  }
}

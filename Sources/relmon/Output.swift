import AttemptLog
import Glibc
import Report

/// Data on standard output, diagnostics on standard error.
enum Output: Sendable {
  /// Writes all bytes; a reader that went away ends the program quietly.
  static func write(_ bytes: [UInt8]) throws(Failure) {
    var written = 0
    while written < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { buffer in
        unsafe Glibc.write(
          STDOUT_FILENO, buffer.baseAddress?.advanced(by: written), buffer.count - written)
      }
      if count >= 0 {
        written += count
      } else if errno == EPIPE {
        exit(ExitCode.ok.rawValue)
      } else if errno != EINTR {
        throw Failure(
          code: .inputOutput,
          message:
            "cannot write standard output: \(SystemError.text(errno)) (write, errno \(errno))")
      }
    }
  }

  /// Whether whoever read standard output is gone.
  static var isClosed: Bool {
    var output = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
    return unsafe poll(&output, 1, 0) > 0 && output.revents & Int16(POLLERR) != 0
  }

  /// One line on standard error, with control characters made visible.
  static func diagnose(_ message: String) {
    // The progress of a reading may stand there.
    let begin = Terminal.error.isSteerable ? Progress.erasing : ""
    writeToStandardError("\(begin)relmon: \(TerminalText.visible(message))\n")
  }

  static func writeToStandardError(_ text: String) {
    // Nobody is left to tell if this fails.
    _ = unsafe Array(text.utf8).withUnsafeBytes {
      unsafe Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count)
    }
  }
}

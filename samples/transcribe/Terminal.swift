import Glibc

/// The standard streams, and what may be shown on them.
enum Terminal {
  struct WriteFailure: Error {
    let errno: Int32
  }

  /// Writes everything to standard output.
  static func write(_ text: String) throws(WriteFailure) {
    try write(text, to: STDOUT_FILENO)
  }

  /// A line on standard error; nobody is left to tell if this fails.
  static func complain(_ message: String) {
    try? write("transcribe: \(visible(message))\n", to: STDERR_FILENO)
  }

  private static func write(_ text: String, to descriptor: Int32) throws(WriteFailure) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
      }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno != EINTR {
        throw WriteFailure(errno: errno)
      }
    }
  }

  /// CWE-150: what a provider sends must not steer the terminal, nor turn its text around.
  static func visible(_ text: String) -> String {
    var shown = ""
    for scalar in text.unicodeScalars {
      let isControl = scalar.properties.generalCategory == .control && scalar != "\n"
      let turns =
        (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
      if isControl || turns {
        shown += scalar.escaped(asASCII: true)
      } else {
        shown.unicodeScalars.append(scalar)
      }
    }
    return shown
  }
}

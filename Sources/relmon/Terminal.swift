import Glibc

/// A standard stream that may be a terminal.
struct Terminal {
  let descriptor: Int32

  static let output = Terminal(descriptor: STDOUT_FILENO)
  static let error = Terminal(descriptor: STDERR_FILENO)

  /// Of a terminal that does not say how wide it is.
  static let columnsUsual = 80

  var isThere: Bool { isatty(descriptor) == 1 }

  /// It is one that moves its cursor when told to.
  var isSteerable: Bool {
    guard isThere, let kind = Self.variable("TERM") else { return false }
    return kind != "dumb"
  }

  /// See no-color.org: whoever sets `NO_COLOR` to anything wants none.
  var isColoured: Bool { isSteerable && Self.variable("NO_COLOR") == nil }

  /// As `$COLUMNS` says, else the terminal itself; nil if it is none.
  var columns: Int? {
    if let columns = Self.variable("COLUMNS").flatMap({ Int($0) }), columns > 0 { return columns }
    guard isThere else { return nil }
    var size = winsize()
    guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
      return Self.columnsUsual
    }
    return Int(size.ws_col)
  }

  /// Of the environment; an empty one is none.
  private static func variable(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    let text = unsafe String(cString: value)
    return text.isEmpty ? nil : text
  }
}

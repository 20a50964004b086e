import Glibc

/// Where a writer's log is: its directory, found once, and the name of the active file in it.
struct LogPlace: Sendable {
  /// Absolute and without symbolic links, so that neither chdir(2) nor a new link moves the log.
  let directory: String
  let name: String
  /// The log was given as a directory: it is the writers' to rotate.
  let isDirectory: Bool

  var path: String { Self.join(directory, name) }

  /// A path that ends with `/` or names a directory is one; it is created if it is missing.
  ///
  /// Every directory on the way must be safe: if others may write to one, it must be sticky, and
  /// that of the log ours as well; otherwise somebody could put a file of theirs in our way
  /// (`O_NOFOLLOW` guards the last component only).
  init(path: String) throws(LogWriterError) {
    isDirectory = try Self.isDirectory(path)
    let given = isDirectory ? path : Self.parent(of: path)
    guard let resolved = unsafe realpath(given, nil) else {
      throw .systemCall(path: path, call: "open", errno: errno)
    }
    defer { unsafe free(resolved) }
    directory = unsafe String(cString: resolved)
    name =
      isDirectory ? LogLocation.activeName : String(path.split(separator: "/").last ?? "")
    guard !name.isEmpty else { throw .systemCall(path: path, call: "open", errno: ENOENT) }
    try Self.check(directory)
  }

  static func join(_ directory: String, _ name: String) -> String {
    directory == "/" ? "/" + name : directory + "/" + name
  }

  func file(_ name: String) -> String {
    Self.join(directory, name)
  }

  private static func isDirectory(_ path: String) throws(LogWriterError) -> Bool {
    var status = stat()
    if unsafe stat(path, &status) == 0 { return status.st_mode & S_IFMT == S_IFDIR }
    guard errno == ENOENT, path.hasSuffix("/") else { return false }
    // Another process may have been faster.
    guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else {
      throw .systemCall(path: path, call: "mkdir", errno: errno)
    }
    return true
  }

  static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func check(_ directory: String) throws(LogWriterError) {
    var path = directory
    while true {
      var status = stat()
      guard unsafe stat(path, &status) == 0 else {
        throw .systemCall(path: path, call: "stat", errno: errno)
      }
      let isSticky = status.st_mode & S_ISVTX != 0
      let isSafe = isSticky && (path != directory || status.st_uid == geteuid())
      guard status.st_mode & S_IWOTH == 0 || isSafe else {
        throw .unsafeDirectory(path: path)
      }
      if path == "/" { return }
      path = parent(of: path)
    }
  }
}

import Glibc

/// A log file that is open for appending: a regular file with one name, owned by us.
struct AppendFile {
  let descriptor: CInt
  /// Whether this call created the file, with its first line.
  let isNew: Bool
  /// Whether the next byte begins a line; false if that cannot be known.
  let endsWithNewline: Bool
  /// In bytes.
  let size: Int64

  /// How often opening is tried while other processes create, link or remove the file.
  static let triesMax = 1000

  private static let appendFlags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK

  /// Opens the active file of a log, or creates it with the line that `firstLine` gives.
  ///
  /// `O_CREAT` is not among the flags: a file that does not exist is made elsewhere with its first
  /// line in it and gets its name by link(2), so that of several processes one creates it and no
  /// process sees it empty.
  static func open(
    at path: String, permissions: LogPermissions, temporaryName: String,
    firstLine: () throws(LogWriterError) -> [UInt8]
  ) throws(LogWriterError) -> AppendFile {
    var refusal = LogWriterError.systemCall(path: path, call: "open", errno: ENOENT)
    for _ in 0..<triesMax {
      do throws(LogWriterError) {
        return try existing(at: path)
      } catch .systemCall(_, _, ENOENT) {
        let new = NewAppendFile(path: path, permissions: permissions, temporaryName: temporaryName)
        if let file = try new.create(firstLine: firstLine()) { return file }
      } catch .severalNames(_, let count) {
        // Two names may be a file in the making, none a file just removed.
        refusal = .severalNames(path: path, count: count)
        sched_yield()
      }
    }
    throw refusal
  }

  func close() {
    Glibc.close(descriptor)
  }

  private static func existing(at path: String) throws(LogWriterError) -> AppendFile {
    let descriptor = unsafe Glibc.open(path, appendFlags)
    guard descriptor >= 0 else {
      // The errno of a FIFO without a reader (ENXIO) or of a link (ELOOP) names no cause.
      let error = errno
      if let kind = kind(of: path) { throw .notRegularFile(path: path, kind: kind) }
      throw .systemCall(path: path, call: "open", errno: error)
    }
    do throws(LogWriterError) {
      let status = try checkedStatus(of: descriptor, path: path)
      return AppendFile(
        descriptor: descriptor, isNew: false,
        endsWithNewline: status.st_size == 0 || lastByteIsNewline(of: path, status),
        size: Int64(status.st_size))
    } catch {
      Glibc.close(descriptor)
      throw error
    }
  }

  private static func kind(of path: String) -> FileKind? {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { return nil }
    return FileKind(mode: status.st_mode)
  }

  static func checkedStatus(
    of descriptor: CInt, path: String
  ) throws(LogWriterError) -> stat {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      throw .systemCall(path: path, call: "fstat", errno: errno)
    }
    if let kind = FileKind(mode: status.st_mode) {
      throw .notRegularFile(path: path, kind: kind)
    }
    guard status.st_uid == geteuid() else {
      throw .foreignOwner(path: path, owner: status.st_uid)
    }
    guard status.st_nlink == 1 else {
      throw .severalNames(path: path, count: Int(status.st_nlink))
    }
    return status
  }

  /// The log is open for writing alone, so its end is read through a second descriptor.
  private static func lastByteIsNewline(of path: String, _ written: stat) -> Bool {
    let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else { return false }
    defer { Glibc.close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0,
      status.st_dev == written.st_dev, status.st_ino == written.st_ino
    else { return false }
    var byte: UInt8 = 0
    return unsafe pread(descriptor, &byte, 1, status.st_size - 1) == 1
      && byte == UInt8(ascii: "\n")
  }
}

/// A log file in the making.
struct NewAppendFile {
  let path: String
  let permissions: LogPermissions
  let temporaryName: String

  /// `__O_TMPFILE | O_DIRECTORY` of <fcntl.h>, which Swift does not import.
  private static let withoutName: CInt = 0o20_000_000 | O_DIRECTORY

  /// Creates the file complete with its first line; nil if another process was faster.
  func create(firstLine: [UInt8]) throws(LogWriterError) -> AppendFile? {
    if let file = try createUnnamed(firstLine: firstLine) { return file }
    return try createNamed(firstLine: firstLine)
  }

  /// Links a file that has had no name (open(2), `O_TMPFILE`): a kill leaves nothing behind.
  ///
  /// Nil if the file system or a missing /proc does not allow it, or if the name is taken.
  func createUnnamed(firstLine: [UInt8]) throws(LogWriterError) -> AppendFile? {
    let flags = O_WRONLY | O_APPEND | O_CLOEXEC | Self.withoutName
    let descriptor = unsafe Glibc.open(directory, flags, 0o600)
    guard descriptor >= 0 else { return nil }
    return try finish(descriptor, firstLine) { () throws(LogWriterError) in
      let source = "/proc/self/fd/\(descriptor)"
      return unsafe linkat(AT_FDCWD, source, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0
    }
  }

  /// Links a file with a temporary name, which is then removed.
  ///
  /// For a moment the log has two names; a process that opens it then tries again.
  func createNamed(firstLine: [UInt8]) throws(LogWriterError) -> AppendFile? {
    let temporary = directory + "/" + temporaryName
    let flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_CREAT | O_EXCL
    let descriptor = unsafe Glibc.open(temporary, flags, 0o600)
    guard descriptor >= 0 else { throw .systemCall(path: path, call: "open", errno: errno) }
    defer { unsafe unlink(temporary) }
    return try finish(descriptor, firstLine) { () throws(LogWriterError) in
      if unsafe link(temporary, path) == 0 { return true }
      if errno == EEXIST { return false }
      throw .systemCall(path: path, call: "link", errno: errno)
    }
  }

  private var directory: String { LogPlace.parent(of: path) }

  /// Gives the file its mode, whatever the umask, its first line, and then its name.
  private func finish(
    _ descriptor: CInt, _ firstLine: [UInt8], link: () throws(LogWriterError) -> Bool
  ) throws(LogWriterError) -> AppendFile? {
    do throws(LogWriterError) {
      guard fchmod(descriptor, permissions.mode) == 0 else {
        throw .systemCall(path: path, call: "fchmod", errno: errno)
      }
      let written = SizeLimitSignal.held {
        unsafe firstLine.withUnsafeBytes { bytes in
          unsafe write(descriptor, bytes.baseAddress, bytes.count)
        }
      }
      guard written == firstLine.count else {
        // Only the full disk or the size limit cuts a first line short.
        throw .systemCall(path: path, call: "write", errno: written < 0 ? errno : ENOSPC)
      }
      if try link() {
        return AppendFile(
          descriptor: descriptor, isNew: true, endsWithNewline: true, size: Int64(written))
      }
    } catch {
      Glibc.close(descriptor)
      throw error
    }
    Glibc.close(descriptor)
    return nil
  }
}

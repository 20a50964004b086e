import Glibc

extension LogWriter {
  public struct Configuration: Sendable {
    /// When `record` returns.
    public var mode = Mode.direct
    /// What may wait for the writer's thread, in bytes; more is dropped.
    public var queueBytesMax = 16 << 20
    /// When the active file of a directory becomes a segment; a log that is a single file is never
    /// rotated by us.
    public var rotation = Rotation()
    /// Which segments of a directory are deleted.
    public var retention = Retention()
    /// Whether what is written is also brought to the disk, by fdatasync(2) in groups that are at
    /// most `LogWriter.syncInterval` apart; needs a directory.
    public var syncs = false
    /// Of a new file, whatever the umask; the mode of an existing file stays.
    public var permissions = LogPermissions.owner
    /// Told in `writer_start`.
    public var version: String? = relmonVersion
    /// Told in `writer_start`: by default the name of the running program.
    public var process: String? = Self.programName
    /// Told in `writer_start`: where the process runs, and its id there.
    public var host: String? = LogWriter.host()
    public var pid = Int64(getpid())
    /// The wall clock.
    ///
    /// It is read while the writer's lock is held: it must not record.
    public var now: @Sendable () -> Timestamp = { .now() }
    /// Gets what an operator should know and no caller can act on, each text once; by default it
    /// goes to standard error.
    ///
    /// It is called on the writer's thread, or by `LogWriter.init`: it must not record.
    public var warn: @Sendable (LogWriterWarning) -> Void = { $0.print() }

    public init() {}

    private static var programName: String? {
      CommandLine.arguments.first?.split(separator: "/").last.map(String.init)
    }
  }

  /// When a record counts as recorded.
  public enum Mode: Sendable {
    /// The line has been handed to the kernel when `record` returns: a killed process loses nothing
    /// that was recorded.
    case direct
    /// The line waits for the writer's thread, some 10 ms at most; a killed process loses what
    /// waits. For callers that record some 100,000 times a second.
    case buffered
  }

  public struct Rotation: Sendable {
    /// In bytes; the file grows beyond by what is written until its size is noticed.
    public var bytesMax: Int64? = 64 << 20
    /// Since the time of its first line.
    public var ageMax: Duration?

    public init(bytesMax: Int64? = 64 << 20, ageMax: Duration? = nil) {
      self.bytesMax = bytesMax
      self.ageMax = ageMax
    }
  }

  /// What is kept; segments younger than a minute always are.
  public struct Retention: Sendable {
    /// Of all files together, in bytes; nil keeps everything.
    public var bytesMax: Int64? = 4 << 30
    /// Since a segment was last written to; nil keeps everything.
    ///
    /// At most one segment an hour is
    /// deleted by age, so that a wrong clock does not empty the log.
    public var ageMax: Duration?

    public init(bytesMax: Int64? = 4 << 30, ageMax: Duration? = nil) {
      self.bytesMax = bytesMax
      self.ageMax = ageMax
    }
  }

  static func host() -> String? {
    // HOST_NAME_MAX is 64 on Linux.
    var name = [CChar](repeating: 0, count: 65)
    guard unsafe gethostname(&name, name.count - 1) == 0 else { return nil }
    return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}

/// Who may read a log file that is created.
public enum LogPermissions: Sendable {
  case owner
  case ownerAndGroup

  var mode: mode_t {
    switch self {
    case .owner: 0o600
    case .ownerAndGroup: 0o640
    }
  }
}

/// What is wrong with a log that is being written.
public enum LogWriterWarning: Equatable, Sendable, CustomStringConvertible {
  /// The log is on a network or FUSE file system: what several hosts append can be mixed or lost.
  case sharedFileSystem(path: String, type: String)
  /// The file could not be opened again; lines are dropped, or go on into the renamed file.
  case cannotReopen(LogWriterError)
  /// The file could not be made a segment, or a segment could not be deleted; writing goes on.
  case cannotRotate(LogWriterError)
  /// fdatasync(2) failed; a new file is begun.
  case cannotSync(path: String, errno: CInt)

  public var description: String {
    switch self {
    case .sharedFileSystem(let path, let type):
      "the log \(path.debugDescription) is on \(type): appends are atomic on local file systems "
        + "only"
    case .cannotReopen(let error): "the log cannot be reopened: \(error)"
    case .cannotRotate(let error): "the log cannot be rotated: \(error)"
    case .cannotSync(let path, let errno):
      "cannot sync \(path.debugDescription): \(SystemError.text(errno)) (fdatasync, errno \(errno)); "
        + "a new file is begun"
    }
  }

  fileprivate func print() {
    let line = Array("relmon: warning: \(self)\n".utf8)
    // Who does not read must not stop the writer, and who is gone not end the process by SIGPIPE.
    var standardError = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
    guard unsafe poll(&standardError, 1, 0) == 1, standardError.revents == Int16(POLLOUT) else {
      return
    }
    // Nobody is left to tell if this fails.
    _ = unsafe line.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}

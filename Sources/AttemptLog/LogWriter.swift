import Glibc

/// The version of this project.
public let relmonVersion = "0.1.0"

/// Appends records to a log that many tasks, threads and processes share.
///
/// `record` hands a whole line to the kernel by one write(2) before it returns: a killed process
/// loses nothing that was recorded, a power cut what the kernel had not flushed (30 s by default).
///
/// A process has one writer: readers take a second one with the same host and process id for a
/// restart, and the operations of the first for abandoned.
///
/// A number (`seq`) belongs to one line for good. A record that did not get through keeps its
/// number, which stays a gap that readers count as missing, and is counted in the next `dropped`
/// line; only a `writer_start` or `dropped` line of which no byte was written leaves its number to
/// the next line.
///
/// Signals: a regular file never raises SIGPIPE. A write beyond `RLIMIT_FSIZE` raises SIGXFSZ,
/// which ends a process that neither ignores nor blocks it; holding it back without touching the
/// host's dispositions needs a thread of the writer's own, which it does not have yet.
public final class LogWriter: Sendable {
  private let state: Locked<State>

  /// Opens or creates the log at `path`: a file, or a directory and in it `attempts.jsonl`.
  public convenience init(
    path: String, configuration: Configuration = Configuration()
  ) throws(LogWriterError) {
    var generator = SystemRandomNumberGenerator()
    try self.init(path: path, configuration: configuration, using: &generator)
  }

  /// As above, with ids from `generator`.
  public convenience init(
    path: String, configuration: Configuration = Configuration(),
    using generator: inout some RandomNumberGenerator
  ) throws(LogWriterError) {
    try self.init(
      path: path, configuration: configuration, using: &generator,
      write: { descriptor, bytes in
        unsafe bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
      })
  }

  /// `write` stands in for write(2), so that tests can make it fail.
  init(
    path: String, configuration: Configuration, using generator: inout some RandomNumberGenerator,
    write: @escaping LineOutput.Write
  ) throws(LogWriterError) {
    let id = generator.identifier()
    let segment = Segment(id: generator.identifier(), number: 1)
    let first = Record(time: configuration.now(), writer: id, seq: 1, event: .segment(segment))
    let file = try AppendFile.open(
      at: path, permissions: configuration.permissions, firstLine: Self.line(first),
      temporaryName: ".\(segment.id).new")
    var state = State(
      id: id, now: configuration.now, seq: file.isNew ? 2 : 1,
      start: WriterStart(
        version: configuration.version, host: configuration.host, pid: configuration.pid,
        process: configuration.process),
      output: LineOutput(file: file, write: write))
    state.catchUp()
    self.state = Locked(state)
  }

  deinit {
    close()
  }

  /// Writes a line about an attempt or an operation; what cannot be written is counted.
  ///
  /// Never throws and waits for no other process. The writer adds the lines about itself and its
  /// losses on its own. The clock is read inside, so a writer's lines are in the order of their
  /// times as long as the clock goes forward.
  public func record(_ event: Event) {
    state.withLock { $0.record(event) }
  }

  /// Writes `writer_stop` and closes the file; what is recorded later counts as dropped.
  public func close() {
    state.withLock { $0.close() }
  }

  /// Lines of this writer that are not in the log.
  public var droppedCount: Int64 {
    state.withLock { $0.droppedCount }
  }

  /// The random id that stands in every line of this writer: 16 hex digits.
  public var id: String {
    state.withLock { $0.id }
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

extension LogWriter {
  public struct Configuration: Sendable {
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

    public init() {}

    private static var programName: String? {
      CommandLine.arguments.first?.split(separator: "/").last.map(String.init)
    }
  }

  private static func line(_ record: Record) -> [UInt8] {
    var bytes: [UInt8] = []
    do throws(LineWriterError) {
      try LineWriter().append(record, to: &bytes)
    } catch {
      preconditionFailure("a segment line always fits, got \(error)")
    }
    return bytes
  }

  static func host() -> String? {
    // HOST_NAME_MAX is 64 on Linux.
    var name = [CChar](repeating: 0, count: 65)
    guard unsafe gethostname(&name, name.count - 1) == 0 else { return nil }
    return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}

/// What the writer's lock guards.
private struct State {
  let id: String
  let now: @Sendable () -> Timestamp
  /// The number of the next line, from 1.
  var seq: Int64
  /// Written before anything else; nil once it got through.
  var start: WriterStart?
  /// Nil once closed.
  var output: LineOutput?
  /// Lost lines that no `dropped` line tells of yet.
  var unreported: Int64 = 0
  var droppedCount: Int64 = 0

  init(
    id: String, now: @escaping @Sendable () -> Timestamp, seq: Int64, start: WriterStart,
    output: LineOutput
  ) {
    self.id = id
    self.now = now
    self.seq = seq
    self.start = start
    self.output = output
  }

  mutating func record(_ event: Event) {
    guard output != nil else {
      droppedCount += 1
      return
    }
    if !catchUp() || put(event) != .through { lose() }
  }

  mutating func close() {
    guard output != nil else { return }
    if catchUp(), put(.writerStop) != .through { lose() }
    output?.close()
    output = nil
  }

  /// Writes what must stand before the next record; false if it does not get through.
  @discardableResult
  mutating func catchUp() -> Bool {
    if let start {
      guard insist(.writerStart(start)) else { return false }
      self.start = nil
    }
    if unreported > 0 {
      guard insist(.dropped(count: unreported)) else { return false }
      unreported = 0
    }
    return true
  }

  /// Writes a line that is tried again later if it does not get through.
  private mutating func insist(_ event: Event) -> Bool {
    switch put(event) {
    case .through: return true
    case .torn: lose()
    case .untouched: break
    }
    return false
  }

  private mutating func put(_ event: Event) -> LineOutput.Fate {
    let record = Record(time: now(), writer: id, seq: seq, event: event)
    let fate = output?.append(record) ?? .untouched
    if fate == .through { seq += 1 }
    return fate
  }

  private mutating func lose() {
    seq += 1
    unreported += 1
    droppedCount += 1
  }
}

/// The version of this project.
public let relmonVersion = "0.1.0"

/// Appends records to a log that many tasks, threads and processes share.
///
/// In the direct mode `record` hands a whole line to the kernel by one write(2) before it returns: a
/// killed process loses nothing that was recorded, a power cut what the kernel had not flushed (30 s
/// by default; 50 ms with `syncs`). A disk that stalls holds a call for at most 10 ms: the line then
/// waits in a bounded queue for the writer's thread. Only a call that is already in write(2) when
/// the stall begins has to wait for the kernel.
///
/// A process has one writer: readers take a second one with the same host and process id for a
/// restart, and the operations of the first for abandoned. After a fork(2) the child goes on as a
/// writer of its own.
///
/// A number (`seq`) belongs to one line for good. A record that did not get through is counted in
/// the next `dropped` line, by reason; readers find the numbers that were given to it missing. Only
/// a `writer_start` or `dropped` line of which no byte was written leaves its number to the next
/// line.
///
/// Signals: the host's dispositions stay as they are. A regular file never raises SIGPIPE, and
/// SIGXFSZ is held back and taken away while a limit on the size of files (`RLIMIT_FSIZE`) is set;
/// that is looked up when the file is opened, every second and every 256 lines.
public final class LogWriter: Sendable {
  private let first: WriterSession

  /// Opens or creates the log at `path`: a file, or a directory and in it `attempts.jsonl`.
  ///
  /// A directory that is missing is created (mode 0700) if the path ends with `/`.
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
      path: path, configuration: configuration, using: &generator, calls: LogCalls())
  }

  init(
    path: String, configuration: Configuration, using generator: inout some RandomNumberGenerator,
    calls: LogCalls
  ) throws(LogWriterError) {
    let place = try LogPlace(path: path)
    guard place.isDirectory || !configuration.syncs else {
      throw .needsDirectory(path: path, option: "syncs")
    }
    first = WriterSession(
      id: generator.identifier(), place: place, configuration: configuration, calls: calls)
    try first.open(using: &generator)
    try first.start()
    if let type = SharedFileSystem.type(of: place.directory, mounts: calls.mounts()) {
      configuration.warn(.sharedFileSystem(path: place.path, type: type))
    }
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
    first.current.record(event)
  }

  /// Waits until everything recorded before is in the file, and on the disk if the writer syncs.
  ///
  /// It blocks its thread, at most for `limit`; false if that did not happen in time.
  public func flush(within limit: Duration = .seconds(5)) -> Bool {
    first.current.flush(within: limit)
  }

  /// Writes what waits and `writer_stop` and closes the file.
  ///
  /// What is recorded later counts as dropped. A disk that stalls is waited for, 10 s at most.
  public func close() {
    first.begun?.close()
  }

  /// Lines of this writer that are not in the log.
  public var droppedCount: Int64 {
    dropped.values.reduce(0, +)
  }

  /// Lines of this writer that are not in the log, by reason.
  ///
  /// `truncatedByOthers` and `syncFailed` count 0: how many lines they cost is not known.
  public var dropped: [DropReason: Int64] {
    first.begun?.queue.withLock { $0.losses.total } ?? [:]
  }

  /// The random id that stands in every line of this writer: 16 hex digits.
  public var id: String {
    first.current.id
  }

  /// For tests, which do the thread's work.
  var session: WriterSession { first.current }
}

extension LogWriter {
  /// How long a call waits for a disk that stalls.
  ///
  /// In the direct mode a call that returns sooner has handed its line to the kernel, or counted it
  /// as lost.
  public static let holdMax = Duration.milliseconds(10)
  /// How long the thread writes after a write, of whomever, that was slower than `holdMax`: short,
  /// for a write is also slow when the processor was taken away meanwhile.
  static let handOverNanoseconds: Int64 = 100_000_000
  /// The thread is woken when so much more waits.
  static let wakeBytes = 256 << 10
  /// What one write(2) is given, about.
  static let writeBytesMax = 256 << 10
  /// In the buffered mode lines wait for so long, about.
  static let linger = Duration.milliseconds(10)
  /// The thread writes the queue so often before it looks after the file.
  static let drainsMax = 16
  /// After a write that failed the next is tried so much later.
  static let writeRetryInterval = Duration.milliseconds(100)
  /// After opening the file failed it is tried so much later; then the distance doubles up to the
  /// longest, unless space is what lacks.
  static let reopenInterval = Duration.seconds(1)
  static let reopenIntervalMax = Duration.seconds(30)
  /// The file is looked after so often, and every so many lines.
  static let tickInterval = Duration.seconds(1)
  static let linesBetweenLooks = 256
  /// Between two fdatasync(2).
  public static let syncInterval = Duration.milliseconds(50)
  /// How long `close` waits for the thread, and for the file.
  static let closeMax = Duration.seconds(5)
  /// Different warnings of a writer.
  static let warningsMax = 100
}

public import Threading

/// Reads a log to its end, and goes on from there whenever it is asked again.
///
/// It holds the active file open: when that is renamed by a rotation, the rest of it is read, then
/// the segments that came after it, then the new active file. It never waits; whoever owns it
/// decides when to ask again.
public final class LogFollower {
  public let location: LogLocation
  /// Bytes of complete lines, newlines included, of all files.
  public var bytesRead: Int64 {
    open.reduce(bytesOfClosedFiles) { $0 + $1.bytesRead }
  }
  /// Lines of all files, as newlines end them; a last line without one counts in a complete file.
  public var linesRead: Int {
    open.reduce(linesOfClosedFiles) { $0 + $1.parser.position.line - 1 }
  }
  /// Files that were opened.
  public private(set) var filesRead = 0
  /// The file that is being read, or that was read last.
  public internal(set) var path: String
  /// What was missing of the files of another follower.
  public internal(set) var losses = ResumptionLosses()

  var pending: [LogFile] = []
  var current: OpenLogFile?
  /// What came after the current file of a single-file log: open before it can be renamed again.
  private var successor: OpenLogFile?
  /// Rotated files that were read to their ends, and since when.
  var late: [(file: OpenLogFile, since: MonotonicInstant)] = []
  let lateWrites: LateWrites?
  /// The number of the last segment that was read to its end.
  var lastNumber: Int?
  /// The single file of this location is gone: what gets its name is read from the start.
  var awaitsSuccessor = false
  /// A file of `pending` could not be opened: the directory is listed again.
  private var isListingOld = false
  var bytesOfClosedFiles: Int64 = 0
  var linesOfClosedFiles = 0
  private let buffer: Buffer

  /// What is read at a time; followers that one owner asks in turn may share it.
  public final class Buffer {
    fileprivate lazy var bytes = [UInt8](repeating: 0, count: Self.bytesMax)
    static let bytesMax = 256 * 1024

    public init() {}
  }

  /// How rotated files are followed: whoever has one open when it is renamed may still write to it.
  public struct LateWrites: Sendable {
    /// How long a rotated file is looked at after it was read to its end.
    public var duration = Duration.seconds(2)
    public var now: @Sendable () -> MonotonicInstant = { .now }

    /// Files that are looked at, at most.
    static let filesMax = 16

    public init() {}
  }

  /// Fails if there is no log at the path.
  ///
  /// - Parameters:
  ///   - path: of a file or a directory of segments; `-` is standard input.
  ///   - lateWrites: nil for files that nobody writes to any more.
  ///   - buffer: may be shared by followers that read in turn.
  public init(
    path: String, lateWrites: LateWrites? = nil, buffer: Buffer = Buffer()
  ) throws(LogReadError) {
    self.buffer = buffer
    location = try LogLocation(path: path)
    self.lateWrites = lateWrites
    self.path = path
    pending = try location.files()
    guard let first = pending.first else { throw .noLog(directory: path) }
    self.path = first.path
  }

  /// Goes on where another follower of the same location was, wherever its files are now, or begins.
  ///
  /// Waits for a log that is not there yet in a directory that is (`awaitsLog`), if the path is that
  /// directory or ends with `.jsonl`; fails if there is nothing at another path.
  public init(
    path: String, lateWrites: LateWrites? = nil, resuming resumption: LogResumption
  ) throws(LogReadError) {
    location = try LogLocation(awaitedAt: path)
    buffer = Buffer()
    self.lateWrites = lateWrites
    self.path = location.activePath
    try resume(resumption)
  }

  /// Reads until at least `limit` bytes are read or the end is reached.
  ///
  /// Of a damaged compressed file what was inflated counts; the error tells of its rest, and the
  /// next call goes on behind it.
  ///
  /// - Returns: whether there is more to read at once.
  public func read(
    atLeast limit: Int = .max, into sink: inout some RecordSink
  ) throws(LogReadError) -> Bool {
    try readLateWrites(into: &sink)
    var budget = limit
    while budget > 0 {
      guard let file = try openNext() else { return false }
      let count = try read(file, into: &sink)
      if count > 0 {
        current?.parser.feed(buffer.bytes.span.extracting(..<count), to: &sink)
        budget -= count
      } else if file.isComplete {
        guard try openSuccessor(of: file) else { return false }
        closeCurrent(into: &sink)
      } else if try !followRotation() {
        return false
      }
    }
    return true
  }

  private func read(
    _ file: OpenLogFile, into sink: inout some RecordSink
  ) throws(LogReadError) -> Int {
    do throws(LogReadError) {
      return try file.read(&buffer.bytes)
    } catch {
      if error.costsOnlyRest { closeCurrent(into: &sink) }
      throw error
    }
  }

  /// Bytes that are there now and not read as lines: those of the rest of the open file and of the
  /// files that come next, as they are in compressed ones.
  public func unreadBytes() -> Int64 {
    let rest = open.reduce(0) { $0 + $1.unreadBytes }
    return pending.reduce(rest) { $0 + (FileIdentity(path: $1.path)?.size ?? 0) }
  }

  /// Whether there is no file of it yet, or no longer.
  public var awaitsLog: Bool { open.isEmpty && pending.isEmpty }

  /// What follows the last newline of the active file, where it begins, and how many bytes it has;
  /// nil if there is nothing.
  public var unfinishedLine: (position: LinePosition, bytes: Int)? {
    guard let parser = current?.parser, parser.unfinishedBytes > 0 else { return nil }
    return (parser.position, parser.unfinishedBytes)
  }

  /// The open file, or the next one opened; nil if there is none.
  private func openNext() throws(LogReadError) -> OpenLogFile? {
    if let current { return current }
    if let next = successor {
      successor = nil
      return begin(next)
    }
    while true {
      if isListingOld || isActive(pending.first) { pending = try newFiles(after: nil) }
      guard let next = pending.first else { return nil }
      // What cannot be opened may be removed or replaced before the next try.
      isListingOld = location.isDirectory
      let file = try OpenLogFile(next)
      isListingOld = false
      if isActive(next) {
        let now = try newFiles(after: nil)
        guard isActive(now.first) else {
          pending = now
          continue
        }
      }
      pending.removeFirst()
      return begin(file)
    }
  }

  /// Whether it is the active file of a directory, or there is none.
  ///
  /// A rotation gives it a number, and its name to a file that comes later: it comes next only if none
  /// had a number both before and after it was opened.
  private func isActive(_ file: LogFile?) -> Bool {
    guard let file else { return true }
    return location.isDirectory && file.number == nil
  }

  private func begin(_ file: OpenLogFile) -> OpenLogFile {
    path = file.path
    current = file
    filesRead += 1
    return file
  }

  /// The files of which more may come.
  var open: [OpenLogFile] { late.map(\.file) + (current.map { [$0] } ?? []) }

  private func closeCurrent(into sink: inout some RecordSink) {
    guard let file = current else { return }
    lastNumber = file.number ?? lastNumber
    current = nil
    guard let lateWrites, !file.isCompressed else { return close(file, into: &sink) }
    late.append((file, lateWrites.now()))
    if late.count > LateWrites.filesMax { close(late.removeFirst().file, into: &sink) }
  }

  private func close(_ file: OpenLogFile, into sink: inout some RecordSink) {
    file.parser.finish(&sink)
    bytesOfClosedFiles += file.bytesRead
    linesOfClosedFiles += file.parser.position.line - 1
  }

  /// Reads what came into rotated files since they were read to their ends.
  private func readLateWrites(into sink: inout some RecordSink) throws(LogReadError) {
    guard let lateWrites, !late.isEmpty else { return }
    let currentPath = path
    defer { path = currentPath }
    for (index, (file, _)) in late.enumerated() {
      path = file.path
      do throws(LogReadError) {
        while case let count = try file.read(&buffer.bytes), count > 0 {
          file.parser.feed(buffer.bytes.span.extracting(..<count), to: &sink)
        }
      } catch {
        close(late.remove(at: index).file, into: &sink)
        throw error
      }
    }
    // Only what was read after its time is complete.
    while let (file, since) = late.first, lateWrites.now() - since >= lateWrites.duration {
      path = file.path
      close(file, into: &sink)
      late.removeFirst()
    }
  }

  /// At the end of the active file: whether it has become a rotated segment.
  private func followRotation() throws(LogReadError) -> Bool {
    guard let file = current, file.path != LogLocation.standardInput else { return false }
    let identity = try file.identity()
    // A file that lost its name is still written to, until the writer opens another.
    guard let there = FileIdentity(path: location.activePath) else { return false }
    if there.isSameFile(as: identity) {
      try file.checkLength()
      return false
    }
    // Another file has its name. What was written before the rename is read before this is closed:
    // the caller comes back, finds no more, and the file is complete.
    if location.isDirectory { pending = try newFiles(after: identity) }
    file.isComplete = true
    return true
  }

  /// The files that came after the one with this identity, or after the last segment.
  private func newFiles(after identity: FileIdentity?) throws(LogReadError) -> [LogFile] {
    guard location.isDirectory else {
      // Of a single file those that were renamed are found one by one.
      guard awaitsSuccessor, FileIdentity(path: location.path) != nil else { return [] }
      awaitsSuccessor = false
      return [LogFile(named: location.path)]
    }
    let files = try location.files()
    if let identity, let own = files.firstIndex(where: { isCurrent($0, identity) }) {
      current?.number = files[own].number
      return Array(files[(own + 1)...])
    }
    return files.filter(isNew)
  }

  private func isNew(_ file: LogFile) -> Bool {
    (file.number ?? .max) > lastNumber ?? .min
  }

  /// Opens what came after a file of a single-file log that was renamed, however often.
  ///
  /// At once, because another rotation gives its name to another file; in a directory names stay.
  ///
  /// - Returns: false if it is not there yet.
  private func openSuccessor(of file: OpenLogFile) throws(LogReadError) -> Bool {
    guard !location.isDirectory, !LogFile(named: location.path).isComplete else { return true }
    while true {
      let next = try successor(of: file)
      guard FileIdentity(path: next.path) != nil else { return false }
      let opened = try OpenLogFile(next)
      // A rotation while we looked: look again.
      let there = FileIdentity(path: try successor(of: file).path)
      guard try there?.isSameFile(as: opened.identity()) == true else { continue }
      successor = opened
      return true
    }
  }

  private func successor(of file: OpenLogFile) throws(LogReadError) -> LogFile {
    let identity = try file.identity()
    return try RotatedFiles(of: location.path).successor(of: identity) { isCurrent($0, identity) }
      ?? LogFile(named: location.path)
  }

  /// Whether a file is the open one, under another name or compressed since.
  private func isCurrent(_ file: LogFile, _ identity: FileIdentity) -> Bool {
    if FileIdentity(path: file.path)?.isSameFile(as: identity) == true { return true }
    guard isNew(file), file.path.hasSuffix(LogLocation.compressedSuffix), let current else {
      return false
    }
    return current.isBeginning(ofCompressed: file)
  }
}

// One owner at a time.
@available(*, unavailable)
extension LogFollower: Sendable {}

// As its followers.
@available(*, unavailable)
extension LogFollower.Buffer: Sendable {}

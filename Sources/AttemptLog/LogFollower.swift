/// Reads a log to its end, and goes on from there whenever it is asked again.
///
/// It holds the active file open: when that is renamed by a rotation, the rest of it is read, then
/// the segments that came after it, then the new active file. It never waits; whoever owns it
/// decides when to ask again.
public final class LogFollower {
  public let location: LogLocation
  /// Bytes of complete lines, newlines included, of all files.
  public var bytesRead: Int64 { bytesOfClosedFiles + (current?.parser.position.offset ?? 0) }
  /// Lines of all files, as newlines end them; a last line without one counts in a complete file.
  public var linesRead: Int {
    linesOfClosedFiles + (current.map { $0.parser.position.line - 1 } ?? 0)
  }
  /// Files that were opened.
  public private(set) var filesRead = 0
  /// The file that is being read, or that was read last.
  public private(set) var path: String

  private var pending: [LogFile]
  private var current: OpenLogFile?
  /// The number of the last segment that was read to its end.
  private var lastNumber: Int?
  /// The single file of this location was renamed: its successor is read from the start.
  private var awaitsSuccessor = false
  /// A file of `pending` could not be opened: the directory is listed again.
  private var isListingOld = false
  private var bytesOfClosedFiles: Int64 = 0
  private var linesOfClosedFiles = 0
  private let buffer: Buffer

  /// What is read at a time; followers that one owner asks in turn may share it.
  public final class Buffer {
    fileprivate lazy var bytes = [UInt8](repeating: 0, count: Self.bytesMax)
    static let bytesMax = 256 * 1024

    public init() {}
  }

  /// Fails if there is no log at the path.
  public init(path: String, buffer: Buffer = Buffer()) throws(LogReadError) {
    self.buffer = buffer
    location = try LogLocation(path: path)
    pending = try location.files()
    guard let first = pending.first else { throw .noLog(directory: path) }
    self.path = first.path
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
    var budget = limit
    while budget > 0 {
      guard let file = try openNext() else { return false }
      let count = try read(file, into: &sink)
      if count > 0 {
        current?.parser.feed(buffer.bytes.span.extracting(..<count), to: &sink)
        budget -= count
      } else if file.isComplete {
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
    let rest = current.map { $0.unreadBytes } ?? 0
    return pending.reduce(rest) { $0 + (FileIdentity(path: $1.path)?.size ?? 0) }
  }

  /// What follows the last newline of the active file, where it begins, and how many bytes it has;
  /// nil if there is nothing.
  public var unfinishedLine: (position: LinePosition, bytes: Int)? {
    guard let parser = current?.parser, parser.unfinishedBytes > 0 else { return nil }
    return (parser.position, parser.unfinishedBytes)
  }

  /// The open file, or the next one opened; nil if there is none.
  private func openNext() throws(LogReadError) -> OpenLogFile? {
    if let current { return current }
    if pending.isEmpty || isListingOld { pending = try newFiles(after: nil) }
    guard let next = pending.first else { return nil }
    // What cannot be opened may be removed or replaced before the next try.
    isListingOld = location.isDirectory
    let file = try OpenLogFile(next)
    isListingOld = false
    pending.removeFirst()
    path = next.path
    current = file
    filesRead += 1
    return file
  }

  private func closeCurrent(into sink: inout some RecordSink) {
    current?.parser.finish(&sink)
    bytesOfClosedFiles = bytesRead
    linesOfClosedFiles = linesRead
    lastNumber = current?.number ?? lastNumber
    current = nil
  }

  /// At the end of the active file: whether it has become a rotated segment.
  private func followRotation() throws(LogReadError) -> Bool {
    guard let file = current, file.path != LogLocation.standardInput else { return false }
    let identity = try file.identity()
    // A file that lost its name is still written to, until the writer opens another.
    guard let there = FileIdentity(path: location.activePath) else { return false }
    if there.isSameFile(as: identity) {
      let position = file.offset
      if there.size < position {
        try file.continueAtEnd(there.size)
        throw .truncated(path: file.path, from: position, to: there.size)
      }
      return false
    }
    // Another file has its name. What was written before the rename is read before this is closed:
    // the caller comes back, finds no more, and the file is complete.
    awaitsSuccessor = true
    pending = try newFiles(after: identity)
    file.isComplete = true
    return true
  }

  /// The files that came after the one with this identity, or after the last segment.
  private func newFiles(after identity: FileIdentity?) throws(LogReadError) -> [LogFile] {
    guard location.isDirectory else {
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

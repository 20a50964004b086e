import Glibc

/// Reads a log to its end, and goes on from there whenever it is asked again.
///
/// It holds the active file open: when that is renamed by a rotation, the rest of it is read, then
/// the segments that came after it, then the new active file. It never waits; whoever owns it
/// decides when to ask again.
public final class LogFollower {
  public let location: LogLocation
  /// Bytes of complete lines, newlines included, of all files.
  public var bytesRead: Int64 { bytesOfClosedFiles + (current?.parser.position.offset ?? 0) }
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
  private var buffer = [UInt8](repeating: 0, count: LogFollower.chunkBytes)

  /// What is read at a time.
  static let chunkBytes = 256 * 1024

  /// Fails if there is no log at the path.
  public init(path: String) throws(LogReadError) {
    location = try LogLocation(path: path)
    pending = try location.files()
    guard let first = pending.first else { throw .noLog(directory: path) }
    self.path = first.path
  }

  /// Reads until at least `limit` bytes are read or the end is reached.
  ///
  /// - Returns: whether there is more to read at once.
  public func read(
    atLeast limit: Int = .max, into sink: inout some RecordSink
  ) throws(LogReadError) -> Bool {
    var budget = limit
    while budget > 0 {
      guard let file = try openNext() else { return false }
      let count = try file.read(&buffer)
      if count > 0 {
        current?.parser.feed(buffer.span.extracting(..<count), to: &sink)
        budget -= count
      } else if file.isComplete {
        closeCurrent(into: &sink)
      } else if try !followRotation() {
        return false
      }
    }
    return true
  }

  /// Bytes that are there now and not read as lines: those of the rest of the open file and of the
  /// files that come next.
  public func unreadBytes() -> Int64 {
    let rest = current.map { $0.unreadBytes } ?? 0
    return pending.reduce(rest) { $0 + (FileIdentity(path: $1.path)?.size ?? 0) }
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
    return file
  }

  private func closeCurrent(into sink: inout some RecordSink) {
    current?.parser.finish(&sink)
    bytesOfClosedFiles += current?.parser.position.offset ?? 0
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
    if let identity,
      let own = files.firstIndex(where: {
        FileIdentity(path: $0.path)?.isSameFile(as: identity) == true
      })
    {
      current?.number = files[own].number
      return Array(files[(own + 1)...])
    }
    return files.filter { ($0.number ?? .max) > lastNumber ?? .min }
  }
}

// One owner at a time.
@available(*, unavailable)
extension LogFollower: Sendable {}

/// An open file of a log with its parser.
private final class OpenLogFile {
  let path: String
  var number: Int?
  var isComplete: Bool
  var parser = LogParser()
  /// Bytes read, complete lines or not.
  private(set) var offset: Int64 = 0
  private let descriptor: Int32

  init(_ file: LogFile) throws(LogReadError) {
    path = file.path
    number = file.number
    isComplete = file.isComplete
    if path == LogLocation.standardInput {
      descriptor = dup(STDIN_FILENO)
      return
    }
    guard !path.hasSuffix(LogLocation.compressedSuffix) else { throw .compressed(path: path) }
    // O_NONBLOCK, so that opening a FIFO does not wait for its writer.
    descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .system(path: path, call: "open", errno: errno) }
    guard try identity().isRegular else { throw .notRegular(path: path) }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  func identity() throws(LogReadError) -> FileIdentity {
    guard let identity = FileIdentity(descriptor: descriptor) else {
      throw .system(path: path, call: "fstat", errno: errno)
    }
    return identity
  }

  /// An unfinished line, and what was not read yet.
  var unreadBytes: Int64 {
    let size = FileIdentity(descriptor: descriptor)?.size ?? offset
    return max(0, size - offset) + Int64(parser.unfinishedBytes)
  }

  /// How many bytes were read; 0 at the end.
  func read(_ buffer: inout [UInt8]) throws(LogReadError) -> Int {
    while true {
      let count = unsafe buffer.withUnsafeMutableBytes {
        unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
      }
      if count >= 0 {
        offset += Int64(count)
        return count
      }
      guard errno == EINTR else { throw .system(path: path, call: "read", errno: errno) }
    }
  }

  /// After a truncation: what was there is counted and gone, what comes next is read.
  func continueAtEnd(_ end: Int64) throws(LogReadError) {
    guard lseek(descriptor, off_t(end), SEEK_SET) >= 0 else {
      throw .system(path: path, call: "lseek", errno: errno)
    }
    offset = end
  }
}

/// Which file a name or a descriptor leads to, and its size.
private struct FileIdentity {
  let device: UInt
  let inode: UInt
  let size: Int64
  let isRegular: Bool

  init?(path: String) {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    self.init(status)
  }

  init?(descriptor: Int32) {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { return nil }
    self.init(status)
  }

  private init(_ status: stat) {
    device = UInt(status.st_dev)
    inode = UInt(status.st_ino)
    size = Int64(status.st_size)
    isRegular = status.st_mode & S_IFMT == S_IFREG
  }

  func isSameFile(as other: FileIdentity) -> Bool {
    device == other.device && inode == other.inode
  }
}

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
  public private(set) var path: String
  /// What was missing of the files of another follower.
  public private(set) var losses = ResumptionLosses()

  private var pending: [LogFile] = []
  private var current: OpenLogFile?
  /// Rotated files that were read to their ends, and since when.
  private var late: [(file: OpenLogFile, since: ContinuousClock.Instant)] = []
  private let lateWrites: LateWrites?
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

  /// How rotated files are followed: whoever has one open when it is renamed may still write to it.
  public struct LateWrites: Sendable {
    /// How long a rotated file is looked at after it was read to its end.
    public var duration = Duration.seconds(2)
    public var now: @Sendable () -> ContinuousClock.Instant = { .now }

    /// Files that are looked at, at most.
    static let filesMax = 16

    public init() {}
  }

  /// Fails if there is no log at the path.
  ///
  /// - Parameter lateWrites: nil for files that nobody writes to any more.
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

  /// Goes on where another follower of the same location was, wherever its files are now.
  public init(
    path: String, lateWrites: LateWrites? = nil, resuming resumption: LogResumption
  ) throws(LogReadError) {
    location = try LogLocation(path: path)
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

  /// The files of which more may come.
  private var open: [OpenLogFile] { late.map(\.file) + (current.map { [$0] } ?? []) }

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

// MARK: - Resuming

extension LogFollower {
  /// How far everything is read.
  public var resumption: LogResumption {
    var resumption = LogResumption()
    resumption.late = late.map { FilePosition(of: $0.file) }
    resumption.current = current.map { FilePosition(of: $0) }
    resumption.lastNumber = lastNumber
    resumption.awaitsSuccessor = awaitsSuccessor
    resumption.bytesRead = open.reduce(bytesOfClosedFiles) { $0 + $1.bytesCutOff }
    resumption.linesRead = linesOfClosedFiles
    return resumption
  }

  private func resume(_ resumption: LogResumption) throws(LogReadError) {
    lastNumber = resumption.lastNumber
    awaitsSuccessor = resumption.awaitsSuccessor
    bytesOfClosedFiles = resumption.bytesRead
    linesOfClosedFiles = resumption.linesRead
    var candidates = try location.candidates()
    for position in resumption.late {
      guard let file = try reopen(position, of: &candidates) else { continue }
      late.append((file, lateWrites?.now() ?? .now))
    }
    if let position = resumption.current {
      current = try reopen(position, of: &candidates)
      if current == nil { awaitsSuccessor = true }
    }
    if let current {
      path = current.path
      current.isComplete = current.path != location.activePath || current.isComplete
      if current.isComplete { awaitsSuccessor = true }
    }
    let isUntouched = open.isEmpty && resumption == LogResumption()
    let known = Set(open.map(\.path))
    let highest = current?.number ?? lastNumber ?? .min
    if location.isDirectory {
      pending = try location.files().filter {
        !known.contains($0.path) && ($0.number ?? .max) > highest
      }
    } else if awaitsSuccessor || isUntouched, !known.contains(location.path) {
      pending = [LogFile(named: location.path)]
      awaitsSuccessor = false
    }
  }

  /// The file of a position, open there; nil if it is gone, which is counted.
  private func reopen(
    _ position: FilePosition, of candidates: inout [LogFile]
  ) throws(LogReadError) -> OpenLogFile? {
    let agreements = candidates.map { position.agreement(with: $0) ?? -1 }
    guard let best = agreements.max(), best >= 0, let index = agreements.firstIndex(of: best) else {
      losses.files += 1
      losses.bytes += max(0, position.size - position.offset)
      // Lines of it that were counted stay counted.
      bytesOfClosedFiles += position.progress.position.offset
      linesOfClosedFiles += position.progress.position.line - 1
      return nil
    }
    let file = try OpenLogFile(candidates.remove(at: index))
    if try file.resume(at: position) { losses.truncated += 1 }
    return file
  }
}

extension LogLocation {
  /// The files that may be those of a log that was read before: of a single file those beside it
  /// whose names begin with its name, as a rotation leaves them.
  fileprivate func candidates() throws(LogReadError) -> [LogFile] {
    guard !isDirectory else { return try files() }
    guard path != Self.standardInput else { return [] }
    let name = path.split(separator: "/").last.map(String.init) ?? path
    let parent = LogPlace.parent(of: path)
    let names = try Self.names(in: parent).filter { $0.hasPrefix(name + ".") }.sorted()
    return [LogFile(named: path)]
      + names.prefix(Self.candidatesMax).map { LogFile(path: LogPlace.join(parent, $0)) }
  }

  /// Rotated files beside a single one that are looked at.
  private static let candidatesMax = 1000
}

// One owner at a time.
@available(*, unavailable)
extension LogFollower: Sendable {}

// As its followers.
@available(*, unavailable)
extension LogFollower.Buffer: Sendable {}

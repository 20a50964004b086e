import Glibc

/// An open file of a log with its parser.
final class OpenLogFile {
  let path: String
  var number: Int?
  var isComplete: Bool
  var parser = LogParser()
  /// Bytes read, complete lines or not, as they are in the file.
  private(set) var offset: Int64 = 0
  /// Of complete lines that were read and are no longer in the file.
  private(set) var bytesCutOff: Int64 = 0
  /// Of complete lines, newlines included.
  var bytesRead: Int64 { parser.position.offset + bytesCutOff }
  let descriptor: Int32
  /// Its first bytes and those before `offset`, as they were read: a file that was cut and grew again
  /// has others there.
  private var head: [UInt8] = []
  private var tail: [UInt8] = []
  /// Of a compressed file.
  private var inflater: GzipInflater?
  /// Inflated bytes that were read in another process and are passed over.
  private var passedOver: Int64 = 0

  var isCompressed: Bool { inflater != nil }

  init(_ file: LogFile) throws(LogReadError) {
    path = file.path
    number = file.number
    isComplete = file.isComplete
    if path == LogLocation.standardInput {
      descriptor = dup(STDIN_FILENO)
      return
    }
    // O_NONBLOCK, so that opening a FIFO does not wait for its writer.
    descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .system(path: path, call: "open", errno: errno) }
    guard try identity().isRegular else { throw .notRegular(path: path) }
    if path.hasSuffix(LogLocation.compressedSuffix) {
      do throws(GzipError) {
        inflater = try GzipInflater()
      } catch {
        throw .compressed(path: path, error)
      }
    }
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

  /// Opens a file that was read up to a position.
  ///
  /// - Returns: whether what was read of it is no longer there: it is shorter and followed from its
  ///   end, or other bytes are before the position.
  func resume(at position: FilePosition) throws(LogReadError) -> Bool {
    parser = LogParser(resuming: position.progress)
    if isCompressed {
      passedOver = position.offset
      return false
    }
    let size = try identity().size
    if size < position.offset {
      try continueAtEnd(size)
      return true
    }
    guard lseek(descriptor, off_t(position.offset), SEEK_SET) >= 0 else {
      throw .system(path: path, call: "lseek", errno: errno)
    }
    offset = position.offset
    rememberWhatIsThere()
    return FileMark.hash(tail.suffix(position.mark.tailCount)) != position.mark.tailHash
  }

  /// How many bytes were read, and inflated if they were compressed; 0 at the end.
  ///
  /// Fails once, before anything of it is given, if the file was written anew behind our back.
  func read(_ buffer: inout [UInt8]) throws(LogReadError) -> Int {
    guard let inflater else {
      let start = offset
      let count = try readBytes(&buffer)
      // Looked at after the reading: what is the same now was the same then.
      try checkContinuity(from: start)
      remember(buffer.prefix(count), from: start)
      return count
    }
    while true {
      switch try inflate(by: inflater, into: &buffer) {
      case .inflated(let count):
        let known = Int(min(passedOver, Int64(count)))
        passedOver -= Int64(known)
        if known > 0 { buffer.replaceSubrange(..<count, with: buffer[known..<count]) }
        if known > 0 { buffer.append(contentsOf: repeatElement(0, count: known)) }
        if count > known { return count - known }
      case .needsInput: inflater.supply(try readBytes(&inflater.input))
      case .end: return 0
      }
    }
  }

  private func inflate(
    by inflater: GzipInflater, into buffer: inout [UInt8]
  ) throws(LogReadError) -> GzipInflater.Step {
    do throws(GzipError) {
      return try inflater.inflate(into: &buffer)
    } catch {
      throw .compressed(path: path, error)
    }
  }

  private func readBytes(_ buffer: inout [UInt8]) throws(LogReadError) -> Int {
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
    // The line that it had not finished is gone too; the bytes before are counted.
    bytesCutOff += parser.position.offset - end
    parser = LogParser(at: LinePosition(line: parser.position.line, offset: end))
    rememberWhatIsThere()
  }

  /// The first bytes, inflated if they are compressed, at most so many.
  func beginning(_ countMax: Int) -> [UInt8] {
    guard isCompressed else { return bytes(from: 0, countMax) }
    var bytes: [UInt8] = []
    do throws(LogReadError) {
      let file = try OpenLogFile(LogFile(path: path))
      var buffer = [UInt8](repeating: 0, count: countMax)
      while bytes.count < countMax {
        let count = try file.read(&buffer)
        if count == 0 { break }
        bytes += buffer[..<count]
      }
    } catch {
      // What comes before the damage is its beginning.
    }
    return Array(bytes.prefix(countMax))
  }

  /// The bytes before an offset, at most so many.
  func bytes(before end: Int64, _ countMax: Int) -> [UInt8] {
    let start = max(0, end - Int64(countMax))
    return bytes(from: start, Int(end - start))
  }

  private func bytes(from start: Int64, _ countMax: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: countMax)
    let count = unsafe bytes.withUnsafeMutableBytes {
      unsafe pread(descriptor, $0.baseAddress, $0.count, off_t(start))
    }
    return Array(bytes.prefix(max(0, count)))
  }
}

// MARK: - Files that are cut

extension OpenLogFile {
  /// Whether this is still the file that was read, though it may be shorter: its id says so, or what
  /// there is of its first bytes.
  private var beginsAsItWas: Bool {
    let now = bytes(from: 0, head.count)
    if now.elementsEqual(head.prefix(now.count)) { return true }
    guard let id = FileMark.segmentID(in: head[...]) else { return false }
    return FileMark.segmentID(in: now[...]) == id
  }

  /// If the file is shorter than what was read of it, goes on at its new end, or at its start if
  /// something else is there now, and tells so.
  func checkLength() throws(LogReadError) {
    let size = try identity().size
    let read = offset
    guard size < read else { return }
    let end = beginsAsItWas ? size : 0
    try continueAtEnd(end)
    throw .truncated(path: path, from: read, to: end)
  }

  /// The same for a file that has grown beyond what was read of it since it was cut.
  ///
  /// One with an id is the same file: what is behind `start` was never read. Another is a new file.
  private func checkContinuity(from start: Int64) throws(LogReadError) {
    guard path != LogLocation.standardInput, !tail.isEmpty else { return }
    let hasOldHead = bytes(from: 0, head.count) == head
    let before = bytes(before: start, tail.count)
    // Shorter than before: its end was found.
    guard before.count == tail.count, !hasOldHead || before != tail else { return }
    let isSame = FileMark.segmentID(in: head[...]) != nil && beginsAsItWas
    let goesOn = isSame ? start : 0
    try continueAtEnd(goesOn)
    throw .rewritten(path: path, readTo: start, goesOnAt: goesOn)
  }

  private func remember(_ bytes: ArraySlice<UInt8>, from start: Int64) {
    if start == Int64(head.count), head.count < FileMark.headBytesMax {
      head += bytes.prefix(FileMark.headBytesMax - head.count)
    }
    tail = Array((tail + bytes.suffix(FileMark.tailBytesMax)).suffix(FileMark.tailBytesMax))
  }

  private func rememberWhatIsThere() {
    head = bytes(from: 0, Int(min(offset, Int64(FileMark.headBytesMax))))
    tail = bytes(before: offset, FileMark.tailBytesMax)
  }
}

// MARK: - Files that are renamed

extension OpenLogFile {
  /// What is compared of two files: the first line with its id, time and number is shorter.
  private static let beginningBytes = 512

  /// Whether a compressed file begins as this one does, so that it was made of it.
  func isBeginning(ofCompressed file: LogFile) -> Bool {
    var own = [UInt8](repeating: 0, count: Self.beginningBytes)
    let count = unsafe own.withUnsafeMutableBytes {
      unsafe pread(descriptor, $0.baseAddress, $0.count, 0)
    }
    guard count > 0 else { return false }
    var other = [UInt8](repeating: 0, count: count)
    do throws(LogReadError) {
      return try OpenLogFile(file).read(&other) == count && other[...] == own[..<count]
    } catch {
      // It is told when it is read.
      return false
    }
  }
}

// As its follower.
@available(*, unavailable)
extension OpenLogFile: Sendable {}

/// Which file a name or a descriptor leads to, and its size.
package struct FileIdentity {
  let device: UInt
  let inode: UInt
  let size: Int64
  let isRegular: Bool
  /// When it was last written to, since 1970.
  let modified: Duration

  package init?(path: String) {
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
    modified = .seconds(status.st_mtim.tv_sec) + .nanoseconds(status.st_mtim.tv_nsec)
  }

  package func isSameFile(as other: FileIdentity) -> Bool {
    device == other.device && inode == other.inode
  }
}

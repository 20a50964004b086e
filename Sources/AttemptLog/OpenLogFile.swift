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
  /// - Returns: whether it is shorter than that; it is then followed from its end.
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
    return false
  }

  /// How many bytes were read, and inflated if they were compressed; 0 at the end.
  func read(_ buffer: inout [UInt8]) throws(LogReadError) -> Int {
    guard let inflater else { return try readBytes(&buffer) }
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
struct FileIdentity {
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

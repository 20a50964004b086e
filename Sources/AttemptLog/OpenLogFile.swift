import Glibc

/// An open file of a log with its parser.
final class OpenLogFile {
  let path: String
  var number: Int?
  var isComplete: Bool
  var parser = LogParser()
  /// Bytes read, complete lines or not, as they are in the file.
  private(set) var offset: Int64 = 0
  private let descriptor: Int32
  /// Of a compressed file.
  private var inflater: GzipInflater?

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

  /// How many bytes were read, and inflated if they were compressed; 0 at the end.
  func read(_ buffer: inout [UInt8]) throws(LogReadError) -> Int {
    guard let inflater else { return try readBytes(&buffer) }
    while true {
      switch try inflate(by: inflater, into: &buffer) {
      case .inflated(let count): return count
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

import AttemptLog
import Glibc
public import Reliability

/// The file that keeps a monitor's state, and the generation before it.
///
/// One process at a time has it: the kernel gives the lock back whatever ends the process.
final class StateFile {
  let path: String
  /// Of the lock file, which is never renamed; below 0 while there is none.
  private var lock: CInt = -1

  /// 100 pairs, 1,000 accounts and 1,000,000 writers take less.
  static let bytesMax = 1 << 28

  var previousPath: String { path + ".previous" }
  private var lockPath: String { path + ".lock" }
  private var temporaryPath: String { path + ".new" }

  /// Fails only if the file is not ours, may not be read, or another process has it: one whose directory
  /// cannot be written to is tried again whenever it is saved.
  init(path: String) throws(StateFileError) {
    self.path = path
    if unsafe access(lockPath, F_OK) != 0, Self.isForeign(path) { throw .notState(path: path) }
    // To begin again at 0 beside a state that is sound would be a loss by mistake.
    if unsafe access(path, R_OK) != 0, errno == EACCES { throw .denied(path: path) }
    do throws(StateFileError) {
      try takeLock()
    } catch {
      if case .inUse = error { throw error }
    }
  }

  deinit {
    if lock >= 0 { close(lock) }
  }

  private func takeLock() throws(StateFileError) {
    guard lock < 0 else { return }
    let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
    let descriptor = unsafe open(lockPath, flags, 0o600)
    guard descriptor >= 0 else { throw .system(path: lockPath, call: "open", errno: errno) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let cause = errno
      close(descriptor)
      if cause == EWOULDBLOCK { throw .inUse(path: path) }
      throw .system(path: lockPath, call: "flock", errno: cause)
    }
    lock = descriptor
  }
}

// MARK: - Reading

extension StateFile {
  /// What was found of a state.
  struct Loaded<State> {
    /// Nil if there is none that can be used.
    var state: State?
    /// Why the files that are there cannot be used; they are kept as `*.broken`.
    var errors: [StateFileError] = []
  }

  /// Reads the newest state that can be used.
  func load<State>(_ decode: ([UInt8]) throws(StateError) -> State) -> Loaded<State> {
    var loaded = Loaded<State>()
    for path in [path, previousPath] {
      do throws(StateFileError) {
        guard let content = try Self.read(path) else { continue }
        let payload = try Self.payload(of: content, path: path)
        do throws(StateError) {
          loaded.state = try decode(payload)
        } catch {
          throw .undecodable(path: path, error)
        }
        return loaded
      } catch {
        loaded.errors.append(error)
        keepBroken(path, &loaded.errors)
      }
    }
    return loaded
  }

  private func keepBroken(_ path: String, _ errors: inout [StateFileError]) {
    // Without the lock the file is somebody else's to rename.
    guard lock >= 0, unsafe rename(path, path + ".broken") != 0, errno != ENOENT else { return }
    errors.append(.system(path: path, call: "rename", errno: errno))
  }

  /// Whether there is something that was never a state, so that it must not be moved out of the way: what
  /// was copied here and damaged is cut, full of NULs, or has most of its magic.
  private static func isForeign(_ path: String) -> Bool {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { return false }
    guard status.st_mode & S_IFMT == S_IFREG else { return true }
    var head = [UInt8](repeating: 0, count: magic.count)
    let count = unsafe head.withUnsafeMutableBytes {
      unsafe pread(descriptor, $0.baseAddress, $0.count, 0)
    }
    guard count > 0 else { return false }
    let begin = head[..<count]
    let equal = zip(begin, magic).count { $0 == $1 }
    return equal * 4 < begin.count * 3 && begin.contains { $0 != 0 }
  }

  /// Nil if there is no such file.
  private static func read(_ path: String) throws(StateFileError) -> [UInt8]? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw .system(path: path, call: "open", errno: errno)
    }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      throw .system(path: path, call: "fstat", errno: errno)
    }
    guard status.st_mode & S_IFMT == S_IFREG, status.st_size <= bytesMax else {
      throw .damaged(path: path)
    }
    var content = [UInt8](repeating: 0, count: Int(status.st_size))
    var filled = 0
    while filled < content.count {
      let count = unsafe content.withUnsafeMutableBytes {
        unsafe Glibc.read(descriptor, $0.baseAddress?.advanced(by: filled), $0.count - filled)
      }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw .system(path: path, call: "read", errno: errno) }
      if count == 0 { break }
      filled += count
    }
    return Array(content[..<filled])
  }
}

// MARK: - Writing

extension StateFile {
  /// Replaces the state; what was there is the generation before from then on.
  func save(_ payload: [UInt8]) throws(StateFileError) {
    try takeLock()
    let content = Self.content(payload)
    // It could not be read again.
    guard content.count <= Self.bytesMax else {
      throw .tooLarge(path: path, bytes: content.count)
    }
    // One that a kill left behind.
    unsafe unlink(temporaryPath)
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
    let descriptor = unsafe open(temporaryPath, flags, 0o600)
    guard descriptor >= 0 else { throw .system(path: temporaryPath, call: "open", errno: errno) }
    do throws(StateFileError) {
      defer { close(descriptor) }
      try write(content, to: descriptor)
      guard fdatasync(descriptor) == 0 else {
        throw .system(path: temporaryPath, call: "fdatasync", errno: errno)
      }
    } catch {
      unsafe unlink(temporaryPath)
      throw error
    }
    // A kill between the two leaves the generation before.
    guard unsafe rename(path, previousPath) == 0 || errno == ENOENT else {
      throw .system(path: path, call: "rename", errno: errno)
    }
    guard unsafe rename(temporaryPath, path) == 0 else {
      throw .system(path: path, call: "rename", errno: errno)
    }
    try syncDirectory()
  }

  private func write(_ content: [UInt8], to descriptor: CInt) throws(StateFileError) {
    var written = 0
    while written < content.count {
      let count = unsafe content.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress?.advanced(by: written), $0.count - written)
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw .system(path: temporaryPath, call: "write", errno: errno) }
      written += count
    }
  }

  /// The names are on disk when this returns.
  private func syncDirectory() throws(StateFileError) {
    let slash = path.lastIndex(of: "/")
    let directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let descriptor = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system(path: directory, call: "open", errno: errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else {
      throw .system(path: directory, call: "fsync", errno: errno)
    }
  }
}

// MARK: - Layout

extension StateFile {
  private static let magic = Array("relmonST".utf8)
  /// Changes with the layout of what is behind the header.
  static let version: UInt64 = 3
  /// Magic, version, length, checksum of both and the payload.
  static let headerBytes = 32

  /// The payload behind a header.
  static func content(_ payload: [UInt8]) -> [UInt8] {
    var coder = StateCoder()
    for word in [version, UInt64(payload.count)] {
      var word = word
      coder.code(&word)
    }
    var checksum = UInt64(Checksum.crc32C(coder.bytes + payload))
    coder.code(&checksum)
    return magic + coder.bytes + payload
  }

  static func payload(of content: [UInt8], path: String) throws(StateFileError) -> [UInt8] {
    guard content.starts(with: magic), content.count >= headerBytes else {
      throw .damaged(path: path)
    }
    var words: [UInt64] = [0, 0, 0]
    var coder = StateCoder(reading: Array(content[magic.count..<headerBytes]))
    for index in words.indices { coder.code(&words[index]) }
    let payload = Array(content[headerBytes...])
    let sum = Checksum.crc32C(content[magic.count..<headerBytes - 8] + payload)
    guard words[1] == UInt64(payload.count), words[2] == UInt64(sum) else {
      throw .damaged(path: path)
    }
    guard words[0] == version else { throw .unknownVersion(path: path, words[0]) }
    return payload
  }
}

// One owner at a time.
@available(*, unavailable)
extension StateFile: Sendable {}

/// Why a state cannot be kept, or one that was kept cannot be used.
public enum StateFileError: Error, Equatable, CustomStringConvertible {
  case inUse(path: String)
  case system(path: String, call: String, errno: Int32)
  case notState(path: String)
  /// It belongs to another user.
  case denied(path: String)
  case damaged(path: String)
  case tooLarge(path: String, bytes: Int)
  case unknownVersion(path: String, UInt64)
  case undecodable(path: String, StateError)

  public var description: String {
    switch self {
    case .inUse(let path): "the state \"\(path)\" is in use by another process"
    case .system(let path, let call, let errno):
      "cannot keep the state: \"\(path)\": \(SystemError.text(errno)) (\(call), errno \(errno))"
    case .denied(let path):
      "the state \"\(path)\" may not be read: give it to the user that runs relmon, or remove it"
    case .notState(let path):
      "\"\(path)\" is not a state of relmon; it is left as it is: name another file"
    case .damaged(let path): "the state \"\(path)\" is damaged: its length or checksum is wrong"
    case .tooLarge(let path, let bytes):
      "cannot keep the state \"\(path)\": it would have \(bytes) bytes, at most "
        + "\(StateFile.bytesMax) can be read again"
    case .unknownVersion(let path, let version):
      "the state \"\(path)\" has version \(version), this version of relmon reads "
        + "\(StateFile.version)"
    case .undecodable(let path, let error): "the state \"\(path)\" cannot be used: \(error)"
    }
  }
}

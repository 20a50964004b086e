import AttemptLog
import Glibc

/// A file that is written beside its place and renamed, so that a reader finds the old or the new
/// one, and never a part.
struct OutputFile: Sendable {
  let path: String

  /// Readable for all, as the node exporter runs as another user; the umask still counts.
  private static let permissions: mode_t = 0o644

  func write(_ bytes: [UInt8]) throws(Failure) {
    try check()
    // Not with the ending of the place, by which the node exporter finds its files.
    let random = String(UInt64.random(in: .min ... .max), radix: 16)
    let beside = "\(path).\(random).tmp"
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
    let descriptor = unsafe open(beside, flags, Self.permissions)
    guard descriptor >= 0 else { throw failure("open", errno) }
    do throws(Failure) {
      try fill(descriptor, with: bytes)
      guard unsafe rename(beside, path) == 0 else { throw failure("rename", errno) }
    } catch {
      unsafe unlink(beside)
      throw error
    }
  }

  /// Whether it may be written: a link or a device is not what a rename should replace.
  func check() throws(Failure) {
    let slash = path.lastIndex(of: "/").map { path.index(after: $0) }
    let directory = slash.map { String(path[..<$0]) } ?? "."
    guard unsafe access(directory, W_OK | X_OK) == 0 else { throw failure("access", errno) }
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else {
      guard errno == ENOENT else { throw failure("lstat", errno) }
      return
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw Failure(code: .inputOutput, message: "cannot replace \"\(path)\": not a regular file")
    }
  }

  private func fill(_ descriptor: Int32, with bytes: [UInt8]) throws(Failure) {
    var written = 0
    var cause: (operation: String, errno: Int32)?
    while written < bytes.count, cause == nil {
      let count = unsafe bytes.withUnsafeBytes { buffer in
        unsafe Glibc.write(
          descriptor, buffer.baseAddress?.advanced(by: written), buffer.count - written)
      }
      if count >= 0 {
        written += count
      } else if errno != EINTR {
        cause = ("write", errno)
      }
    }
    // Otherwise the name could be on the disk before what it names.
    if cause == nil && fdatasync(descriptor) != 0 { cause = ("fdatasync", errno) }
    if close(descriptor) != 0 && cause == nil { cause = ("close", errno) }
    if let cause { throw failure(cause.operation, cause.errno) }
  }

  private func failure(_ operation: String, _ errno: Int32) -> Failure {
    Failure(
      code: .inputOutput,
      message:
        "cannot write \"\(path)\": \(SystemError.text(errno)) (\(operation), errno \(errno))")
  }
}

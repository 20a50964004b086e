import AttemptLog
import Glibc

/// A local file that cannot be uploaded.
public struct AudioFileError: Error, Equatable {
  public enum Cause: Equatable, Sendable {
    case systemCall(String, errno: Int32)
    case notRegularFile
    case tooLarge(bytesMax: Int)
  }

  public let path: String
  public let cause: Cause
}

extension AudioFileError: CustomStringConvertible {
  public var description: String {
    let reason =
      switch cause {
      case .systemCall(let call, let errno):
        "\(SystemError.text(errno)) (\(call), errno \(errno))"
      case .notRegularFile: "not a regular file"
      case .tooLarge(let bytesMax): "larger than \(bytesMax) bytes"
      }
    return "cannot read \(path.debugDescription): \(reason)"
  }
}

enum AudioFile {
  private static let chunkBytes = 1 << 20

  /// The whole file, in memory.
  static func bytes(of path: String, max bytesMax: Int) throws(AudioFileError) -> [UInt8] {
    // A FIFO without a writer would hold the open.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw failed(path, "open") }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw failed(path, "fstat") }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw AudioFileError(path: path, cause: .notRegularFile)
    }
    var bytes: [UInt8] = []
    // A file may grow while it is read, so the limit is on what was read.
    while bytes.count <= bytesMax {
      var count = 0
      let chunk = unsafe [UInt8](unsafeUninitializedCapacity: chunkBytes) { buffer, length in
        count = unsafe read(descriptor, buffer.baseAddress, buffer.count)
        length = max(0, count)
      }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw failed(path, "read") }
      if count == 0 { return bytes }
      bytes += chunk
    }
    throw AudioFileError(path: path, cause: .tooLarge(bytesMax: bytesMax))
  }

  private static func failed(_ path: String, _ call: String) -> AudioFileError {
    AudioFileError(path: path, cause: .systemCall(call, errno: errno))
  }
}

import Glibc

/// Why a log cannot be opened for writing.
public enum LogWriterError: Error, Equatable, Sendable {
  /// A system call failed on the way.
  case systemCall(path: String, call: String, errno: CInt)
  /// A symbolic link, FIFO, device, socket or directory stands where the file should be.
  case notRegularFile(path: String, kind: FileKind)
  /// The file has other names too: a write would change somebody else's file.
  case severalNames(path: String, count: Int)
  /// The file belongs to another user.
  case foreignOwner(path: String, owner: UInt32)
  /// Everybody may write to a directory on the way, and so replace the log.
  case unsafeDirectory(path: String)
  /// An option that begins new files, for a log that is a single file.
  case needsDirectory(path: String, option: String)
}

/// What a path leads to, if not to a regular file.
public enum FileKind: String, Equatable, Sendable {
  case symbolicLink = "symbolic link"
  case fifo = "FIFO"
  case device
  case socket
  case directory
  case other = "special file"

  /// Nil for a regular file.
  init?(mode: mode_t) {
    switch mode & S_IFMT {
    case S_IFREG: return nil
    case S_IFLNK: self = .symbolicLink
    case S_IFIFO: self = .fifo
    case S_IFCHR, S_IFBLK: self = .device
    case S_IFSOCK: self = .socket
    case S_IFDIR: self = .directory
    default: self = .other
    }
  }
}

extension LogWriterError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .systemCall(let path, let call, let errno):
      "cannot open \(path.debugDescription): \(SystemError.text(errno)) (\(call), errno \(errno))"
    case .notRegularFile(let path, let kind):
      "cannot open \(path.debugDescription): a \(kind.rawValue), not a regular file"
    case .severalNames(let path, let count):
      "cannot open \(path.debugDescription): the file has \(count) names, must have one"
    case .foreignOwner(let path, let owner):
      "cannot open \(path.debugDescription): the file belongs to another user (uid \(owner))"
    case .unsafeDirectory(let path):
      "cannot log to \(path.debugDescription): everybody may write there, must be a directory "
        + "that only its owner or group may write to"
    case .needsDirectory(let path, let option):
      "cannot log to \(path.debugDescription) with \(option): that begins new files, must be a "
        + "directory"
    }
  }

  /// Why records are lost while the log cannot be opened.
  var dropReason: DropReason {
    guard case .systemCall(_, _, let errno) = self else { return .other }
    return DropReason(errno: errno)
  }
}

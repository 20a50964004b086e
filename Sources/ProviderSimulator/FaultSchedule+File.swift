import AttemptLog
import Glibc

extension FaultSchedule {
  public init(path: String) throws(FaultScheduleFileError) {
    let bytes = try Self.read(path)
    do throws(FaultScheduleError) {
      try self.init(bytes)
    } catch {
      throw .malformed(path, error)
    }
  }

  private static func read(_ path: String) throws(FaultScheduleFileError) -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system(path, operation: "open", errno: errno) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    // One byte too many is enough for the schedule to refuse it.
    while bytes.count <= bytesMax {
      let count = unsafe buffer.withUnsafeMutableBytes {
        unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw .system(path, operation: "read", errno: errno)
      }
      if count == 0 { break }
      bytes += buffer.prefix(count)
    }
    return bytes
  }
}

/// A schedule that cannot be used.
public enum FaultScheduleFileError: Error, Equatable, CustomStringConvertible {
  case system(String, operation: String, errno: Int32)
  case malformed(String, FaultScheduleError)

  public var description: String {
    switch self {
    case .system(let path, let operation, let errno):
      "cannot read schedule \"\(path)\": \(SystemError.text(errno)) (\(operation), errno \(errno))"
    case .malformed(let path, let error): "schedule \"\(path)\", \(error)"
    }
  }
}

import AttemptLog
import Glibc
import Reliability

extension Zone {
  /// Where systems keep the database, the first that has the zone.
  private static let directories = [
    "/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo",
  ]
  /// No name of the database is nearly as long.
  private static let nameBytesMax = 255

  /// Reads a zone of the system's database by its IANA name.
  init(named name: String) throws(ZoneFileError) {
    guard Self.isPlain(name) else { throw .unknown }
    for directory in Self.directories {
      let path = directory + "/" + name
      guard let bytes = try Self.read(path) else { continue }
      do throws(ZoneError) {
        try self.init(name: name, tzif: bytes)
        return
      } catch .notTZif {
        // Tables for people stand beside the zones.
        throw .unknown
      } catch {
        throw .unusable(path, error)
      }
    }
    guard Self.directories.contains(where: { unsafe access($0, R_OK) == 0 }) else {
      throw .noDatabase
    }
    throw .unknown
  }

  /// A name that leads nowhere else: letters, digits, `+`, `-`, `_`, and single slashes within.
  private static func isPlain(_ name: String) -> Bool {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    return name.utf8.count <= nameBytesMax
      && parts.allSatisfy { part in
        !part.isEmpty
          && part.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
              || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
              || "+-_".utf8.contains(byte)
          }
      }
  }

  /// The bytes of a file, one more than may be at most; nil if it is not there or no file.
  private static func read(_ path: String) throws(ZoneFileError) -> [UInt8]? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    if descriptor < 0 {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw .system(path, operation: "open", errno: errno)
    }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 14)
    while bytes.count <= fileBytesMax {
      let count = unsafe buffer.withUnsafeMutableBytes {
        unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
      }
      if count < 0 {
        if errno == EINTR { continue }
        if errno == EISDIR { return nil }
        throw .system(path, operation: "read", errno: errno)
      }
      if count == 0 { break }
      bytes += buffer.prefix(count)
    }
    return bytes
  }
}

/// Why a zone cannot be had.
enum ZoneFileError: Error, CustomStringConvertible {
  case unknown
  case noDatabase
  case unusable(String, ZoneError)
  case system(String, operation: String, errno: Int32)

  var description: String {
    switch self {
    case .unknown: "unknown time zone"
    case .noDatabase: "this system has no database of time zones (Debian: package tzdata)"
    case .unusable(let path, let error): "cannot use \"\(path)\": \(error)"
    case .system(let path, let operation, let errno):
      "cannot read \"\(path)\": \(SystemError.text(errno)) (\(operation), errno \(errno))"
    }
  }
}

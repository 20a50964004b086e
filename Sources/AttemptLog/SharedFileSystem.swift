import Glibc

/// File systems on which the appends of several hosts can overwrite each other.
enum SharedFileSystem {
  /// The type of the file system of a directory if it is such a one: `nfs4`, `cifs`, `fuse.sshfs`.
  ///
  /// Nil also if the type cannot be told.
  static func type(of directory: String, mounts: String?) -> String? {
    var status = stat()
    guard let mounts, unsafe stat(directory, &status) == 0 else { return nil }
    return type(ofDevice: "\(major(status.st_dev)):\(minor(status.st_dev))", mounts: mounts)
  }

  /// proc(5): `36 35 98:0 /root /mnt rw shared:1 - nfs4 server:/export rw`, any number of fields
  /// before the hyphen.
  static func type(ofDevice device: String, mounts: String) -> String? {
    for line in mounts.split(separator: "\n") {
      let fields = line.split(separator: " ")
      guard fields.count > 2, fields[2] == device,
        let hyphen = fields.dropFirst(6).firstIndex(of: "-"), hyphen + 1 < fields.count
      else { continue }
      let type = String(fields[hyphen + 1])
      return isShared(type) ? type : nil
    }
    return nil
  }

  private static func isShared(_ type: String) -> Bool {
    ["nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse", "fuseblk", "9p"].contains(type)
      || type.hasPrefix("fuse.")
  }

  /// Of this process, 1 MiB of it at most.
  static func mountInfo() -> String? {
    let descriptor = unsafe open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    var end = 0
    while end < bytes.count {
      let count = unsafe bytes.withUnsafeMutableBytes {
        unsafe read(descriptor, $0.baseAddress?.advanced(by: end), $0.count - end)
      }
      if count <= 0 { break }
      end += count
    }
    return String(decoding: bytes[..<end], as: UTF8.self)
  }

  // makedev(3), which Swift does not import.
  private static func major(_ device: dev_t) -> UInt64 {
    UInt64(device) >> 8 & 0xFFF | UInt64(device) >> 32 & 0xFFFF_F000
  }

  private static func minor(_ device: dev_t) -> UInt64 {
    UInt64(device) & 0xFF | UInt64(device) >> 12 & 0xFFFF_FF00
  }
}

import Foundation
import Glibc
import TestSupport
import Testing

@testable import AttemptLog

struct LogPlaceTests {
  let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
    unsafe chmod(directory.path, 0o700)
  }

  @Test func `a directory that is missing is created for its owner alone`() throws {
    let path = directory.file("log/")
    _ = try LogWriter.make(path)
    var status = stat()
    try #require(unsafe stat(path, &status) == 0)
    #expect(status.st_mode & 0o7777 == 0o700)
    #expect(FileManager.default.fileExists(atPath: path + "attempts.jsonl"))
  }

  @Test func `a relative path stays where it was`() async {
    await #expect(processExitsWith: .success) {
      let test = try LogPlaceTests()
      chdir(test.directory.path)
      let place = try LogPlace(path: "a.log")
      #expect(place.path == test.directory.file("a.log"))
    }
  }

  @Test(arguments: [(0o777, false), (0o1777, true), (0o770, true)])
  func `a directory that everybody may write to is refused unless it is sticky and ours`(
    mode: mode_t, isSafe: Bool
  ) throws {
    unsafe chmod(directory.path, mode)
    let refusal = LogWriterError.unsafeDirectory(path: directory.path)
    if isSafe {
      _ = try LogPlace(path: directory.path)
    } else {
      #expect(throws: refusal) { try LogPlace(path: directory.path) }
      #expect(
        refusal.description
          == "cannot log to \"\(directory.path)\": everybody may write there, must be a directory "
          + "that only its owner or group may write to")
    }
  }

  @Test func `a parent that everybody may write to is refused`() throws {
    let inner = directory.file("inner")
    try FileManager.default.createDirectory(atPath: inner, withIntermediateDirectories: false)
    unsafe chmod(directory.path, 0o777)
    #expect(throws: LogWriterError.unsafeDirectory(path: directory.path)) {
      try LogPlace(path: inner)
    }
  }

  @Test(.enabled(if: geteuid() == 0, "only root can give a directory away"))
  func `a sticky directory of somebody else is refused`() throws {
    unsafe chmod(directory.path, 0o1777)
    try #require(unsafe chown(directory.path, 65_534, 65_534) == 0)
    #expect(throws: LogWriterError.unsafeDirectory(path: directory.path)) {
      try LogPlace(path: directory.path)
    }
  }

  @Test(
    arguments: [
      ("0:44", "nfs4"), ("0:45", "fuse.sshfs"), ("0:46", "cifs"), ("8:1", nil), ("9:9", nil),
    ] as [(String, String?)])
  func `a file system of several hosts is known by its type`(device: String, type: String?) {
    let mounts = """
      22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
      36 22 0:44 / /mnt/nfs rw,noatime shared:1 master:2 - nfs4 server:/export rw,vers=4.2
      37 22 0:45 / /mnt/a\\040b rw - fuse.sshfs host:/ rw
      38 22 0:46 / /mnt/c rw - cifs //host/share rw
      """
    #expect(SharedFileSystem.type(ofDevice: device, mounts: mounts) == type)
  }

  @Test func `a log on a file system of several hosts is warned about once`() throws {
    var status = stat()
    try #require(unsafe stat(directory.path, &status) == 0)
    let device = "\(status.st_dev >> 8 & 0xFFF):\(status.st_dev & 0xFF)"
    let warnings = Locked<[String]>([])
    var configuration = LogWriter.Configuration.make()
    configuration.warn = { warning in warnings.withLock { $0.append(warning.description) } }
    var calls = LogCalls()
    calls.mounts = { "1 0 \(device) / / rw - nfs server:/ rw\n" }
    var generator = SystemRandomNumberGenerator()
    let writer = try LogWriter(
      path: directory.path, configuration: configuration, using: &generator, calls: calls)
    writer.close()
    #expect(
      warnings.withLock { $0 } == [
        "the log \"\(directory.file("attempts.jsonl"))\" is on nfs: appends are atomic on local "
          + "file systems only"
      ])
  }
}

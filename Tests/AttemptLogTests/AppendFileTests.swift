import Foundation
import Glibc
import TestSupport
import Testing

@testable import AttemptLog

/// Places where a log must not be opened.
struct AppendFileTests {
  let directory: TemporaryDirectory
  let path: String

  init() throws {
    directory = try TemporaryDirectory()
    path = directory.file("a.log")
  }

  @Test func `a symbolic link is refused`() throws {
    try Data().write(to: URL(filePath: directory.file("target")))
    try #require(unsafe symlink(directory.file("target"), path) == 0)
    #expect(refusal() == "cannot open \"\(path)\": a symbolic link, not a regular file")
  }

  @Test func `a dangling symbolic link is refused`() throws {
    try #require(unsafe symlink(directory.file("nowhere"), path) == 0)
    #expect(refusal() == "cannot open \"\(path)\": a symbolic link, not a regular file")
    #expect(!FileManager.default.fileExists(atPath: directory.file("nowhere")))
  }

  @Test(arguments: [false, true])
  func `a FIFO is refused and never waited for`(hasReader: Bool) throws {
    try #require(unsafe mkfifo(path, 0o600) == 0)
    let reader = hasReader ? unsafe open(path, O_RDONLY | O_NONBLOCK) : -1
    defer { close(reader) }
    #expect(refusal() == "cannot open \"\(path)\": a FIFO, not a regular file")
  }

  @Test func `a device is refused`() {
    #expect(refusal("/dev/full") == #"cannot open "/dev/full": a device, not a regular file"#)
  }

  @Test func `a file with a second name is refused`() throws {
    try Data().write(to: URL(filePath: path))
    try #require(unsafe link(path, directory.file("other")) == 0)
    #expect(refusal() == "cannot open \"\(path)\": the file has 2 names, must have one")
  }

  @Test(.enabled(if: geteuid() == 0, "only root can give a file away"))
  func `a file of another user is refused`() throws {
    try Data().write(to: URL(filePath: path))
    try #require(unsafe chown(path, 65_534, 65_534) == 0)
    #expect(
      refusal() == "cannot open \"\(path)\": the file belongs to another user (uid 65534)")
  }

  @Test func `a directory that does not exist is named with its errno`() {
    let path = directory.file("no/a.log")
    #expect(
      refusal(path) == "cannot open \"\(path)\": no such file or directory (open, errno 2)")
  }

  @Test func `a directory without permission is named with its errno`() async {
    await #expect(processExitsWith: .success) {
      let test = try AppendFileTests()
      unsafe chmod(test.directory.path, 0o500)
      // Root may write anywhere; a child process can become somebody else.
      if geteuid() == 0 {
        unsafe chown(test.directory.path, 65_534, 65_534)
        try #require(setuid(65_534) == 0)
      }
      #expect(
        test.refusal() == "cannot open \"\(test.path)\": permission denied (open, errno 13)")
      unsafe chmod(test.directory.path, 0o700)
    }
  }

  @Test func `a path is shown with its control characters escaped`() {
    let path = directory.file("no/\u{1b}[2J\"\n")
    #expect(refusal(path)?.contains(#"/no/\u{1B}[2J\"\n": no such file"#) == true)
  }

  private func refusal(_ path: String? = nil) -> String? {
    do {
      _ = try LogWriter(path: path ?? self.path)
      return nil
    } catch {
      return error.description
    }
  }
}

import AttemptLog
import Foundation
import Glibc
import TestSupport
import Testing

struct MetricsOutputTests {
  private let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
    var bytes: [UInt8] = []
    try LineWriter().append(.make(.attempt(.make())), to: &bytes)
    try Data(bytes).write(to: URL(fileURLWithPath: directory.file("attempts.jsonl")))
  }

  private func metrics(_ options: String...) throws -> (
    output: String, errors: String, status: Int32
  ) {
    let arguments = ["metrics", "--now", "2026-11-23T00:00:00Z"] + options
    return try BuiltTool("relmon", arguments, in: directory.path).finish()
  }

  private func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
  }

  @Test func `both formats can be asked for`() throws {
    let plain = try metrics()
    #expect(try metrics("--format=prometheus", "--output=-").output == plain.output)
    #expect(plain.output.contains("\n# TYPE api_client_attempts_total counter\n"))
    let openMetrics = try metrics("--format=openmetrics").output
    #expect(openMetrics.hasPrefix("# TYPE api_client_attempts counter\n"))
    #expect(openMetrics.hasSuffix("\n# EOF\n"))
  }

  @Test func `a file is replaced as a whole, readable, and nothing else is left`() throws {
    let path = directory.file("relmon.prom")
    try Data("old".utf8).write(to: URL(fileURLWithPath: path))
    let old = try #require(FileHandle(forReadingAtPath: path))
    let result = try metrics("--output", "relmon.prom")
    #expect(result.output.isEmpty && result.errors.isEmpty && result.status == 0)
    let written = try String(contentsOfFile: path, encoding: .utf8)
    #expect(try metrics().output == written)
    // Renamed, not rewritten: who has the old one open reads it to its end.
    #expect(try old.readToEnd() == Data("old".utf8))
    #expect(try names() == ["attempts.jsonl", "relmon.prom"])
    var status = stat()
    #expect(lstat(path, &status) == 0)
    let mask = umask(0)
    umask(mask)
    #expect(status.st_mode & 0o777 == 0o644 & ~mask)
  }

  @Test func `what is no regular file is not replaced`() throws {
    try FileManager.default.createSymbolicLink(
      atPath: directory.file("link"), withDestinationPath: "attempts.jsonl")
    for name in ["link", "."] {
      let result = try metrics("--output", name)
      #expect(result.errors == "relmon: cannot replace \"\(name)\": not a regular file\n")
      #expect(result.status == 5)
    }
    #expect(try names() == ["attempts.jsonl", "link"])
  }

  @Test func `a file that cannot be written is one clear line, and leaves nothing`() throws {
    let missing = try metrics("--output", "missing/relmon.prom")
    #expect(
      missing.errors == "relmon: cannot write \"missing/relmon.prom\": no such file or directory "
        + "(access, errno 2)\n")
    #expect(missing.status == 5)
    let script = #"ulimit -f 1; trap '' XFSZ; exec "$0" metrics --output relmon.prom"#
    let shell = Process()
    shell.executableURL = URL(fileURLWithPath: "/bin/sh")
    let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let tool = URL(fileURLWithPath: tests).deletingLastPathComponent().appending(path: "relmon")
    shell.arguments = ["-c", script, tool.path]
    shell.currentDirectoryURL = URL(fileURLWithPath: directory.path)
    let errors = Pipe()
    shell.standardError = errors
    try shell.run()
    let told = try errors.fileHandleForReading.readToEnd() ?? Data()
    shell.waitUntilExit()
    #expect(
      String(decoding: told, as: UTF8.self)
        == "relmon: cannot write \"relmon.prom\": file too large (write, errno 27)\n")
    #expect(shell.terminationStatus == 5)
    #expect(try names() == ["attempts.jsonl"])
  }
}

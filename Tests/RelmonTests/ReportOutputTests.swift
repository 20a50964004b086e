import AttemptLog
import Foundation
import TestSupport
import Testing

/// Where the reports of `relmon report` go, and what its gates do.
struct ReportOutputTests {
  private let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
    let text = LogText.someOperations.lines.map { $0 + "\n" }.joined()
    try Data(text.utf8).write(to: URL(fileURLWithPath: directory.file("attempts.jsonl")))
  }

  private func report(
    _ arguments: String...
  ) throws -> (output: String, errors: String, status: Int32) {
    try BuiltTool(
      "relmon", ["report", "--now", "2026-11-23T00:00:00Z"] + arguments, in: directory.path
    ).finish()
  }

  private func file(_ name: String) throws -> String {
    try String(contentsOfFile: directory.file(name), encoding: .utf8)
  }

  @Test func `one reading makes several reports, each by its ending`() throws {
    let result = try report(
      "--output", "a.txt", "--output=b.json", "--output", "-", "--output=c.md", "--output=d.html")
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.isEmpty)
    #expect(try file("a.txt") == report().output)
    #expect(try file("b.json") == report("--format=json").output)
    #expect(try file("c.md") == report("--format", "markdown").output)
    #expect(try file("d.html") == report("--format=html").output)
    #expect(try file("d.html").hasPrefix("<!DOCTYPE html>"))
    #expect(result.output == (try report().output))
  }

  @Test func `the format is that of standard output`() throws {
    let result = try report("--output=a.txt", "--output=-", "--format=json")
    #expect(result.output == (try report("--format=json").output))
    #expect(try file("a.txt") == report().output)
    // Nothing goes to standard output, but it is what the file is.
    #expect(try report("--output=b.json", "--format=json").output.isEmpty)
  }

  @Test func `a file that cannot be is told before the log is read`() throws {
    try FileManager.default.createSymbolicLink(
      atPath: directory.file("link.txt"), withDestinationPath: "attempts.jsonl")
    let link = try report("--output=link.txt", "missing.jsonl")
    #expect(link.errors == "relmon: cannot replace \"link.txt\": not a regular file\n")
    #expect(link.status == 5)
    let nowhere = try report("--output=nowhere/a.txt", "missing.jsonl")
    #expect(
      nowhere.errors
        == "relmon: cannot write \"nowhere/a.txt\": no such file or directory (access, errno 2)\n")
    #expect(nowhere.status == 5)
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).count == 2)
  }

  @Test func `the log is not replaced by what is made of it`() throws {
    let log = try file("attempts.jsonl")
    try FileManager.default.createDirectory(
      atPath: directory.file("dir"), withIntermediateDirectories: false)
    for copy in ["dir/attempts.jsonl", "log.json"] {
      try Data(log.utf8).write(to: URL(fileURLWithPath: directory.file(copy)))
    }
    for arguments in [
      ["metrics", "--output", "attempts.jsonl"],
      ["metrics", "--output", "./attempts.jsonl", directory.file("attempts.jsonl")],
      ["metrics", "--output", "dir/attempts.jsonl", "dir"],
      ["report", "--output", "log.json", "log.json"],
    ] {
      let result = try BuiltTool("relmon", arguments, in: directory.path).finish()
      #expect(
        result.errors
          == "relmon: option \"--output\": \"\(arguments[2])\" is not another file than the log that "
          + "is read\n")
      #expect(result.status == 2)
    }
    for copy in ["attempts.jsonl", "dir/attempts.jsonl", "log.json"] {
      #expect(try file(copy) == log)
    }
    #expect(try report("--output=dir/report.md", "dir").status == 0)
  }

  @Test func `a gate that fails is a line and exit 1, and the report is there`() throws {
    let result = try report(
      "--fail-on", "success_rate<0.99", "--fail-on=attempts>1000", "--fail-on=slo.consumed>1",
      "--output=a.txt")
    #expect(
      result.errors == """
        relmon: --fail-on "success_rate<0.99" fails: success_rate is 0.5 (2/4)
        relmon: --fail-on "slo.consumed>1" fails: slo.consumed is 100

        """)
    #expect(result.status == 1)
    #expect(try file("a.txt") == report().output)
    #expect(try report("--fail-on", "success_rate<0.5").status == 0)
  }

  @Test func `of several things that are wrong a failed gate is the first`() throws {
    let handle = try #require(FileHandle(forWritingAtPath: directory.file("attempts.jsonl")))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data("garbage\n".utf8))
    try handle.close()
    #expect(try report("--strict").status == 3)
    #expect(try report("--strict", "--week=2020-W01").status == 3)
    #expect(try report("--strict", "--fail-on=success_rate<0.9").status == 1)
    #expect(try report("--week=2020-W01").status == 4)
    // Nothing happened, so that there is no rate; but there are fewer than ten.
    #expect(try report("--week=2020-W01", "--fail-on=success_rate<0.9").status == 4)
    #expect(try report("--week=2020-W01", "--fail-on=operations<10").status == 1)
  }

  // MARK: - On a terminal

  private func onTerminal(
    columns: Int, _ environment: [String: String?] = [:], _ arguments: String...
  ) throws -> String {
    let plain: [String: String?] = ["NO_COLOR": nil, "COLUMNS": nil, "TERM": "xterm"]
    return try BuiltTool(
      "relmon", ["report", "--now=2026-11-23T00:00:00Z"] + arguments, in: directory.path,
      columns: columns, environment: plain.merging(environment) { $1 }
    ).finish().output.replacing("\r\n", with: "\n")
  }

  private func width(_ text: String) -> Int {
    text.replacing(#/\x1B\[[0-9;]*m/#, with: "").split(separator: "\n").map(\.count).max() ?? 0
  }

  @Test func `a terminal is filled and coloured, a pipe and a file are neither`() throws {
    let wide = try onTerminal(columns: 140)
    let narrow = try onTerminal(columns: 60)
    #expect(wide.contains("\u{1B}["))
    #expect(width(wide) <= 140)
    #expect(width(narrow) <= 60)
    #expect(narrow != wide)
    let piped = try report().output
    #expect(!piped.contains("\u{1B}"))
    #expect(width(piped) <= 100)
    _ = try onTerminal(columns: 60, [:], "--output=a.txt")
    #expect(try file("a.txt") == piped)
  }

  @Test func `whoever wants no colour gets none`() throws {
    for environment in [["NO_COLOR": "1"], ["TERM": "dumb"], ["TERM": nil]] {
      #expect(try !onTerminal(columns: 100, environment).contains("\u{1B}"))
    }
    #expect(try onTerminal(columns: 100, ["NO_COLOR": ""]).contains("\u{1B}"))
    #expect(try width(onTerminal(columns: 100, ["COLUMNS": "50"])) <= 50)
    #expect(try !onTerminal(columns: 100, [:], "--format=markdown").contains("\u{1B}"))
  }
}

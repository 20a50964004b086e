import Foundation
import TestSupport
import Testing

@testable import Report

struct TailCommandTests {
  private let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
  }

  private func run(_ arguments: String...) throws -> (
    output: String, errors: String, status: Int32
  ) {
    try BuiltTool("relmon", ["tail"] + arguments, in: directory.path).finish()
  }

  private func append(_ lines: some Sequence<String>, to name: String = "attempts.jsonl") throws {
    let path = directory.file(name)
    if !FileManager.default.fileExists(atPath: path) {
      #expect(FileManager.default.createFile(atPath: path, contents: nil))
    }
    let file = try #require(FileHandle(forWritingAtPath: path))
    try file.seekToEnd()
    try file.write(contentsOf: Data(lines.map { $0 + "\n" }.joined().utf8))
    try file.close()
  }

  private static let story = LogText(writer: "0123456789abcdef")
    .add("segment", "09:59:59", #""segment":"s""#)
    .add("writer_start", "10:00:00", #""host":"worker","pid":7,"version":"0.1.0""#)
    .start("10:00:01", "rescued-operation")
    .attempt(
      "10:00:02", "rescued-operation", error: "rate_limited",
      #""max_attempts":3,"http_status":429,"error_code":"rate_limit_exceeded","decision":"retry","backoff_ms":2013.5,"backoff_source":"server""#
    )
    .attempt("10:00:06", "rescued-operation", attempt: 2, #""max_attempts":3,"latency_ms":843"#)
    .operation("10:00:06", "rescued-operation", attempts: 2, #""duration_ms":4857,"slept_ms":2014"#)
    .attempt("10:01:00", "poll", #""operation":"poll","parent_id":"lost-operation""#)
    .attempt(
      "10:01:02", "lost-operation", error: "timeout", #""http_status":null,"error_type":"timedOut""#
    )
    .operation(
      "10:01:02", "lost-operation", outcome: "not_retryable",
      #""error_class":"timeout","error_type":"timedOut","duration_ms":90000"#
    )
    .add("dropped", "10:02:00", #""count":3,"reason":"enospc""#)
    .add("writer_stop", "10:03:00")

  @Test func `each attempt and operation is a line in columns`() throws {
    try append(Self.story.lines)
    let result = try run()
    #expect(result.output == (try Golden.expected("tail.txt", for: Array(result.output.utf8))))
    #expect(result.errors == "")
    #expect(result.status == 0)
  }

  private func textOf80Columns() throws -> String {
    // The environment is inherited, so a shell sets it.
    let shell = Process()
    let output = Pipe()
    shell.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let tool = URL(fileURLWithPath: tests).deletingLastPathComponent().path + "/relmon"
    shell.arguments = ["COLUMNS=80", tool, "tail", directory.file("attempts.jsonl")]
    shell.standardOutput = output
    try shell.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    shell.waitUntilExit()
    return text
  }

  @Test func `lines fit the terminal`() throws {
    try append(Self.story.lines)
    let text = try textOf80Columns()
    #expect(text == (try Golden.expected("tail-80.txt", for: Array(text.utf8))))
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 80 })
  }

  @Test func `letters of two columns have two`() throws {
    let wide = String(repeating: "語", count: 40)
    try append(
      LogText().attempt("10:00:00", "a", error: "timeout", #""error_code":"語""#)
        .attempt("10:00:01", "b", error: "timeout", #""error_code":"\#(wide)""#)
        .operation("10:00:02", "c", outcome: "success", #""provider":"\#(wide)""#).lines)
    let lines = try textOf80Columns().split(separator: "\n").map(String.init)
    #expect(lines.map { DisplayWidth.of($0) <= 80 } == [true, true, true])
    #expect(lines.map { $0.hasSuffix("…") } == [false, true, true])
  }

  @Test func `the last lines, of all or of some`() throws {
    try append(Self.story.lines)
    #expect(try run("--lines", "2").output.split(separator: "\n").count == 2)
    #expect(try run("--lines", "0").output == "")
    #expect(try run("--lines", "all").output == (try run().output))
    let failures = try run("--failures").output.split(separator: "\n")
    #expect(failures.count == 4)
    #expect(
      failures.allSatisfy { $0.contains("failed") || $0.contains("FAILED") || $0.contains("lost") })
    #expect(try run("--provider", "nobody").output == "")
    #expect(
      try run("--provider", "nobody", "--provider=lesan").output.split(separator: "\n").count == 6)
  }

  @Test func `several logs are told in the order of time`() throws {
    try append(LogText().operation("10:00:00", "a").operation("10:02:00", "c").lines, to: "one")
    try append(LogText(writer: "b").operation("10:01:00", "b").lines, to: "two")
    let times = try run("two", "one").output.split(separator: "\n").map { $0.prefix(19) }
    #expect(times == ["2026-11-18 10:00:00", "2026-11-18 10:01:00", "2026-11-18 10:02:00"])
  }

  @Test func `what a log holds steers no terminal`() throws {
    try append(
      LogText().operation(
        "10:00:00", "\\u001b]0;x", outcome: "not_retryable",
        #""provider":"\u001b[31m","operation":"\u202e","error_class":"other","error_code":"\n\u0007""#
      ).lines + ["{\u{1B}[2J"])
    let result = try run()
    #expect(result.output.contains(#"\u{1b}[31m/\u{202e}"#))
    #expect(result.output.contains("attempts.jsonl:2: malformed: "))
    #expect(!result.output.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
    #expect(result.output.split(separator: "\n").count == 2)
  }

  @Test func `a log is followed over a rotation until SIGINT`() throws {
    let first = LogText().add("segment", "09:00:00", #""segment":"1""#).operation("10:00:00", "a")
    try append(first.lines)
    let tool = try BuiltTool("relmon", ["tail", "--follow", directory.path])
    #expect(tool.line().hasPrefix("2026-11-18 10:00:00"))
    try append(LogText(seq: 3).operation("10:01:00", "b").lines)
    #expect(tool.line().hasPrefix("2026-11-18 10:01:00"))
    try FileManager.default.moveItem(
      atPath: directory.file("attempts.jsonl"), toPath: directory.file("attempts.000001.jsonl"))
    let second = LogText(seq: 4).add("segment", "10:02:00", #""segment":"2""#)
    try append(second.operation("10:02:00", "c").lines)
    #expect(tool.line().hasPrefix("2026-11-18 10:02:00"))
    tool.send(signal: SIGINT)
    let end = tool.finish()
    #expect(end.output == "")
    #expect(end.errors == "")
    #expect(end.status == 0)
  }

  @Test(arguments: [
    (["--lines", "many"], #"option "--lines": "many" is not a number from 0 to 10000, or all"#),
    (["--lines=10001"], #"option "--lines": "10001" is not a number from 0 to 10000, or all"#),
    (
      ["--follow", "-"],
      #"standard input cannot be followed: give a file or a directory, or leave out "--follow""#
    ),
  ])
  func `a wrong command line is one clear line`(arguments: [String], message: String) throws {
    let result = try BuiltTool("relmon", ["tail"] + arguments, in: directory.path).finish()
    #expect(result.errors == "relmon: \(message)\n")
    #expect(result.status == 2)
  }

  @Test func `a log that is not there is exit 5`() throws {
    let result = try run("missing.jsonl")
    #expect(
      result.errors
        == "relmon: cannot read \"missing.jsonl\": no such file or directory (stat, errno 2)\n")
    #expect(result.status == 5)
  }
}

import AttemptLog
import Foundation
import TestSupport
import Testing

/// `relmon verify`, run as a person or a script runs it.
struct VerifyTests {
  private let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
  }

  private func write(_ text: String, to name: String = "attempts.jsonl") throws {
    try write(Array(text.utf8), to: name)
  }

  private func write(_ bytes: [UInt8], to name: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: directory.file(name)))
  }

  private func verify(
    _ arguments: String..., input: [UInt8] = []
  ) throws -> (output: String, errors: String, status: Int32) {
    try BuiltTool("relmon", ["verify"] + arguments, in: directory.path, input: input).finish()
  }

  private func text(_ logs: LogText...) -> String {
    logs.flatMap(\.lines).map { $0 + "\n" }.joined()
  }

  /// A line as the writer begins it, so that it is found behind a torn one.
  private func stop(_ seq: Int, _ more: String = "") -> String {
    #"{"v":1,"kind":"writer_stop","time":"2026-11-18T10:00:00Z","writer":"stopper","seq":\#(seq)\#(more)}"#
  }

  // MARK: - A log with everything wrong

  /// Two segments, one of them compressed and cut short, and an active file that is being written.
  private func writeDamagedLog() throws {
    let sound = LogText(writer: "9f1c2ab37de40c55").add(
      "segment", "10:00:00", #""segment":"00112233aabbccdd","number":1"#
    )
    .attempt("10:00:01", "a").operation("10:00:01", "a")
    try write(
      Gzip.member(Array(text(sound).utf8), level: 0).dropLast(9), to: "attempts.000001.jsonl.gz")

    let esc = "\u{1B}]0;owned\u{7}\u{202E}\u{200B}"
    let more = LogText(writer: "9f1c2ab37de40c55", seq: 10)
      .attempt("10:01:00", "b", error: "haunted", #""error_message":"\#(esc)""#)
      .add("operation", "10:01:01", #""provider":"lesan","operation":7"#)
      .add("heartbeat", "10:01:02")
      .add("dropped", "10:01:03", #""count":17"#)
      .add("attempt", "10:01:04", #""provider":"lesan","operation":null"#)
      .attempt("10:01:05", "c", #""latency_ms":-1"#)
      .attempt("10:01:06", "c", error: "haunted")
    let again = LogText(writer: "9f1c2ab37de40c55", seq: 12).add("heartbeat", "10:01:02")
    let padded = stop(5, #","pad":"\#(String(repeating: "x", count: 20_000))""#)
    try write(
      text(more, again) + "\n \t\r\n"
        + "gar\(esc)bage\n" + stop(1).dropLast(9) + stop(2) + stop(3) + "\n"
        + #"{"v":2,"kind":"attempt"}"# + "\n" + padded + "\n",
      to: "attempts.000002.jsonl")
    let invalid = Array(#"{"v":1,"kind":"att"#.utf8) + [0xFF, 0x9B] + Array("empt\"}\n".utf8)
    try write(
      invalid + [UInt8](repeating: 0, count: 300) + Array("\n".utf8)
        + Array((stop(7) + "\n" + stop(8).dropLast(20)).utf8), to: "attempts.jsonl")
  }

  @Test func `everything that is wrong is told, and is safe to print`() throws {
    try writeDamagedLog()
    let result = try verify(".")
    let bytes = Array(result.output.utf8)
    #expect(try result.output == Golden.expected("verify.txt", for: bytes))
    #expect(result.errors.isEmpty)
    #expect(result.status == 1)
    let hidden = result.output.unicodeScalars.filter {
      $0.properties.generalCategory == .control && $0 != "\n"
        || $0.properties.generalCategory == .format
    }
    #expect(hidden.isEmpty)
  }

  @Test func `the same as JSON`() throws {
    try writeDamagedLog()
    let result = try verify("--format=json", ".")
    let bytes = Array(result.output.utf8)
    #expect(try result.output == Golden.expected("verify.json", for: bytes))
    #expect(result.status == 1)
    let parsed = try JSONSerialization.jsonObject(with: Data(bytes))
    let object = try #require(parsed as? [String: Any])
    #expect(object["sound"] as? Bool == false)
    #expect((object["findings"] as? [Any])?.count == 12)
  }

  // MARK: - What is wrong, and what is not

  @Test func `a sound log is exit 0`() throws {
    try write(text(.someOperations))
    let result = try verify()
    #expect(result.output.hasSuffix("\n\nOK: every line is sound and none is missing.\n"))
    #expect(result.output.hasPrefix("Read 13 lines ("))
    #expect(result.errors.isEmpty)
    #expect(result.status == 0)
    #expect(try verify("--format=json").output.contains("\"sound\": true"))
  }

  @Test func `an empty log is sound`() throws {
    try write("")
    let result = try verify()
    #expect(result.output.hasPrefix("Read 0 lines (0 bytes) of 1 file.\n"))
    #expect(result.status == 0)
  }

  private static let rest = LogText(seq: 14)
  private static let verdicts: [(line: String, status: Int32)] = [
    ("", 0),
    ("\n\n \r\n", 0),
    (rest.add("heartbeat", "10:00:00").lines[0] + "\n", 0),
    (rest.operation("10:00:00", "x", outcome: "vanished").lines[0] + "\n", 0),
    (rest.add("dropped", "10:00:00", #""count":0"#).lines[0] + "\n", 0),
    (#"{"v":1,"kind":"writer_st"#, 0),
    (rest.add("dropped", "10:00:00", #""count":1"#).lines[0] + "\n", 1),
    (rest.add("dropped", "10:00:00", #""count":0,"reason":"sync_failed""#).lines[0] + "\n", 0),
    (
      rest.add("dropped", "10:00:00", #""count":0,"reason":"truncated_by_others""#).lines[0] + "\n",
      1
    ),
    (rest.add("writer_stop", "10:00:00", #""seq":13"#).lines[0] + "\n", 1),
    (rest.add("writer_stop", "10:00:00", #""seq":15"#).lines[0] + "\n", 1),
    ("{}\n", 1),
    ("gone\n", 1),
  ]

  @Test(arguments: verdicts)
  func `a rejected, missing or lost line is exit 1, an unknown or unfinished one is not`(
    more: String, status: Int32
  ) throws {
    try write(text(.someOperations) + more)
    #expect(try verify().status == status)
  }

  @Test func `values outside a closed set are told with the lines that have them`() throws {
    let values = ["Timeout", "RateLimit", "Timeout", "\\u001b[2J", "a", "b", "c", "d"]
    let log = values.enumerated().reduce(LogText()) {
      $0.attempt("10:00:0\($1.offset)", "\($1.offset)", error: $1.element)
    }
    try write(text(log.operation("10:00:09", "end", outcome: "meh")))
    let result = try verify("attempts.jsonl")
    #expect(
      result.output.contains(
        """

        Values outside the closed set of their key
          error_class "Timeout" in 2 lines, first attempts.jsonl:1
          error_class "RateLimit" in 1 line, first attempts.jsonl:2
          error_class "\\u{1b}[2J" in 1 line, first attempts.jsonl:4
          error_class "a" in 1 line, first attempts.jsonl:5
          error_class "b" in 1 line, first attempts.jsonl:6
          outcome "meh" in 1 line, first attempts.jsonl:9
          … and others in 2 lines

        """))
    #expect(result.status == 0)
    let json = try verify("attempts.jsonl", "--format=json").output
    #expect(
      json.contains(
        #"{"key": "error_class", "value": "Timeout", "lines": 2, "file": "attempts.jsonl", "line": 1}"#
      ))
  }

  @Test func `optional keys of another type are told with the lines that have them`() throws {
    let log = LogText().add("writer_start", "10:00:00", #""host":7,"pid":"7""#)
      .attempt("10:00:01", "1", #""http_status":"200","audio_seconds":-1,"account":null"#)
      .attempt("10:00:02", "2", #""http_status":2e2,"quota_reset":1700000000"#)
      .operation("10:00:03", "2", #""http_status":200.5"#)
    try write(text(log))
    let result = try verify("attempts.jsonl")
    #expect(
      result.output.contains(
        """

        Keys that count as absent, for their values are of another type
          host, expected a string, in 1 line, first attempts.jsonl:1
          pid, expected an integer, in 1 line, first attempts.jsonl:1
          http_status, expected an integer, in 2 lines, first attempts.jsonl:2
          audio_seconds, expected a number from 0, in 1 line, first attempts.jsonl:2
          quota_reset, expected an RFC 3339 time with Z or an offset, in 1 line, first attempts.jsonl:3

        """))
    #expect(result.status == 0)
  }

  @Test func `losses are told by their reason`() throws {
    let log = Self.rest.add("dropped", "10:00:00", #""count":3,"reason":"enospc""#)
      .add("dropped", "10:00:00", #""count":2,"reason":"enospc""#)
      .add("dropped", "10:00:00", #""count":1,"reason":"meteor""#)
      .add("dropped", "10:00:00", #""count":0,"reason":"truncated_by_others""#)
    try write(text(.someOperations) + log.lines.joined(separator: "\n") + "\n")
    let result = try verify()
    #expect(
      result.output.contains(
        """
          lost            6  lines that their writers could not write, as they say
            enospc        5
            other         1
          cut by others   1  times; what the file held is gone

        """))
    #expect(result.output.contains("WRONG: 6 lost, 1 cut by others.\n"))
    let json = try verify("--format=json").output
    #expect(json.contains(#""enospc": {"reports": 2, "lines": 5}"#))
  }

  @Test func `a log that is there twice is all duplicates`() throws {
    try write(text(.someOperations))
    try FileManager.default.copyItem(
      atPath: directory.file("attempts.jsonl"), toPath: directory.file("copy.jsonl"))
    let result = try verify("attempts.jsonl", "copy.jsonl")
    #expect(result.output.contains("\n  rejected     13\n    duplicate  13\n"))
    #expect(
      result.output.contains(
        "copy.jsonl:1: duplicate: seq 1 of writer \"a\" was read before; each start of a process "
          + "needs a writer id of its own (file offset 0)\n"))
    #expect(
      result.output.contains("copy.jsonl:2: duplicate: seq 2 of writer \"a\" was read before (file")
    )
    #expect(result.output.hasSuffix("\nWRONG: 13 rejected.\n"))
    #expect(result.status == 1)
  }

  @Test func `standard input is read`() throws {
    let bytes = Array((text(.someOperations) + "{]\n").utf8)
    let result = try verify("-", input: bytes)
    #expect(
      result.output.hasPrefix(
        "-:14: malformed: expected a string in quotes at byte 1 of the line (file offset "))
    #expect(result.status == 1)
  }

  @Test func `a flood of findings is bounded and counted`() throws {
    try write(text(.someOperations) + String(repeating: "{]\n", count: 1000) + "{}\n")
    let result = try verify()
    let findings = result.output.split(separator: "\n").filter { $0.hasPrefix("attempts.jsonl:") }
    #expect(findings.count == 51)
    // The rare reason is not drowned by the frequent one.
    #expect(findings.last?.hasPrefix("attempts.jsonl:1014: schema: ") == true)
    #expect(result.output.contains("\n… and 950 more: malformed\n"))
    #expect(result.output.contains("\n    malformed  1,000\n"))
  }

  // MARK: - What cannot be read

  @Test func `a file that cannot be read is exit 5, and the rest is verified`() throws {
    try FileManager.default.createDirectory(
      atPath: directory.file("logs/attempts.000001.jsonl"), withIntermediateDirectories: true)
    try write("{]\n")
    let result = try verify("logs", "attempts.jsonl")
    #expect(
      result.errors
        == "relmon: cannot read \"logs/attempts.000001.jsonl\": not a regular file or a directory\n"
    )
    #expect(result.output.hasPrefix("attempts.jsonl:1: malformed: "))
    #expect(
      result.output.hasSuffix(
        "\nWRONG: 1 rejected.\nINCOMPLETE: 1 of the logs could not be read to the end.\n"))
    #expect(result.status == 5)
    #expect(try verify("missing.jsonl").status == 5)
  }

  @Test func `a damaged compressed segment is told by every command`() throws {
    let whole = Gzip.member(Array(text(.someOperations).utf8))
    try write(Array(whole.dropLast(4)), to: "a.jsonl.gz")
    let message =
      "cannot read the rest of \"a.jsonl.gz\": it ends at byte \(whole.count - 4), "
      + "expected more deflated data; what was inflated before counts\n"
    for command in [["metrics"], ["report", "--week=2026-W47"]] {
      let arguments = command + ["--now=2026-11-23T00:00:00Z", "a.jsonl.gz"]
      let result = try BuiltTool("relmon", arguments, in: directory.path).finish()
      #expect(result.errors == "relmon: " + message)
      #expect(!result.output.isEmpty)
      #expect(result.status == 0)
      let strict = try BuiltTool("relmon", arguments + ["--strict"], in: directory.path).finish()
      #expect(strict.status == 3)
    }
    let result = try verify("a.jsonl.gz")
    #expect(result.output.hasPrefix(message))
    #expect(result.output.contains("\n  accepted       13\n"))
    #expect(result.output.hasSuffix("\nWRONG: 1 damaged file.\n"))
    #expect(result.status == 1)
  }
}

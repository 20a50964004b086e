import AttemptLog
import Foundation
import TestSupport
import Testing

/// Runs the built tool: what it prints, where, and how it ends.
struct RelmonTests {
  private let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
  }

  private func run(
    _ arguments: String...
  ) throws -> (output: String, errors: String, status: Int32) {
    try BuiltTool("relmon", arguments, in: directory.path).finish()
  }

  private func write(_ records: [Record], to name: String = "attempts.jsonl") throws {
    var bytes: [UInt8] = []
    for record in records { try LineWriter().append(record, to: &bytes) }
    try Data(bytes).write(to: URL(fileURLWithPath: directory.file(name)))
  }

  private func writeSample() throws {
    var failure = AttemptRecord.make(outcome: .failure, latency: 812.4, decision: .retry)
    failure.error = ErrorFacts(
      httpStatus: 503, layer: .http, errorClass: .serverError, type: "server_error",
      code: "service_unavailable")
    failure.backoffMilliseconds = 1000
    var success = AttemptRecord.make(attempt: 2)
    success.sleptMilliseconds = 1000.5
    success.sleptSource = .computed
    success.retryReason = .serverError
    try write([
      .make(.attempt(failure)),
      .make(.attempt(success), seq: 2),
      .make(.operation(.make(attempts: 2, duration: 1912.9, slept: 1000.5)), seq: 3),
    ])
  }

  private static let now = "2026-11-23T00:00:00Z"

  // MARK: - Usage

  @Test(arguments: [
    ([], #"no command given; try "relmon --help""#),
    (["reprot"], #"unknown command "reprot"; did you mean "report"?"#),
    (["--port"], #"unknown option "--port"; try "relmon --help""#),
    (["frobnicate"], #"unknown command "frobnicate"; try "relmon --help""#),
    (["report", "--wek=last"], #"unknown option "--wek"; did you mean "--week"?"#),
    (["serve", "-"], #"standard input cannot be followed: give a file or a directory, not "-""#),
    (["report", "-x"], #"unknown option "-x"; try "relmon report --help""#),
    (["report", "--week"], #"option "--week" needs a value: WEEK"#),
    (["report", "--strict=yes"], #"option "--strict" takes no value"#),
    (["report", "--week=last", "--week=this"], #"option "--week" may be given once only"#),
    (
      ["report", "--now=0001-01-07T23:00:00Z"],
      #"option "--now": "0001-01-07T23:00:00Z" is not a time with a week before it"#
    ),
    (
      ["report", "--week", "2026-W54"],
      #"option "--week": "2026-W54" is not a week: 2026-W47, last or this"#
    ),
    (
      ["report", "--week=last", "--since=7d"],
      #"options "--week" and "--since" exclude each other"#
    ),
    (
      ["report", "--since=2016-11-16", "--until=2026-11-25"],
      #"option "--since": "2016-11-16" is not at most 3660 days before the end of the window"#
    ),
    (["report", "--until=2026-11-25"], #"option "--until" needs "--since""#),
    (
      ["report", "--since=2026-11-25", "--until=2026-11-25"],
      #"option "--since": "2026-11-25" is not before the end of the window, 2026-11-25T00:00:00Z"#
    ),
    (
      ["report", "--since=soon"],
      #"option "--since": "soon" is not a date, an RFC 3339 time or a span such as 7d, 12h, 30m"#
    ),
    (["verify", "--format=xml"], #"option "--format": "xml" is not text or json"#),
    (["metrics", "--format=text"], #"option "--format": "text" is not prometheus or openmetrics"#),
    (["completions"], "SHELL is missing: bash, zsh, fish"),
    (["completions", "fisch"], #""fisch" is not one of bash, zsh, fish; did you mean "fish"?"#),
    (["completions", "bash", "zsh"], #"unexpected argument "zsh""#),
    (["manual", "report"], #"unexpected argument "report""#),
    (["help", "reprot"], #"unknown command "reprot"; did you mean "report"?"#),
    (["help", "report", "serve"], #"unexpected argument "serve""#),
    (["verfy"], #"unknown command "verfy"; did you mean "verify"?"#),
    (
      ["report", "--format=xml"],
      #"option "--format": "xml" is not one of text, markdown, html, json"#
    ),
    (
      ["report", "--output=weekly.pdf"],
      #"option "--output": "weekly.pdf" is not a file that ends in .txt, .md, .html, .json, or -"#
    ),
    (
      ["report", "--output=a.txt", "--output=a.txt"],
      #"option "--output": "a.txt" is given twice"#
    ),
    (
      ["report", "--format=json", "--output=a.txt"],
      #"options "--format json" and "--output a.txt" exclude each other"#
    ),
    (
      ["report", "--fail-on", "retry_succes_ratio<0.5"],
      #"option "--fail-on": unknown figure "retry_succes_ratio"; did you mean "retry_success_ratio"?"#
    ),
    (
      ["report", "--slo=100.1"],
      #"option "--slo": "100.1" is not a percentage from 1 to 100: 99.5"#
    ),
    (
      ["report", "--timezone", "Europe/Berln"],
      #"option "--timezone": "Europe/Berln" is not a time zone of this system, such as Europe/Berlin"#
    ),
    (
      ["report", "--timezone=../zoneinfo/Europe/Berlin"],
      #"option "--timezone": "../zoneinfo/Europe/Berlin" is not a time zone of this system, such as Europe/Berlin"#
    ),
    (
      ["report", "--timezone="],
      #"option "--timezone": "" is not a time zone of this system, such as Europe/Berlin"#
    ),
    (
      ["metrics", "--now=today"],
      #"option "--now": "today" is not an RFC 3339 time: 2026-11-23T00:00:00Z"#
    ),
    (
      ["serve", "--web.listen-address", "localhost"],
      #"option "--web.listen-address": "localhost" is not an IP address and a port: 127.0.0.1:19464, [::1]:19464, :19464"#
    ),
    (
      ["serve", "--web.telemetry-path=metrics"],
      #"option "--web.telemetry-path": "metrics" is not a path such as /metrics"#
    ),
  ])
  func `a wrong command line is one clear line and exit 2`(
    arguments: [String], message: String
  ) throws {
    let result = try BuiltTool("relmon", arguments, in: directory.path).finish()
    #expect(result.errors == "relmon: \(message)\n")
    #expect(result.output.isEmpty)
    #expect(result.status == 2)
  }

  @Test(arguments: ["serve", "metrics", "report", "verify"])
  func `each command has help with an example`(command: String) throws {
    let result = try run(command, "--help")
    #expect(result.output.hasPrefix("usage: relmon \(command) [OPTION…] [LOG…]\n"))
    #expect(result.output.contains("\nexample:\n  relmon \(command) "))
    #expect(result.status == 0)
    #expect(try run("--help").output.contains("\n  \(command) "))
    #expect(try run("help", command).output == result.output)
    #expect(try run(command, "-h").output == result.output)
  }

  @Test func `the version is told`() throws {
    #if DEBUG
      let build = "debug"
    #else
      let build = "release"
    #endif
    let pattern = #"relmon \S+ \(\#(build) build, Swift 6\.\d.*, Linux on \w+\)\n"#
    let version = try run("--version").output
    #expect(version.wholeMatch(of: try Regex(pattern)) != nil, "\(version)")
    #expect(version.hasPrefix("relmon \(relmonVersion) "))
  }

  // MARK: - Input

  @Test func `a log that is not there is one clear line and exit 5`() throws {
    for command in ["report", "metrics", "verify"] {
      let result = try run(command, "missing.jsonl")
      #expect(
        result.errors
          == "relmon: cannot read \"missing.jsonl\": no such file or directory (stat, errno 2)\n")
      #expect(result.status == 5)
    }
  }

  @Test func `a log that nobody named is told to be the usual one`() throws {
    for command in ["report", "metrics", "verify", "tail"] {
      let result = try run(command)
      #expect(
        result.errors
          == "relmon: cannot read \"attempts.jsonl\": no such file or directory (stat, errno 2)"
          + "; no LOG was given, and $RELMON_LOG is not set\n")
    }
  }

  @Test func `a directory without a log is one clear line and exit 5`() throws {
    let result = try run("report", ".")
    #expect(
      result.errors
        == "relmon: no log in \".\": expected attempts.jsonl or attempts.000001.jsonl, …\n")
    #expect(result.status == 5)
  }

  @Test func `a garbage line is told with its place, and fails only with --strict`() throws {
    try writeSample()
    let handle = try #require(FileHandle(forWritingAtPath: directory.file("attempts.jsonl")))
    let size = try handle.seekToEnd()
    try handle.write(contentsOf: Data("gar\u{1B}[2Jbage\n".utf8))
    try handle.close()
    let result = try run("report", "--now", Self.now)
    #expect(
      result.errors
        == "relmon: attempts.jsonl:4: malformed: expected an object at byte 0 of the line "
        + "(file offset \(size))\n")
    #expect(result.output.contains("1 rejected"))
    #expect(result.status == 0)
    #expect(try run("report", "--strict", "--now", Self.now).status == 3)
    #expect(try run("metrics", "--strict", "--now", Self.now).status == 3)
    #expect(try run("metrics", "--now", Self.now).status == 0)
  }

  @Test func `a window without data is exit 4`() throws {
    try writeSample()
    let result = try run("report", "--week", "2026-W46", "--now", Self.now)
    #expect(
      result.output.replacing("\n", with: " ").contains(
        "INSUFFICIENT DATA: no operation ended in this window; the log has 1, and lines from "
          + "2026-11-16T08:15:30Z to 2026-11-16T08:15:30Z: choose another window (--week, --since)."
      ),
      "\(result.output.prefix(400))")
    #expect(result.status == 4)
  }

  @Test func `a log that is named twice is read once`() throws {
    try writeSample()
    let once = try run("metrics", "--now", Self.now, "attempts.jsonl").output
    let again = directory.file("attempts.jsonl")
    #expect(
      try run("metrics", "--now", Self.now, "attempts.jsonl", "./attempts.jsonl", again).output
        == once)
  }

  @Test func `who writes no operations is told so`() throws {
    let log = (0..<10).reduce(LogText()) { $0.attempt("11:00:00", "\($1)") }
    try log.lines.map { $0 + "\n" }.joined().write(
      toFile: directory.file("attempts.jsonl"), atomically: true, encoding: .utf8)
    let cause = #"no line of kind "operation""#
    let report = try run("report", "--week", "2026-W47", "--now", "2026-11-18T12:00:00Z")
    #expect(report.output.replacing("\n", with: " ").contains(cause))
    let check = try run("check", "--now", "2026-11-18T12:00:00Z")
    #expect(check.output.contains(cause))
    #expect(check.status == 3)
    #expect(try run("verify").output.contains("But \(cause)"))
  }

  @Test func `the log is read from standard input`() throws {
    try writeSample()
    let log = try Data(contentsOf: URL(fileURLWithPath: directory.file("attempts.jsonl")))
    let tool = try BuiltTool("relmon", ["metrics", "-", "--now", Self.now], input: Array(log))
    let result = tool.finish()
    #expect(result.output.contains("\nrelmon_log_records_total{kind=\"attempt\"} 2\n"))
    #expect(result.status == 0)
  }

  // MARK: - Windows

  @Test(arguments: [
    (["--week", "2026-W47"], "2026-W47"), ([], "2026-W47"),
    (["--week=this"], "2026-W48"),
    (["--since=2026-11-16", "--until=2026-11-17"], "2026-11-16"),
    (["--since", "7d"], "2026-W47"),
    (["--since=1h"], "2026-11-22T23:00:00Z/2026-11-23T00:00:00Z"),
  ])
  func `a window is a week, a day or a span`(options: [String], label: String) throws {
    try writeSample()
    let arguments = ["report", "--format=json", "--now", Self.now] + options
    let result = try BuiltTool("relmon", arguments, in: directory.path).finish()
    #expect(result.output.contains("\"window\": {\"label\": \"\(label)\", "), "\(result)")
  }

  @Test(arguments: [
    (["--week", "2026-W13"], "2026-03-22T23:00:00Z", "2026-03-29T22:00:00Z"),
    (["--week", "2026-W43"], "2026-10-18T22:00:00Z", "2026-10-25T23:00:00Z"),
    // In Berlin it is Monday for half an hour.
    (
      ["--week=this", "--now=2026-11-22T23:30:00Z"], "2026-11-22T23:00:00Z", "2026-11-29T23:00:00Z"
    ),
    (
      ["--week=last", "--now=2026-11-22T23:30:00Z"], "2026-11-15T23:00:00Z", "2026-11-22T23:00:00Z"
    ),
    (
      ["--since=2026-03-29", "--until=2026-03-30"], "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"
    ),
    (
      ["--since=2026-03-29T00:00:00Z", "--until=2026-03-30"], "2026-03-29T00:00:00Z",
      "2026-03-29T22:00:00Z"
    ),
  ])
  func `weeks and dates are those of the time zone`(
    options: [String], from: String, to: String
  ) throws {
    try writeSample()
    let arguments = ["report", "--format=json", "--timezone", "Europe/Berlin"] + options
    let result = try BuiltTool("relmon", arguments, in: directory.path).finish()
    #expect(
      result.output.contains(
        #""from": "\#(from)", "to": "\#(to)", "timezone": "Europe/Berlin","#), "\(result)")
  }

  @Test func `the same input and options give the same bytes`() throws {
    try writeSample()
    for arguments in [["report"], ["report", "--format=json"], ["metrics"]] {
      let all = arguments + ["--now", Self.now]
      let first = try BuiltTool("relmon", all, in: directory.path).finish()
      let second = try BuiltTool("relmon", all, in: directory.path).finish()
      #expect(first.output == second.output)
      #expect(!first.output.isEmpty)
    }
  }

  // MARK: - Serving

  @Test func `the endpoint serves until SIGTERM`() throws {
    try writeSample()
    let tool = try BuiltTool(
      "relmon", ["serve", "--web.listen-address=127.0.0.1:0", "--slo=99.9"], in: directory.path)
    let line = tool.line(of: .errors)
    #expect(line.hasPrefix("relmon: serving http://127.0.0.1:"))
    #expect(line.hasSuffix("/metrics"))
    let port = try #require(line.split(separator: ":").last?.split(separator: "/").first)
    var answer = ""
    repeat {
      // A connection of its own for each, for it ends after a hundred.
      let client = try TCPClient(port: try #require(UInt16(port)))
      try client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
      answer = client.readAnswer()
    } while answer.hasPrefix("HTTP/1.1 503 ")
    #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
    #expect(answer.contains("\nrelmon_slo_objective_ratio 0.999\n"))
    #expect(
      answer.contains(
        "\napi_client_operations_total{provider=\"lesan\",operation=\"transcribe\","
          + "outcome=\"success\",retried=\"true\"} 1\n"))
    tool.send(signal: SIGTERM)
    #expect(tool.finish().status == 0)
  }

  @Test func `the endpoint serves before there is a log`() throws {
    let tool = try BuiltTool(
      "relmon", ["serve", "--web.listen-address=127.0.0.1:0"], in: directory.path)
    #expect(
      tool.line(of: .errors) == "relmon: there is no log at \"attempts.jsonl\" yet: waiting for it")
    #expect(tool.line(of: .errors).hasPrefix("relmon: serving http://127.0.0.1:"))
    tool.send(signal: SIGTERM)
    #expect(tool.finish().status == 0)
    let nowhere = try run("serve", "no/attempts.jsonl")
    #expect(
      nowhere.errors
        == "relmon: cannot read \"no/attempts.jsonl\": no such file or directory (stat, errno 2)\n")
    #expect(nowhere.status == 5)
  }

  @Test func `a state in use is one clear line and exit 5, and is free after the end`() throws {
    try writeSample()
    func serve() throws -> BuiltTool {
      try BuiltTool("relmon", ["serve", "--web.listen-address=127.0.0.1:0"], in: directory.path)
    }
    let first = try serve()
    #expect(first.line(of: .errors).hasPrefix("relmon: serving "))
    let second = try serve().finish()
    let state = "attempts.jsonl.relmon-state"
    #expect(second.errors == "relmon: the state \"\(state)\" is in use by another process\n")
    #expect(second.status == 5)
    first.send(signal: SIGTERM)
    #expect(first.finish().status == 0)
    #expect(FileManager.default.fileExists(atPath: directory.file(state)))
    let third = try serve()
    #expect(third.line(of: .errors).hasPrefix("relmon: serving "))
    third.send(signal: SIGTERM)
    #expect(third.finish().errors == "")
  }

  @Test func `a port in use is one clear line and exit 5`() throws {
    try writeSample()
    let first = try BuiltTool(
      "relmon", ["serve", "--web.listen-address=127.0.0.1:0"], in: directory.path)
    let line = first.line(of: .errors)
    let address = try #require(
      line.split(separator: "/").dropFirst().first.map(String.init), "\(line)")
    let second = try run("serve", "--web.listen-address", address, "--state=other")
    #expect(
      second.errors
        == "relmon: cannot listen on \(address): address already in use (bind, errno 98)\n")
    #expect(second.status == 5)
    first.send(signal: SIGINT)
    #expect(first.finish().status == 0)
  }
}

import Foundation
import TestSupport
import Testing

/// What lies in samples/ is what the tools make today; `UPDATE_GOLDEN=1` makes it anew.
@Suite(.serialized) struct SampleTests {
  private static let now = "2026-11-23T00:00:00Z"
  private static let samples = URL(fileURLWithPath: Repository.root + "/samples")

  private static var isUpdating: Bool {
    ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1"
  }

  private func expectCurrent(_ name: String, _ made: Data) throws {
    let file = Self.samples.appendingPathComponent(name)
    if Self.isUpdating { try made.write(to: file) }
    let isCurrent = try Data(contentsOf: file) == made
    #expect(isCurrent, "samples/\(name) is not what is made today; UPDATE_GOLDEN=1 rewrites it")
  }

  @Test func `the log of a week is that of the demo`() throws {
    let directory = try TemporaryDirectory()
    let log = directory.file("attempts.jsonl")
    let result = try BuiltTool("demo", ["--seed", "7", "--now", Self.now, "--log", log]).finish()
    #expect(result.status == 0, "\(result.errors)")
    try expectCurrent("attempts.jsonl", Data(contentsOf: URL(fileURLWithPath: log)))
  }

  @Test func `the log of four weeks is what the demo makes of its schedule`() throws {
    let directory = try TemporaryDirectory()
    let log = directory.file("four-weeks.jsonl")
    let schedule = Self.samples.appendingPathComponent("four-weeks.schedule.json").path
    let result = try BuiltTool(
      "demo",
      [
        "--seed=7", "--weeks=4", "--transcriptions=1200", "--now", Self.now, "--schedule", schedule,
        "--log", log,
      ]
    ).finish()
    #expect(result.status == 0, "\(result.errors)")
    let made = try Data(contentsOf: URL(fileURLWithPath: log))
    let file = Self.samples.appendingPathComponent("four-weeks.jsonl.gz")
    // What is compressed may differ from one zlib to the next.
    let kept = Gzip.inflated(Array(try Data(contentsOf: file)), atMost: 2 * made.count)
    if Self.isUpdating, kept != Array(made) {
      try Data(Gzip.member(Array(made), level: 9)).write(to: file)
    } else {
      let isCurrent = kept == Array(made)
      #expect(isCurrent, "samples/four-weeks.jsonl.gz is not current; UPDATE_GOLDEN=1 rewrites it")
    }
  }

  @Test func `the sample reports are those of the four weeks`() throws {
    let directory = try TemporaryDirectory()
    let names = ["report.txt", "report.md", "report.html", "report.json"]
    let log = Self.samples.appendingPathComponent("four-weeks.jsonl.gz").path
    let result = try BuiltTool(
      "relmon", ["report", "--now", Self.now] + names.map { "--output=\($0)" } + [log],
      in: directory.path
    ).finish()
    #expect(result.status == 0, "\(result.errors)")
    for name in names {
      try expectCurrent(name, Data(contentsOf: URL(fileURLWithPath: directory.file(name))))
    }
  }

  @Test(arguments: ["systemd/relmon-report.service", "cron/relmon-report"])
  func `the command that is run every week makes reports`(name: String) throws {
    let text = try String(contentsOf: Self.samples.appendingPathComponent(name), encoding: .utf8)
    let command = try #require(text.firstMatch(of: #/\/usr\/local\/bin\/relmon (report .*)/#)?.1)
    let directory = try TemporaryDirectory()
    let words = command.replacing("${STATE_DIRECTORY}", with: directory.path)
      .split(separator: " ").map(String.init).filter { $0 != "$RELMON_OPTIONS" }
    let log = Self.samples.appendingPathComponent("four-weeks.jsonl.gz").path
    let result = try BuiltTool(
      "relmon", words + ["--now", Self.now], environment: ["RELMON_LOG": log]
    ).finish()
    #expect(result.status == 0, "\(result.errors)")
    let files = try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
    #expect(files == (result.output.isEmpty ? ["report.html", "report.json", "report.md"] : []))
    let report = try String(
      contentsOf: Self.samples.appendingPathComponent("report.md"), encoding: .utf8)
    if files.isEmpty {
      #expect(result.output == report)
    } else {
      #expect(try String(contentsOfFile: directory.file("report.md"), encoding: .utf8) == report)
    }
  }

  @Test func `the demo makes at least 200 transcriptions and the log has every request`() throws {
    let directory = try TemporaryDirectory()
    let log = directory.file("attempts.jsonl")
    let result = try BuiltTool("demo", ["--seed", "8", "--log", log]).finish()
    let numbers = result.output.split(whereSeparator: { !$0.isNumber }).compactMap { Int($0) }
    let transcriptions = try #require(numbers.first)
    #expect(transcriptions >= 200)
    let answered = try #require(
      result.output.firstMatch(of: /simulator answered (\d+) requests/).flatMap { Int($0.1) })

    var requests = 0
    var ended = 0
    for line in try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n") {
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
      let record = try #require(object as? [String: Any])
      // AssemblyAI's transcribe is made of the submits and polls below it.
      let isRequest =
        record["provider"] as? String == "lesan" || record["operation"] as? String != "transcribe"
      if record["kind"] as? String == "attempt" && isRequest { requests += 1 }
      if record["kind"] as? String == "operation" && record["parent_id"] == nil { ended += 1 }
    }
    #expect(requests == answered)
    #expect(ended == transcriptions)
  }

  @Test func `the demo writes over no log`() throws {
    let directory = try TemporaryDirectory()
    let log = directory.file("attempts.jsonl")
    try Data("precious".utf8).write(to: URL(fileURLWithPath: log))
    let result = try BuiltTool("demo", ["--log", log]).finish()
    #expect(result.errors == "demo: \"\(log)\" exists; a log is never overwritten\n")
    #expect(result.status == 5)
    #expect(try String(contentsOfFile: log, encoding: .utf8) == "precious")
  }
}

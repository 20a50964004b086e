import Foundation
import TestSupport
import Testing

/// What lies in samples/ is what the tools make today; `UPDATE_GOLDEN=1` makes it anew.
struct SampleTests {
  private static let now = "2026-11-23T00:00:00Z"
  private static let samples = URL(fileURLWithPath: Repository.root + "/samples")

  private func expectCurrent(_ name: String, _ made: Data) throws {
    let file = Self.samples.appendingPathComponent(name)
    if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" { try made.write(to: file) }
    let isCurrent = try Data(contentsOf: file) == made
    #expect(isCurrent, "samples/\(name) is not what is made today; UPDATE_GOLDEN=1 rewrites it")
  }

  @Test func `the sample log is that of the demo`() throws {
    let directory = try TemporaryDirectory()
    let log = directory.file("attempts.jsonl")
    let result = try BuiltTool("demo", ["--seed", "7", "--now", Self.now, "--log", log]).finish()
    #expect(result.status == 0, "\(result.errors)")
    try expectCurrent("attempts.jsonl", Data(contentsOf: URL(fileURLWithPath: log)))
  }

  @Test(arguments: [("text", "report.txt"), ("json", "report.json")])
  func `the sample reports are those of the sample log`(format: String, name: String) throws {
    let log = Self.samples.appendingPathComponent("attempts.jsonl").path
    let result = try BuiltTool("relmon", ["report", "--now", Self.now, "--format", format, log])
      .finish()
    #expect(result.status == 0, "\(result.errors)")
    try expectCurrent(name, Data(result.output.utf8))
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

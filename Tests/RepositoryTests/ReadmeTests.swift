import Exposition
import Foundation
import TestSupport
import Testing

/// What the README shows is what there is; `UPDATE_GOLDEN=1` puts it right.
@Suite(.serialized) struct ReadmeTests {
  private static let path = Repository.root + "/README.md"

  private func text(_ path: String) throws -> String {
    try String(contentsOfFile: Repository.root + "/" + path, encoding: .utf8)
  }

  /// The text between `<!-- mark -->` and `<!-- end -->` is as expected.
  private func expectCurrent(_ mark: String, _ expected: String) throws {
    let readme = try text("README.md")
    let begin = try #require(readme.range(of: "<!-- \(mark) -->\n"))
    let end = try #require(readme[begin.upperBound...].range(of: "<!-- end -->"))
    let inside = begin.upperBound..<end.lowerBound
    if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
      let updated = readme.replacingCharacters(in: inside, with: expected)
      try updated.write(toFile: Self.path, atomically: true, encoding: .utf8)
    } else {
      #expect(readme[inside] == expected)
    }
  }

  @Test func `the report is that of the demo`() throws {
    let log = Repository.root + "/samples/attempts.jsonl"
    let result = try BuiltTool("relmon", ["report", "--now", "2026-11-23T00:00:00Z", log]).finish()
    #expect(result.status == 0, "\(result.errors)")
    let end = try #require(result.output.range(of: "\nOperations and attempts\n"))
    let begin = result.output[..<end.lowerBound]
    try expectCurrent("relmon report", "```text\n\(begin)\n…\n```\n")
  }

  @Test func `what verify says is what it says`() throws {
    let directory = try TemporaryDirectory()
    let lines = try text("samples/attempts.jsonl").split(separator: "\n").prefix(40)
    var log = lines.map { String($0) + "\n" }
    // A line is lost, one has a wrong type, one is torn and swallows the next.
    log[6] = ""
    let wrong = try #require(log.firstIndex { $0.contains("latency_ms") })
    log[wrong] = log[wrong].replacing(#""latency_ms":"#, with: #""latency_ms":-"#)
    log[20] = String(log[20].dropLast(180))
    try log.joined().write(
      toFile: directory.file("attempts.jsonl"), atomically: true, encoding: .utf8)
    let result = try BuiltTool("relmon", ["verify"], in: directory.path).finish()
    #expect(result.status == 1)
    try expectCurrent(
      "relmon verify", "```console\n$ relmon verify\n\(result.output)```\n")
  }

  @Test func `what check and tail say is what they say`() throws {
    let directory = try TemporaryDirectory()
    try LogText.outage.lines.map { $0 + "\n" }.joined().write(
      toFile: directory.file("attempts.jsonl"), atomically: true, encoding: .utf8)
    let check = try BuiltTool(
      "relmon", ["check", "--now", "2026-11-18T12:00:00Z"], in: directory.path
    ).finish()
    #expect(check.status == 2)
    try expectCurrent("relmon check", "```console\n$ relmon check\n\(check.output)```\n")
    let log = Repository.root + "/samples/attempts.jsonl"
    let tail = try BuiltTool("relmon", ["tail", "--lines", "400", log]).finish()
    let lines = tail.output.split(separator: "\n")
    let failed = try #require(lines.lastIndex { $0.contains("  retry in ") })
    let shown = lines[max(0, failed - 3)..<min(lines.count, failed + 5)]
    try expectCurrent(
      "relmon tail",
      "```console\n$ relmon tail\n\(shown.map { $0 + "\n" }.joined())```\n")
  }

  @Test(arguments: [
    "Tests/AttemptLogTests/ReadmeExampleTests.swift",
    "Tests/RetryTests/WrappingExampleTests.swift",
    "Tests/TranscriptionClientsTests/ReadmeExampleTests.swift",
  ])
  func `an example is one that a test has`(path: String) throws {
    let lines = try text(path).split(separator: "\n", omittingEmptySubsequences: false)
    let begin = try #require(lines.firstIndex(of: "    // README begins"))
    let end = try #require(lines.firstIndex(of: "    // README ends"))
    let code = lines[(begin + 1)..<end].map { $0.dropFirst(4) + "\n" }.joined()
    try expectCurrent(path, "```swift\n\(code)```\n")
  }

  @Test func `the table of metrics is the catalogue`() throws {
    let rows = MetricFamily.catalogue.map { family in
      "| `\(family.name)` | \(family.kind.rawValue) | \(family.labels.joined(separator: ", ")) "
        + "| \(family.help) |\n"
    }
    try expectCurrent(
      "metrics", "| metric | type | labels | meaning |\n|---|---|---|---|\n" + rows.joined())
  }

  @Test func `the scraped line is in the sample`() throws {
    let log = Repository.root + "/samples/attempts.jsonl"
    let page = try BuiltTool("relmon", ["metrics", log]).finish().output
    let shown = try text("README.md").split(separator: "\n").filter {
      $0.hasPrefix("api_client_")
    }
    #expect(!shown.isEmpty)
    for line in shown { #expect(page.contains("\n\(line)\n")) }
  }

  @Test func `a gate that fails says what is shown`() throws {
    let readme = try text("README.md")
    let shown = try #require(
      readme.firstMatch(of: #/```console\n\$ relmon (report .*--fail-on .*)\n(relmon: .*\n)```/#))
    let words = shown.1.split(separator: " ").map { String($0).replacing("'", with: "") }
    let directory = try TemporaryDirectory()
    let log = Repository.root + "/samples/attempts.jsonl"
    let result = try BuiltTool(
      "relmon", words.map { $0 == "samples/attempts.jsonl" ? log : $0 }, in: directory.path
    ).finish()
    #expect(result.errors == String(shown.2))
    #expect(result.status == 1)
  }

  @Test func `every command of the tool is in the README and the other way round`() throws {
    let help = try BuiltTool("relmon", ["--help"]).finish().output
    let commands = Set(help.matches(of: #/\n  (\w+)  /#).map { String($0.1) })
    let rows = try text("README.md").matches(of: #/\n\| `relmon (\w+)[ `]/#).map { String($0.1) }
    #expect(Set(rows) == commands)
    #expect(!commands.isEmpty)
  }
}

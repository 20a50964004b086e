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

  @Test func `the report is that of the sample`() throws {
    let report = try text("samples/report.txt")
    try expectCurrent("samples/report.txt", "```text\n\(report)```\n")
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

  @Test func `the example of a wrapper is one that a test runs`() throws {
    let path = "Tests/RetryTests/WrappingExampleTests.swift"
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

  @Test func `every command of the tool is in the README and the other way round`() throws {
    let help = try BuiltTool("relmon", ["--help"]).finish().output
    let commands = Set(help.matches(of: #/\n  (\w+)  /#).map { String($0.1) })
    let rows = try text("README.md").matches(of: #/\n\| `relmon (\w+) /#).map { String($0.1) }
    #expect(Set(rows) == commands)
    #expect(!commands.isEmpty)
  }
}

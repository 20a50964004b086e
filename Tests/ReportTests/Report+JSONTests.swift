import Foundation
import Report
import TestSupport
import Testing

struct ReportJSONTests {
  @Test func `the report of two weeks`() throws {
    let bytes = Report.of(LogText.twoWeeks).json()
    #expect(try String(decoding: bytes, as: UTF8.self) == Golden.expected("weeks.json", for: bytes))
  }

  @Test func `the report of nothing`() throws {
    let bytes = Report.of([]).json()
    #expect(try String(decoding: bytes, as: UTF8.self) == Golden.expected("empty.json", for: bytes))
  }

  @Test func `names come through whatever they are`() throws {
    let json = Report.of([.hostile]).json()
    let report = try #require(
      try JSONSerialization.jsonObject(with: Data(json)) as? [String: Any])
    let operations = try #require(report["operations"] as? [[String: Any]])
    let names = operations.compactMap { $0["operation"] as? String }
    #expect(
      Set(names.map { Array($0.utf8) }) == Set(LogText.hostileTexts.map { Array($0.utf8) }))
    let errors = try #require(report["errors"] as? [[String: Any]])
    #expect(errors.compactMap { $0["error_code"] as? String }.count == names.count)
    #expect(json.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == UInt8(ascii: "\n") })
  }

  @Test func `what is too large for JSON is null`() throws {
    let log = LogText().operation("10:00:00", "1", outcome: "success", #""duration_ms":1.7e308"#)
      .operation("10:00:00", "2", outcome: "success", #""duration_ms":1.7e308,"slept_ms":1e308"#)
    let json = Report.of([log]).json()
    #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(json)) }
    #expect(String(decoding: json, as: UTF8.self).contains(#"{"count": 2, "sum": null,"#))
  }

  @Test func `the same log gives the same bytes`() {
    #expect(Report.of(LogText.twoWeeks).json() == Report.of(LogText.twoWeeks).json())
    #expect(Report.of([.hostile]).json() == Report.of([.hostile]).json())
  }

  /// Keys of definitions.md, in its order, and behind them those that came later.
  private static let keys = [
    "schema", "window", "log", "totals", "previous", "changes", "operations", "errors", "retries",
    "retries_by_attempt", "incidents", "quota_episodes", "slo", "days", "findings",
    "hours", "trend", "gone_errors", "generated_at", "version",
  ]
  private static let statistics = [
    "operations", "outcomes", "attempts", "failed_attempts", "attempt_error_rate", "success_rate",
    "first_attempt_success_rate", "retry_success_ratio", "retry_attempt_success_ratio",
    "exhaustion_rate", "amplification", "audio_amplification", "backoff_share",
    "retried_operations", "rescued_operations", "slept_seconds", "wasted_backoff_seconds",
    "audio_seconds", "attempt_latency_ms", "operation_duration_ms",
  ]

  @Test func `keys are in the order of definitions`() {
    let lines = String(decoding: Report.of(LogText.twoWeeks).json(), as: UTF8.self)
      .split(separator: "\n").map(String.init)
    #expect(keys(of: lines, depth: 1) == Self.keys)
    let totals = lines.drop { !$0.hasPrefix(#"  "totals""#) }.dropFirst()
      .prefix { $0.hasPrefix("    ") }
    #expect(keys(of: Array(totals), depth: 2) == Self.statistics)
  }

  /// The keys that stand at the beginning of a line of this depth.
  private func keys(of lines: [String], depth: Int) -> [String] {
    let indent = String(repeating: "  ", count: depth) + "\""
    return lines.filter { $0.hasPrefix(indent) }
      .compactMap { $0.dropFirst(indent.count).split(separator: "\"").first.map(String.init) }
  }
}

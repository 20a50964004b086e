import Foundation
import TestSupport
import Testing

@testable import relmon

/// P-1 and P-2 of reliability.md: text from a log steers nothing, whatever the format.
///
/// Every string of the log is hostile, and the built tool reads it.
struct HostileReportTests {
  /// Terminal sequences, controls, invisible and turning characters, markup of every format.
  private static let texts = [
    "\u{1B}[2J", "\u{1B}]0;x\u{7}", "\u{1B}]8;;http://example.org\u{1B}\\link\u{1B}]8;;\u{1B}\\",
    "\u{9B}31m", "\u{7F}\u{8}\u{8}\u{8}OK", "12\rOK", "a\nb\r\n| c |", "a\tb\u{B}\u{C}", "\0",
    "\u{202E}gpj.exe", "\u{2066}x\u{2069}", "\u{200B}\u{200D}\u{FEFF}", "\u{2028}\u{2029}\u{85}",
    "\u{E0041}\u{3164}\u{115F}\u{34F}\u{FE0F}\u{E000}", "=cmd|'/C calc'!A0", "+1", "-1", "@x",
    "a|b", #"a\|b"#, #"\"#, "`", "``` `` `", "```\n# heading", "<script>alert(1)</script>",
    #""><img src=x onerror=alert(1)>"#, "<!--", "]]>", "</title></svg></style><script>",
    "&lt;&#60;",
    "[x](javascript:alert(1))", "![x](http://example.org/x.png)", "http://example.org", "# heading",
    "---", "* * *", "1. one", "    code", "~~~", "@team #1", "$(id)", "%s%n", "", " ",
    String(repeating: "W", count: 600), String(repeating: "\u{301}", count: 300), "日本語ሰላም😀",
  ]

  private static func log() throws -> Data {
    var texts = texts
    if let path = Corpora.path("blns/blns.json") {
      texts += try JSONDecoder().decode(
        [String].self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    }
    var lines = Data()
    var seq = 0
    func add(_ kind: String, _ text: String, _ fields: [String: Any]) throws {
      seq += 1
      let head: [String: Any] = [
        "v": 1, "kind": kind, "time": "2026-11-18T10:00:00Z", "writer": text, "seq": seq,
      ]
      lines += try JSONSerialization.data(withJSONObject: head.merging(fields) { $1 })
      lines.append(UInt8(ascii: "\n"))
    }
    for (index, text) in texts.enumerated() {
      let names: [String: Any] = [
        "provider": text, "account": text, "operation": text, "operation_id": text,
      ]
      let error: [String: Any] = [
        "error_layer": text, "error_class": index % 2 == 0 ? text : "quota_exhausted",
        "error_type": text, "error_code": text, "error_param": text, "error_message": text,
        "quota_name": text, "quota_reset": text, "request_id": text, "job_id": text,
        "trace_id": text, "span_id": text, index % 3 == 0 ? "parent_id" : "x": text,
      ]
      try add("segment", text, ["segment": text])
      try add("writer_start", text, ["version": text, "host": text, "process": text])
      try add("attempt_start", text, names.merging(["attempt": 1]) { $1 })
      for attempt in 1...3 {
        let facts: [String: Any] = [
          "attempt": attempt, "outcome": attempt < 3 ? "failure" : text, "latency_ms": 5,
          "decision": text, "slept_ms": 7, "slept_source": text, "retry_reason": text,
          "retry_after_source": text, "backoff_source": text, "request_sent": text,
        ]
        try add("attempt", text, names.merging(error) { $1 }.merging(facts) { $1 })
      }
      let end: [String: Any] = [
        "outcome": index % 5 == 0 ? text : "attempts_exhausted", "retried": true, "attempts": 3,
        "duration_ms": 20, "slept_ms": 14,
      ]
      for _ in 1...3 { try add("operation", text, names.merging(error) { $1 }.merging(end) { $1 }) }
      try add("dropped", text, ["count": 1, "reason": text])
      try add(text, text, [:])
    }
    let wide = String(repeating: "W", count: 10_000)
    try add(
      "operation", "wide",
      [
        "provider": "wide", "operation": wide, "operation_id": "wide", "outcome": "not_retryable",
        "retried": false, "attempts": 1, "duration_ms": 1, "slept_ms": 0,
      ])
    return lines
  }

  @Test func `no format lets text from a log steer anything`() throws {
    let directory = try TemporaryDirectory()
    try Self.log().write(to: URL(fileURLWithPath: directory.file("attempts.jsonl")))
    let files = ReportFormat.allCases.map { "report" + $0.ending }
    let result = try BuiltTool(
      "relmon",
      ["report", "--now=2026-11-23T00:00:00Z", "--output=-"] + files.map { "--output=\($0)" },
      in: directory.path
    ).finish()
    #expect(result.status == 0)
    expectHarmless(result.output, "standard output")
    expectHarmless(result.errors, "standard error")
    for format in ReportFormat.allCases {
      let file = directory.file("report" + format.ending)
      // Throws where it is not UTF-8.
      let text = try String(contentsOfFile: file, encoding: .utf8)
      switch format {
      case .text, .markdown, .html: expectHarmless(text, file)
      case .json:
        let report = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        let operations = try #require(report?["operations"] as? [[String: Any]])
        #expect(operations.count > 40)
        // The names are there as they were.
        #expect(operations.contains { $0["provider"] as? String == "<script>alert(1)</script>" })
      }
    }
  }

  /// Nothing in it but what can be seen, spaces and ends of lines.
  private func expectHarmless(_ text: String, _ name: String) {
    let hidden = text.unicodeScalars.filter {
      switch $0.properties.generalCategory {
      case .control: $0 != "\n"
      case .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse: true
      default: $0.properties.isDefaultIgnorableCodePoint
      }
    }
    #expect(hidden.isEmpty, "\(name): \(hidden.map { String($0.value, radix: 16) })")
  }
}

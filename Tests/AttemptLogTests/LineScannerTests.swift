import AttemptLog
import Foundation
import TestSupport
import Testing

struct LineScannerTests {
  private func scan(_ bytes: [UInt8]) throws(LineError) -> LineScanner {
    var scanner = LineScanner()
    try scanner.scan(bytes.span)
    return scanner
  }

  private func error(_ text: String) -> String? {
    do {
      _ = try scan(Array(text.utf8))
      return nil
    } catch {
      return error.description
    }
  }

  private static let start =
    #"{"v":1,"kind":"writer_stop","time":"2026-11-16T08:15:30Z","writer":"w","seq":1"#

  @Test(arguments: [
    start + "}",
    start + " } \r",
    "\t" + start + #","x":[{"y":[1,{}]},[],-0.5e+7,null,true,"\ud83d\ude00 \u0000 \/"]}"#,
    #"{"seq":1.0,"writer":"","time":"2026-11-16t10:15:30.5+02:00","kind":"writer_stop","v":1e0}"#,
    start + #","seq":7}"#,
    start + #","kind":"another"}"#,
    start + #","proc\u0065ss":5}"#,
    start + #","x":"ሰላም 😀 é"}"#,
  ])
  func `a sound line is accepted`(text: String) {
    #expect(error(text) == nil)
  }

  @Test(arguments: [
    ("", "malformed: expected an object at byte 0 of the line"),
    ("[1]", "malformed: expected an object at byte 0 of the line"),
    ("{]", "malformed: expected a string in quotes at byte 1 of the line"),
    (#"{"v" 1}"#, "malformed: expected a colon at byte 5 of the line"),
    (#"{"v":1,}"#, "malformed: expected a string in quotes at byte 7 of the line"),
    (#"{"v":1"#, "malformed: expected a comma or a closing brace at byte 6 of the line"),
    (#"{"v":1}}"#, "malformed: expected the end of the line at byte 7 of the line"),
    (#"{"v":01}"#, "malformed: expected a comma or a closing brace at byte 6 of the line"),
    (#"{"v":+1}"#, "malformed: expected a value at byte 5 of the line"),
    (#"{"v":1.}"#, "malformed: expected a digit at byte 7 of the line"),
    (#"{"v":tru}"#, "malformed: expected a value at byte 5 of the line"),
    (#"{"v":NaN}"#, "malformed: expected a value at byte 5 of the line"),
    (#"{"v":"\x"}"#, "malformed: expected an escape sequence at byte 6 of the line"),
    (#"{"v":"\ud800"}"#, "malformed: expected a low surrogate at byte 12 of the line"),
    (#"{"v":"\udc00"}"#, "malformed: expected a high surrogate at byte 6 of the line"),
    ("{\"v\":\"\u{1}\"}", "malformed: expected no control character at byte 6 of the line"),
    (#"{"v":[1,2"#, "malformed: expected a comma or a closing bracket at byte 9 of the line"),
    (#"{"v":"open"#, "malformed: expected a closing quote at byte 10 of the line"),
    ("\u{FEFF}" + start + "}", "malformed: expected an object at byte 0 of the line"),
    (#"{"v":2}"#, #"schema: expected the number 1 as "v" at byte 5 of the line"#),
    (#"{"v":"1"}"#, #"schema: expected the number 1 as "v" at byte 5 of the line"#),
    ("{}", #"schema: "v" is missing, expected the number 1"#),
    (start + #","v":null}"#, #"schema: "v" is missing, expected the number 1"#),
    (start + #","kind":7}"#, wrong("kind", "a string")),
    (
      start + #","time":"2016-12-31T23:59:60Z"}"#,
      wrong("time", "an RFC 3339 time with Z or an offset")
    ),
    (start + #","writer":[]}"#, wrong("writer", "a string")),
    (start + #","seq":0}"#, wrong("seq", "an integer from 1")),
    (start + #","seq":9223372036854775808}"#, wrong("seq", "an integer from 1")),
    (start + #","seq":1.5}"#, wrong("seq", "an integer from 1")),
    (start + #","kind":"segment"}"#, missing("segment", "a string")),
    (
      start + #","kind":"dropped","count":-1}"#,
      wrong("count", "an integer from 0", #","kind":"dropped""#)
    ),
    (start + #","kind":"attempt_start"}"#, missing("provider", "a string")),
    (operation + #","duration_ms":-0.5}"#, wrong("duration_ms", "a number from 0", fields)),
    (operation + #","duration_ms":1e999}"#, wrong("duration_ms", "a number from 0", fields)),
    (operation + #","slept_ms":null}"#, missing("slept_ms", "a number from 0")),
    (operation + #","retried":"false"}"#, wrong("retried", "true or false", fields)),
    (operation + #","attempts":-1}"#, wrong("attempts", "an integer from 0", fields)),
  ])
  func `an error names the place and what was expected`(text: String, message: String) {
    #expect(error(text) == message)
  }

  private static let operation = start + fields
  private static let fields =
    #","kind":"operation","provider":"p","operation":"o","operation_id":"i","outcome":"success","#
    + #""retried":false,"attempts":1,"duration_ms":1,"slept_ms":0"#

  /// What is said of a value that follows `start` and these fields.
  private static func wrong(_ key: String, _ expected: String, _ fields: String = "") -> String {
    let offset = (start + fields + ",\"\(key)\":").utf8.count
    return "schema: expected \(expected) as \"\(key)\" at byte \(offset) of the line"
  }

  private static func missing(_ key: String, _ expected: String) -> String {
    "schema: \"\(key)\" is missing, expected \(expected)"
  }

  @Test func `a line of 16,384 bytes with its newline is the longest`() {
    let padding = 16_384 - 1 - Self.start.utf8.count - 9
    let text = Self.start + #","pad":""# + String(repeating: "x", count: padding - 1) + "\"}"
    #expect(text.utf8.count == 16_383)
    #expect(error(text) == nil)
    #expect(
      error(text + " ") == "oversized: 16384 bytes or more, at most 16384 with the newline")
  }

  @Test func `nesting is bounded and never recursive`() {
    let deep = String(repeating: "[", count: 8000)
    #expect(error(Self.start + ",\"x\":" + deep + "}")?.contains("at most 64 levels") == true)
    let allowed =
      String(repeating: "[", count: 63) + String(repeating: "]", count: 63)
    #expect(error(Self.start + ",\"x\":" + allowed + "}") == nil)
  }

  @Test(
    arguments: [
      [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80], [0xF0, 0x8F, 0xBF, 0xBF],
      [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF], [0x80], [0xC3], [0xE1, 0x80],
    ] as [[UInt8]])
  func `invalid UTF-8 is malformed`(bytes: [UInt8]) {
    let line = Array((Self.start + ",\"x\":\"").utf8) + bytes + Array("\"}".utf8)
    #expect(throws: LineError.self) { try scan(line) }
  }

  @Test func `no prefix and no mutation of a line crashes the scanner`() throws {
    var generator = SeededGenerator(seed: 3)
    var scanner = LineScanner()
    for text in LineTests.specificationLines {
      let line = Array(text.utf8)
      for count in 0..<line.count {
        let torn = Array(line.prefix(count))
        #expect(throws: LineError.self) { try scanner.scan(torn.span) }
      }
      for _ in 0..<2000 {
        var mutated = line
        for _ in 0..<3 {
          mutated[Int.random(in: 0..<line.count, using: &generator)] =
            UInt8.random(in: 0...255, using: &generator)
        }
        do {
          try scanner.scan(mutated.span)
          _ = Record(scanner, mutated.span)
          #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(mutated)) }
        } catch LineError.malformed(_, _) {
        } catch LineError.schema(_, _, _) {
        }
      }
    }
  }

  @Test func `values outside a closed set stand for its substitute`() throws {
    let text =
      Self.start
      + #","kind":"attempt","provider":"p","operation":"o","operation_id":"i","attempt":2,"#
      + #""outcome":"flop","latency_ms":5,"decision":"maybe","slept_source":"other"}"#
    let line = Array(text.utf8)
    let scanner = try scan(line)
    #expect(scanner.member(.outcome, of: AttemptOutcome.self, in: line.span) == .unmapped)
    #expect(scanner.member(.sleptSource, of: DelaySource.self, in: line.span) == .unmapped)
    #expect(scanner.member(.errorClass, of: ErrorClass.self, in: line.span) == .absent)
    guard case .attempt(let attempt) = Record(scanner, line.span)?.event else {
      Issue.record("not an attempt")
      return
    }
    #expect(attempt.outcome == .failure)
    #expect(attempt.decision == .stop)
    #expect(attempt.error.errorClass == .other)
    #expect(attempt.retryReason == .other)
  }

  @Test(arguments: ["-0", "-0.0", "-0e0", "-1e-400"])
  func `an amount of minus nothing is 0`(number: String) throws {
    let line = Array((Self.start + ",\"slept_ms\":\(number)}").utf8)
    #expect(try scan(line).amount(.sleptMs, in: line.span)?.sign == .plus)
  }

  static let suite = Corpora.path("jsontestsuite/test_parsing")

  @Test(.enabled(if: suite != nil, "needs the corpora"))
  func `JSONTestSuite is accepted and rejected as it should be`() throws {
    let directory = try #require(Self.suite)
    let names = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
    var accepted = 0
    var rejected = 0
    for name in names where name.hasSuffix(".json") {
      let value = try Data(contentsOf: URL(fileURLWithPath: directory + "/" + name))
      let line = Array((Self.start + ",\"x\":").utf8) + value + Array("}".utf8)
      let isAccepted = (try? scan(line)) != nil
      // A few suite files hold a newline, which no line can hold: white space here.
      if name.hasPrefix("y_") { #expect(isAccepted, "\(name)") }
      if name.hasPrefix("n_") { #expect(!isAccepted, "\(name)") }
      if isAccepted { accepted += 1 } else { rejected += 1 }
    }
    #expect(accepted >= 95)
    #expect(rejected >= 188)
  }
}

import Foundation
import TestSupport
import Testing

/// What `relmon check` says of whole logs, to the letter, and how it ends.
struct CheckCommandTests {
  private let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
  }

  private func run(_ arguments: [String]) throws -> (
    output: String, errors: String, status: Int32
  ) {
    try BuiltTool("relmon", ["check"] + arguments, in: directory.path).finish()
  }

  private func write(_ text: String) throws {
    try text.write(
      toFile: directory.file("attempts.jsonl"), atomically: true, encoding: .utf8)
  }

  private func write(_ log: LogText) throws {
    try write(log.lines.map { $0 + "\n" }.joined())
  }

  private static let noon = ["--now", "2026-11-18T12:00:00Z"]

  /// Whole logs, each with what is said of it in `Golden/check-….txt`.
  enum Story: String, CaseIterable {
    case healthy, outage, quota, silent, damaged

    var log: LogText {
      switch self {
      case .healthy, .silent: .healthyDay()
      case .outage: .outage
      case .quota: .quotaEpisode
      case .damaged: .damagedDay
      }
    }

    var now: String {
      switch self {
      case .healthy, .outage, .damaged: "2026-11-18T12:00:00Z"
      case .quota: "2026-11-18T10:40:00Z"
      case .silent: "2026-11-20T12:00:00Z"
      }
    }

    var status: Int32 {
      switch self {
      case .healthy: 0
      case .silent, .damaged: 1
      case .outage, .quota: 2
      }
    }
  }

  @Test(arguments: Story.allCases) func `a log is judged`(story: Story) throws {
    try write(story.log)
    let result = try run(["--now", story.now])
    #expect(
      result.output
        == (try Golden.expected("check-\(story).txt", for: Array(result.output.utf8))))
    #expect(result.errors == "")
    #expect(result.status == story.status)
  }

  @Test func `a damaged line is told with its place`() throws {
    let log = LogText.healthyDay()
    try write(log.lines.map { $0 + "\n" }.joined() + "garbage\n")
    let result = try run(Self.noon)
    #expect(
      result.errors
        == "relmon: attempts.jsonl:253: malformed: expected an object at byte 0 of the line "
        + "(file offset 59637)\n")
    #expect(result.status == 1)
    // What was damaged long ago is not told by every check.
    let later = try run(["--now", "2026-11-18T23:00:00Z"])
    #expect(later.errors == "")
    #expect(later.status == 0)
  }

  @Test(arguments: [
    (["nothere"], #"cannot read "nothere": no such file or directory (stat, errno 2)"#),
    (["--wihin=1h"], #"unknown option "--wihin"; did you mean "--within"?"#),
    (["--within=8d"], #"option "--within": "8d" is not a span from 1m to 7d: 30m, 1h, 2d"#),
    (["--within=0m"], #"option "--within": "0m" is not a span from 1m to 7d: 30m, 1h, 2d"#),
    (
      ["--silent-after=soon"],
      #"option "--silent-after": "soon" is not a span such as 30m, 1d, or never"#
    ),
    (
      ["--slo=0.995"],
      #"option "--slo": "0.995" is not a percentage from 1 to 100: 99.5"#
    ),
    (["--slo=0"], #"option "--slo": "0" is not a percentage from 1 to 100: 99.5"#),
    (
      ["--webhook=https://a"],
      #"option "--webhook": "https://a": https is not spoken here, only http: reach the Alertmanager on this host or through a local proxy"#
    ),
    (
      ["--webhook=http://a", "--now=2026-11-18T12:00:00Z"],
      #"options "--now" and "--webhook" exclude each other"#
    ),
    (["--state=a"], #"option "--state" needs "--webhook""#),
    (["--webhook=http://a", "-"], #"nothing stands beside standard input: give "--state FILE""#),
    (["empty"], "the log tells of no attempt and of no operation"),
    (["a|b\u{1B}"], #"cannot read "a\u{7c}b\u{1b}": no such file or directory (stat, errno 2)"#),
  ])
  func `what cannot be judged is unknown and never critical`(
    arguments: [String], cause: String
  ) throws {
    try "".write(toFile: directory.file("empty"), atomically: true, encoding: .utf8)
    let result = try run(arguments)
    #expect(result.output == "RELMON UNKNOWN - \(cause)\n")
    #expect(result.errors == "")
    #expect(result.status == 3)
  }

  @Test func `names from the log steer neither Nagios nor the terminal`() throws {
    let names = #""provider":"a|b\u001b[2J\nc","operation":"\u202e""#
    let log = ["11:50:00", "11:51:00", "11:52:00"].reduce(LogText()) {
      $0.operation($1, $1, outcome: "not_retryable", names)
    }
    try write(log)
    let result = try run(Self.noon)
    let finding =
      "a\\u{7c}b\\u{1b}[2J\\u{a}c/\\u{202e}: 3 operations failed in a row since "
      + "2026-11-18T11:50:00Z (10 min 00 s ago)"
    #expect(
      result.output == """
        RELMON WARNING - \(finding) \
        | operations=3;;;0 failed=3;;;0 retried=0;;;0 rescued=0;;;0 age=480s;86400;;0
        WARNING RelmonConsecutiveFailedOperations: \(finding)

        """)
  }

  @Test func `the findings as JSON`() throws {
    try write(.outage)
    let result = try run(Self.noon + ["--format", "json"])
    #expect(
      result.output == (try Golden.expected("check.json", for: Array(result.output.utf8))))
    let again = try run(Self.noon + ["--format=json"])
    #expect(again.output == result.output)
    #expect(result.status == 2)
    #expect(throws: Never.self) {
      try JSONSerialization.jsonObject(with: Data(result.output.utf8))
    }
  }

  @Test func `options move what is judged`() throws {
    try write(.outage)
    let calm = try run(["--now", "2026-11-18T10:00:30Z"])
    #expect(calm.status == 0, "\(calm.output)")
    #expect(try run(Self.noon).output.contains("in 1 h, 0/10 in 10 min"))
    #expect(try run(Self.noon + ["--within", "7d"]).output.contains("in 7 d, "))
    // Of 20 operations six fail, none after another.
    try write(
      (0..<20).reduce(LogText()) {
        $0.operation(
          "11:59:00", "\($1)", outcome: $1 % 3 == 1 && $1 < 18 ? "not_retryable" : "success")
      })
    #expect(try run(Self.noon).output.contains("RelmonErrorBudgetBurnFast"))
    #expect(try run(Self.noon + ["--slo", "90"]).status == 0)
    try write(.healthyDay())
    let silent = ["--now", "2026-11-18T13:00:00Z"]
    #expect(try run(silent + ["--silent-after", "1h"]).status == 1)
    #expect(try run(silent + ["--silent-after", "2h"]).status == 0)
    #expect(try run(["--silent-after", "never"]).status == 0)
  }
}

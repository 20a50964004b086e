import AttemptLog
import CommandLineOptions
import Reliability
import Report
import TestSupport
import Testing

@testable import relmon

struct GateTests {
  /// Of five known operations: two succeeded, one of two retried ones was rescued.
  private static let report: Report = {
    guard let from = Timestamp(rfc3339: "2026-11-16T00:00:00Z"),
      let to = Timestamp(rfc3339: "2026-11-23T00:00:00Z")
    else { preconditionFailure("not a time") }
    var input = ReportInput(window: Window(from: from, to: to))
    input.read([.someOperations])
    return input.report(at: to)
  }()

  @Test(arguments: [
    ("success_rate<0.5", false), ("success_rate<=0.5", true), ("success_rate>0.5", false),
    ("success_rate>=0.5", true), ("success_rate<0.51", true), (" success_rate < 0.51 ", true),
    ("success_rate.low<0.2", true), ("success_rate.of<4", false), ("success_rate.of<=4", true),
    ("attempts>7", true), ("attempts>8", false), ("outcomes.cancelled>0", true),
    ("operation_duration_ms.max>6999.5", true), ("operation_duration_ms.max>7000", false),
    ("slo.consumed>99", true), ("slo.failed_operations>=2", true), ("amplification>1.5", true),
  ])
  func `a gate holds or does not`(text: String, fails: Bool) throws {
    let verdict = try Gate(text).verdict(on: Self.report)
    if case .failed = verdict {
      #expect(fails, "\(verdict)")
    } else {
      #expect(verdict == .passed)
      #expect(!fails)
    }
  }

  @Test func `a gate that fails says with which numbers`() throws {
    #expect(
      try Gate("success_rate<0.99").verdict(on: Self.report)
        == .failed(#"--fail-on "success_rate<0.99" fails: success_rate is 0.5 (2/4)"#))
    #expect(
      try Gate("wasted_backoff_seconds>3").verdict(on: Self.report)
        == .failed(#"--fail-on "wasted_backoff_seconds>3" fails: wasted_backoff_seconds is 4"#))
  }

  @Test func `a figure that is null passes, and that is said`() throws {
    #expect(
      try Gate("attempt_latency_ms.p99>1").verdict(on: Self.report)
        == .undecided(
          #"--fail-on "attempt_latency_ms.p99>1" passes: there is no attempt_latency_ms.p99 in this window"#
        ))
  }

  @Test func `every name has a figure`() {
    #expect(Report.figureNames.count > 60)
    for name in Report.figureNames {
      #expect(Self.report.figure(named: name)?.name == name)
    }
    #expect(Report.figureNames.contains("slo.consumed"))
    #expect(Self.report.figure(named: "slo") == nil)
  }

  private static let wanted =
    "is not a figure, <, <=, > or >=, and a number: success_rate<0.99"

  @Test(arguments: [
    ("success_rate", #"option "--fail-on": "success_rate" "# + wanted),
    ("success_rate=1", #"option "--fail-on": "success_rate=1" "# + wanted),
    ("success_rate<", #"option "--fail-on": "success_rate<" "# + wanted),
    ("success_rate<nan", #"option "--fail-on": "success_rate<nan" "# + wanted),
    ("attempts<0x10", #"option "--fail-on": "attempts<0x10" "# + wanted),
    ("attempts<1.2.3", #"option "--fail-on": "attempts<1.2.3" "# + wanted),
    ("<0.5", #"option "--fail-on": unknown figure ""; those of the JSON are "# + names),
    (
      "sucess_rate<0.99",
      #"option "--fail-on": unknown figure "sucess_rate"; did you mean "success_rate"?"#
    ),
    ("weather<1", #"option "--fail-on": unknown figure "weather"; those of the JSON are "# + names),
    (
      "success_rate<99",
      #"option "--fail-on": "success_rate<99" is not a ratio against a number from 0 to 1"#
    ),
  ])
  func `a gate that is none is told`(text: String, message: String) {
    #expect(throws: UsageError.self) { try Gate(text) }
    do throws(UsageError) {
      _ = try Gate(text)
    } catch {
      #expect(error.description == message)
    }
  }

  private static let names =
    "attempt_error_rate, success_rate, first_attempt_success_rate, retry_success_ratio, "
    + "retry_attempt_success_ratio, exhaustion_rate, slo.consumed, …"
}

import AttemptLog
import Reliability
import TestSupport
import Testing

@testable import Exposition

struct OpenMetricsTests {
  @Test func `the page of some operations in OpenMetrics`() throws {
    let page = Page([.someOperations], objective: 0.995, format: .openMetrics, serving: .everything)
    #expect(
      try page.text == Golden.expected("some-operations.openmetrics", for: Array(page.text.utf8)))
  }

  @Test func `both formats say the same of the same series`() {
    let logs: [[LogText]] = [[], [.someOperations], [LogText().start("10:00:00", "1")]]
    for log in logs {
      let text = Page(log, objective: 0.5, serving: .everything)
      let openMetrics = Page(log, objective: 0.5, format: .openMetrics, serving: .everything)
      // When a counter began, only OpenMetrics says.
      let series = openMetrics.series.filter { !$0.contains("_created") }
      #expect(text.series == series)
      #expect(text.samples == openMetrics.samples.filter { !$0.key.contains("_created") })
    }
  }

  @Test func `every counter and histogram of the log says when it began`() {
    let page = Page(
      [.someOperations], format: .openMetrics, serving: .everything, state: .everything)
    for family in MetricFamily.catalogue where family.kind != .gauge {
      guard page.samples.contains(where: { $0.key.hasPrefix(family.name) }) else { continue }
      let created = page.samples.filter { $0.key.hasPrefix(family.nameWithoutTotal + "_created") }
      let first = family.kind == .counter ? family.name : family.name + "_count"
      let series = page.series.filter { $0 == first || $0.hasPrefix(first + "{") }
      #expect(created.count == series.count, "\(family.name)")
      // The first line of the log, which is about the only pair; or the start of the process.
      let isOwn = MetricFamily.serving.contains(family)
      let began = isOwn ? ServingMetrics.everything.process.startSeconds : 1_794_996_000
      #expect(Set(created.values) == [began], "\(family.name)")
    }
  }

  @Test func `the newest failure of a kind leads to its operation`() {
    let log = LogText()
      .attempt("10:00:00", "older", error: "timeout")
      .attempt("10:00:01", "newer", error: "timeout")
      .operation("10:00:02", "newer", outcome: "attempts_exhausted")
      .attempt("10:00:03", #"q\"uote"#, error: "network")
      .attempt("10:00:04", String(repeating: "x", count: 65), error: "server_error")
      .attempt("10:00:05", "good")
    let lines = Page([log], format: .openMetrics).lines.filter { $0.contains(" # {") }
    let pair = #"{provider="lesan",operation="transcribe","#
    #expect(
      lines == [
        "api_client_attempt_failures_total" + pair
          + #"attempt_kind="initial",error_class="timeout"} 2 "#
          + #"# {operation_id="newer"} 1 1794996001"#,
        "api_client_operations_total" + pair
          + #"outcome="attempts_exhausted",retried="false"} 1 "#
          + #"# {operation_id="newer"} 1 1794996002"#,
      ])
  }

  @Test func `a family is described by type, unit and help`() throws {
    let page = Page(
      [.someOperations], objective: 0.5, format: .openMetrics, serving: .everything,
      state: .everything)
    var units = 0
    for family in MetricFamily.catalogue {
      let isCounter = family.kind == .counter
      let name = isCounter ? String(family.name.dropLast("_total".count)) : family.name
      let type = "# TYPE \(name) \(family.kind.rawValue)"
      let start = try #require(page.lines.firstIndex(of: type), "\(type)")
      var rest = page.lines[(start + 1)...]
      if let unit = ["seconds", "bytes", "ratio"].first(where: { name.hasSuffix("_" + $0) }) {
        units += 1
        #expect(rest.popFirst() == "# UNIT \(name) \(unit)")
      }
      #expect(rest.popFirst() == "# HELP \(name) \(family.help)")
    }
    #expect(units > 10)
  }

  @Test(arguments: [nil, ServingMetrics.everything])
  func `the end is marked once, and last`(serving: ServingMetrics?) {
    let page = Page([.someOperations], format: .openMetrics, serving: serving)
    #expect(page.text.hasSuffix("\n# EOF\n"))
    #expect(page.lines.count { $0 == "# EOF" } == 1)
    #expect(!Page([.someOperations], serving: serving).text.contains("EOF"))
  }

  @Test func `content types are exact`() {
    #expect(
      ExpositionFormat.allCases.map(\.contentType) == [
        "text/plain; version=0.0.4; charset=utf-8",
        "application/openmetrics-text; version=1.0.0; charset=utf-8",
      ])
  }

  // MARK: - Exemplars and when a series began

  private static let born = Timestamp(rfc3339: "2026-11-18T10:00:00.5Z")
  private static let exemplar = Exemplar(
    [("operation_id", #"7c"9\e"#)], .number(0.75), time: born)

  private static func rendered(_ format: ExpositionFormat) -> String {
    var page = PageWriter(format)
    page.begin(.retries)
    page.sample(
      LabelSet(["a"], ["1"]), .integer(3), created: born?.seconds, exemplar: exemplar)
    page.sample(LabelSet(["a"], ["2"]), .integer(0))
    page.begin(.openOperations)
    page.sample(LabelSet(), .integer(1), created: born?.seconds)
    page.begin(.backoff)
    page.histogram(
      LabelSet(["a"], ["1"]), bounds: ["1.0"], buckets: [2, 1], sum: 4.5, created: born?.seconds,
      exemplars: [nil, exemplar])
    page.end()
    return String(decoding: page.bytes, as: UTF8.self)
  }

  @Test func `OpenMetrics shows exemplars and when a series began`() {
    #expect(
      Self.rendered(.openMetrics) == #"""
        # TYPE api_client_retries counter
        # HELP api_client_retries Retry attempts by the error class that caused them and by their own result.
        api_client_retries_total{a="1"} 3 # {operation_id="7c\"9\\e"} 0.75 1794996000.5
        api_client_retries_created{a="1"} 1794996000.5
        api_client_retries_total{a="2"} 0
        # TYPE api_client_open_operations gauge
        # HELP api_client_open_operations Unfinished operations.
        api_client_open_operations 1
        # TYPE api_client_backoff_seconds histogram
        # UNIT api_client_backoff_seconds seconds
        # HELP api_client_backoff_seconds Measured sleeps before retries, by who chose them.
        api_client_backoff_seconds_bucket{a="1",le="1.0"} 2
        api_client_backoff_seconds_bucket{a="1",le="+Inf"} 3 # {operation_id="7c\"9\\e"} 0.75 1794996000.5
        api_client_backoff_seconds_sum{a="1"} 4.5
        api_client_backoff_seconds_count{a="1"} 3
        api_client_backoff_seconds_created{a="1"} 1794996000.5
        # EOF

        """#)
  }

  @Test func `the text format knows neither`() {
    let text = Self.rendered(.prometheus)
    #expect(!text.contains(" # "))
    #expect(!text.contains("_created"))
    #expect(text.contains("api_client_retries_total{a=\"1\"} 3\n"))
  }

  @Test(arguments: [(128, true), (129, false)])
  func `an exemplar has at most 128 characters of labels`(characters: Int, isAllowed: Bool) {
    let value = String(repeating: "\u{10348}", count: characters - 2)
    #expect((Exemplar([("id", value)], .integer(1)) != nil) == isAllowed)
  }
}

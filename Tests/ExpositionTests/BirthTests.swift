import AttemptLog
import Exposition
import Reliability
import TestSupport
import Testing

/// Series that are new in a live log.
struct BirthTests {
  private static let log = LogText()
    .attempt("10:00:00", "1", error: "rate_limited", #""error_code":"slow","http_status":429"#)
    .attempt("10:00:05", "1", attempt: 2, #""slept_ms":2000,"slept_source":"server""#)
    .operation("10:00:05", "1")

  private func page(_ now: String, _ birth: LifetimeCounts.Birth) -> Page {
    Page([Self.log], now: "2026-11-18T\(now)Z", birth: birth)
  }

  private static let born = LifetimeCounts.Birth.at(
    Timestamp(rfc3339: "2026-11-18T10:01:00Z") ?? .earliest)

  @Test func `counters and histograms of a new pair are 0 for a while`() {
    let young = page("10:01:59.999999", Self.born)
    for (series, value) in young.samples
    where series.hasPrefix("api_client_")
      && series.contains(#/(_total|_bucket|_sum|_count)\{/#)
    {
      #expect(value == 0, "\(series)")
    }
    // What is measured now is what it is.
    #expect(young["api_client_last_success_timestamp_seconds", ""] == 1_794_996_005)
    let grown = page("10:02:00", Self.born)
    #expect(grown.samples == page("10:02:00", .fromStart).samples)
    #expect(grown["api_client_attempts_total", #"attempt_kind="retry""#] == 1)
    #expect(young.series == grown.series)
  }

  @Test func `what was there from the start has its values at once`() {
    #expect(
      page("10:01:00", .fromStart)["api_client_attempts_total", #"attempt_kind="retry""#] == 1)
  }

  @Test func `a new error of a known pair is 0 for a while, the pair is not`() {
    let now = Timestamp(rfc3339: "2026-11-18T10:05:00Z") ?? .earliest
    var aggregate = Aggregate(LifetimeCounts())
    aggregate.read([LogText(writer: "before").attempt("09:00:00", "0")])
    aggregate.noteBirths(.fromStart)
    aggregate.read([Self.log])
    aggregate.noteBirths(.at(now))
    func text(after seconds: Int64) -> String {
      let page = MetricsPage(
        aggregate: aggregate, now: now.advanced(byMicroseconds: seconds * 1_000_000), missing: 0,
        bytesRead: 0, unreadBytes: 0, version: "1", zeroMicroseconds: 60_000_000)
      return String(decoding: page.bytes(as: .openMetrics), as: UTF8.self)
    }
    let error = #"error_code="slow",http_status="429"} "#
    let retry =
      #"api_client_attempts_total{provider="lesan",operation="transcribe","#
      + #"attempt_kind="retry"} 1"#
    #expect(text(after: 0).contains(error + "0\n"))
    #expect(text(after: 0).contains(retry))
    #expect(text(after: 60).contains(error + "1\n"))
  }

  @Test func `a pair that is expected is there before it is met`() {
    let now = Timestamp(rfc3339: "2026-11-18T09:00:00Z") ?? .earliest
    var aggregate = Aggregate(LifetimeCounts())
    aggregate.expect(provider: "lesan", operation: "transcribe", at: now)
    aggregate.noteBirths(.fromStart)
    func text() -> String {
      let page = MetricsPage(
        aggregate: aggregate, now: now, missing: 0, bytesRead: 0, unreadBytes: 0, version: "1",
        zeroMicroseconds: 60_000_000)
      return String(decoding: page.bytes(as: .openMetrics), as: UTF8.self)
    }
    let series =
      #"api_client_attempts_total{provider="lesan",operation="transcribe","#
      + #"attempt_kind="initial"} "#
    // 2026-11-18T09:00:00Z is 1794992400.
    #expect(text().contains(series + "0\n"))
    #expect(text().contains(#"attempt_kind="initial"} 1794992400"#))
    aggregate.read([Self.log])
    aggregate.noteBirths(.at(now))
    #expect(text().contains(series + "1\n"))
    #expect(text().contains(#"attempt_kind="initial"} 1794992400"#))
  }
}

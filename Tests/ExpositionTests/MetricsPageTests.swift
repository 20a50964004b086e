import AttemptLog
import Exposition
import Reliability
import TestSupport
import Testing

struct MetricsPageTests {
  @Test func `the page of some operations`() throws {
    let page = Page(.someOperations, objective: 0.995)
    #expect(try page.text == Golden.expected("some-operations.prom", for: Array(page.text.utf8)))
  }

  @Test func `the page of nothing`() throws {
    let page = Page([])
    #expect(try page.text == Golden.expected("empty.prom", for: Array(page.text.utf8)))
  }

  @Test func `counters and histograms`() {
    let page = Page(.someOperations)
    #expect(page["api_client_attempts_total", #"attempt_kind="initial""#] == 5)
    #expect(page["api_client_attempts_total", #"attempt_kind="retry""#] == 3)
    // As the provider names them: a cancelled attempt counts here.
    #expect(page.sum("api_client_attempt_errors_total") == 6)
    #expect(
      page[
        "api_client_attempt_errors_total", #"error_type="timedOut",error_code="",http_status="""#]
        == 1)
    // Each attempt takes exactly 1 s: a bucket includes its bound.
    let buckets = ["0.5", "1.0", "+Inf"].map {
      page["api_client_attempt_duration_seconds_bucket", #"result="failure",le="\#($0)""#]
    }
    #expect(buckets == [0, 6, 6])
    // Operations that failed: 7000 + 1000 + 1000 (cancelled) ms; attempts 3 + 1 + 1.
    let failure = #"result="failure""#
    #expect(page["api_client_operation_duration_seconds_sum", failure] == 9)
    #expect(page["api_client_operation_attempts_sum", failure] == 5)
    #expect(page["api_client_operation_attempts_bucket", failure + #",le="2.0""#] == 2)
    #expect(page["api_client_backoff_seconds_sum", #"source="computed""#] == 6)
    #expect(page["api_client_wasted_backoff_seconds_total", ""] == 4)
    #expect(page["api_client_audio_seconds_total", #"attempt_kind="retry""#] == 30)
    // 2026-11-18T10:00:00Z is 1794996000.
    #expect(page["api_client_last_success_timestamp_seconds", ""] == 1_794_996_063)
    #expect(page["api_client_last_attempt_timestamp_seconds", ""] == 1_794_996_240)
  }

  @Test func `quotas are those of a provider, whatever the account and the operation`() {
    let quota = #""http_status":429,"retry_after_ms":60000,"quota_limit":500,"quota_remaining":0"#
    let daily = quota + #","quota_name":"daily""#
    let log = LogText()
      .attempt("10:00:00", "1", error: "quota_exhausted", daily)
      .attempt("10:00:30", "2", error: "quota_exhausted", daily + #","account":"b""#)
      .attempt("10:00:31", "3", #""operation":"upload","quota_limit":60,"quota_remaining":7"#)
      .attempt("10:00:20", "4", #""operation":"upload","quota_limit":61"#)
    let page = Page(log, now: "2026-11-18T10:00:40Z")
    func value(_ metric: String, _ quota: String) -> Double? {
      page.samples[#"api_client_quota_\#(metric){provider="lesan",quota="\#(quota)"}"#]
    }
    #expect(value("exhausted", "daily") == 1)
    #expect(value("exhausted", "balance") == 0)
    #expect(value("exhaustion_episodes_total", "daily") == 2)
    #expect(value("exhausted_seconds_total", "daily") == 50)
    // 10:01:30, the later of two.
    #expect(value("reset_timestamp_seconds", "daily") == 1_794_996_090)
    #expect(value("reset_timestamp_seconds", "balance") == nil)
    #expect(value("limit", "daily") == 500)
    #expect(value("remaining", "daily") == 0)
    // A response without a name, the newest by its time.
    #expect(value("limit", "other") == 60)
    #expect(value("remaining", "other") == 7)
    #expect(value("limit", "rate") == nil)
  }

  @Test func `quotas of a provider that came too late are other's, unless it is known`() {
    var limits = LifetimeCounts.Limits()
    limits.scopesMax = 1
    let refused = #""http_status":429,"error_class":"quota_exhausted""#
    let log = LogText().attempt("10:00:00", "1")
      .attempt("10:00:00", "2", error: "timeout", #""operation":"upload","# + refused)
      .attempt("10:00:00", "3", error: "timeout", #""provider":"late","# + refused)
    let page = Page([log], now: "2026-11-18T10:00:40Z", limits: limits)
    let metric = "api_client_quota_exhaustion_episodes_total"
    #expect(page.samples[metric + #"{provider="lesan",quota="daily"}"#] == 1)
    #expect(page.samples[metric + #"{provider="_other",quota="daily"}"#] == 1)
    #expect(page.samples[metric + #"{provider="late",quota="daily"}"#] == nil)
  }

  @Test func `a pair that is met has every closed label set from the start`() {
    let page = Page(LogText().start("10:00:00", "1"), now: "2026-11-18T10:00:01Z")
    for kind in ["initial", "retry"] {
      #expect(page["api_client_attempts_total", #"attempt_kind="\#(kind)""#] == 0)
      #expect(page["api_client_audio_seconds_total", #"attempt_kind="\#(kind)""#] == 0)
    }
    for name in ErrorClass.allCases.map(\.rawValue) {
      for kind in ["initial", "retry"] {
        let labels = #"attempt_kind="\#(kind)",error_class="\#(name)""#
        #expect(page["api_client_attempt_failures_total", labels] == 0)
      }
      for result in ["success", "failure"] {
        #expect(page["api_client_retries_total", #"reason="\#(name)",result="\#(result)""#] == 0)
      }
    }
    for outcome in OperationOutcome.allCases where outcome != .other {
      for retried in ["false", "true"] {
        let labels = #"outcome="\#(outcome.rawValue)",retried="\#(retried)""#
        #expect(page["api_client_operations_total", labels] == 0)
      }
    }
    for source in ["computed", "server"] {
      #expect(page["api_client_backoff_seconds_count", #"source="\#(source)""#] == 0)
    }
    #expect(page["api_client_open_operations", #"state="attempting""#] == 1)
    #expect(page["api_client_open_operations", #"state="backing_off""#] == 0)
    #expect(page["api_client_oldest_open_operation_timestamp_seconds", ""] == 1_794_996_000)
    #expect(page["api_client_last_success_timestamp_seconds", ""] == nil)
  }

  @Test func `what stands for a value outside its set is there from the start`() {
    // As all of a closed set, so that the first one is seen by `increase()`.
    let before = Page(.someOperations)
    #expect(before["api_client_operations_total", #"outcome="other",retried="false""#] == 0)
    #expect(before["api_client_backoff_seconds_count", #"source="other""#] == 0)
    let page = Page(
      LogText().operation("10:00:00", "1", outcome: "vanished")
        .attempt("10:00:00", "2", attempt: 2, #""slept_source":"oracle""#))
    #expect(page["api_client_operations_total", #"outcome="other",retried="false""#] == 1)
    #expect(page["api_client_backoff_seconds_count", #"source="other""#] == 1)
    #expect(page.samples[#"relmon_log_unmapped_values_total{key="slept_source"}"#] == 1)
  }

  @Test func `label values are escaped`() {
    let name = #"q\"\\ \n\u00e9"#
    let page = Page(
      LogText().attempt(
        "10:00:00", "1", error: "timeout",
        #""provider":"\#(name)","operation":"\#(name)","error_type":"\#(name)""#))
    let label = #""q\"\\ \né""#
    let expected =
      "api_client_attempt_errors_total{provider=\(label),operation=\(label),"
      + #"error_type=\#(label),error_code="",http_status="503"} 1"#
    #expect(page.lines.contains(expected))
  }

  @Test func `both bounds of labels are exposed`() {
    var limits = LifetimeCounts.Limits()
    limits.scopesMax = 1
    limits.errorsPerScopeMax = 1
    let log = LogText().attempt("10:00:00", "1", error: "timeout")
      .attempt("10:00:00", "2", error: "timeout", #""error_code":"late""#)
      .attempt("10:00:00", "3", #""operation":"late""#)
    let page = Page([log], limits: limits)
    #expect(page.samples[#"relmon_label_overflow_total{label="operation"}"#] == 1)
    #expect(page.samples[#"relmon_label_overflow_total{label="error_code"}"#] == 1)
    let other = #"provider="_other",operation="_other""#
    #expect(page.samples["api_client_attempts_total{\(other),attempt_kind=\"initial\"}"] == 1)
    let error = #"error_type="_other",error_code="_other",http_status="_other""#
    #expect(page["api_client_attempt_errors_total", error] == 1)
    #expect(!page.text.contains("late"))
  }

  @Test func `an objective is exposed if there is one`() {
    #expect(Page(LogText(), objective: 0.995).samples["relmon_slo_objective_ratio"] == 0.995)
    #expect(!Page(LogText()).text.contains("relmon_slo_objective_ratio"))
  }

  @Test func `sums beyond every double are still numbers to Prometheus`() {
    let log = LogText().attempt("10:00:00", "1", #""latency_ms":1.7e308"#)
      .attempt("10:00:00", "2", #""latency_ms":1.7e308"#)
    let page = Page(log)
    let success = #"{provider="lesan",operation="transcribe",result="success"}"#
    #expect(page.lines.contains("api_client_attempt_duration_seconds_sum\(success) +Inf"))
    #expect(page.lines.contains("api_client_attempt_duration_seconds_count\(success) 2"))
  }
}

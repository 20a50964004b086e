import AttemptLog
import Exposition
import Reliability
import TestSupport
import Testing

/// Identities that hold on every page, because operations and attempts are counted once.
struct PageInvariantTests {
  private static let open = LogText(writer: "open")
    .attempt("11:55:00", "open", error: "timeout", #""decision":"retry","backoff_ms":60000"#)
    .start("10:00:00", "lost").attempt("10:00:05", "lost", error: "timeout")

  static let pages = [
    Page(.someOperations), Page([.someOperations, open], now: "2026-11-18T12:00:00Z"),
    Page([.someOperations, open]), Page([.random(seed: 1), open]), Page([.random(seed: 2)]),
  ]

  @Test(arguments: pages)
  func `every operation that ended is once in each histogram`(page: Page) {
    let ended =
      page.sum("api_client_operations_total")
      - page.sum("api_client_operations_total", #"outcome="abandoned""#)
    #expect(page.sum("api_client_operation_duration_seconds_count") == ended)
    let withoutAttempts =
      ended - page.sum("api_client_operation_attempts_count")
    #expect(withoutAttempts >= 0)
    #expect(withoutAttempts <= page.sum("api_client_operations_total", #"retried="false""#))
  }

  @Test(arguments: pages)
  func `attempts are failures and successes, initial and retries`(page: Page) {
    let attempts = page.sum("api_client_attempts_total")
    let failures = page.sum("api_client_attempt_failures_total")
    #expect(page.sum("api_client_attempt_duration_seconds_count") == attempts)
    #expect(
      page.sum("api_client_attempt_duration_seconds_count", #"result="failure""#) == failures)
    #expect(page.sum("api_client_attempt_errors_total") == failures)
    let retries = page.sum("api_client_attempts_total", #"attempt_kind="retry""#)
    #expect(page.sum("api_client_retries_total") == retries)
    #expect(
      page.sum("api_client_retries_total", #"result="failure""#)
        == page.sum("api_client_attempt_failures_total", #"attempt_kind="retry""#))
    #expect(page.sum("api_client_backoff_seconds_count") == retries)
  }

  @Test(arguments: pages)
  func `attempts of operations are the attempts of the log`(page: Page) {
    // The attempts of `open` and `lost`, which have no end.
    let hasOpen = page.samples[#"relmon_log_records_total{kind="attempt_start"}"#] == 1
    #expect(
      page.sum("api_client_operation_attempts_sum") + (hasOpen ? 2 : 0)
        == page.sum("api_client_attempts_total"))
  }

  @Test(arguments: pages)
  func `records of the log are what was counted`(page: Page) {
    #expect(
      page.sum("api_client_attempts_total")
        == page.samples[#"relmon_log_records_total{kind="attempt"}"#])
    #expect(
      page.sum("api_client_operation_duration_seconds_count")
        == page.samples[#"relmon_log_records_total{kind="operation"}"#])
  }

  @Test func `an operation is open, then abandoned, never both`() {
    let before = Page([Self.open], now: "2026-11-18T12:00:00Z")
    #expect(before.sum("api_client_open_operations") == 1)
    #expect(before.sum("api_client_operations_total", #"outcome="abandoned""#) == 1)
    let after = Page([Self.open], now: "2026-11-18T12:11:00.000001Z")
    #expect(after.sum("api_client_open_operations") == 0)
    #expect(after.sum("api_client_operations_total", #"outcome="abandoned""#) == 2)
  }
}

extension LogText {
  /// Whole operations as a writer tells of them, of several pairs.
  fileprivate static func random(seed: UInt64) -> LogText {
    var generator = SeededGenerator(seed: seed)
    var log = LogText(writer: "random")
    let classes = ErrorClass.allCases.map(\.rawValue)
    for id in 0..<150 {
      let pair =
        #""provider":"p\#(Int.random(in: 0...1, using: &generator))","#
        + #""operation":"o\#(Int.random(in: 0...2, using: &generator))""#
      let attempts = Int.random(in: 0...5, using: &generator)
      let succeeds = attempts > 0 && Bool.random(using: &generator)
      for attempt in stride(from: 1, through: attempts, by: 1) {
        let error = classes.randomElement(using: &generator)
        let isLast = attempt == attempts
        log = log.attempt(
          "10:00:00", "\(id)", attempt: attempt, error: isLast && succeeds ? nil : error,
          pair + (isLast ? "" : #","decision":"retry","backoff_ms":2000"#))
      }
      let outcomes = ["attempts_exhausted", "budget_denied", "cancelled", "not_retryable"]
      log = log.operation(
        "10:00:00", "\(id)",
        outcome: succeeds ? "success" : outcomes.randomElement(using: &generator) ?? "",
        attempts: attempts, pair)
    }
    return log
  }
}

import AttemptLog
import Exposition
import Reliability
import TestSupport
import Testing

/// However long the labels of a log are, a page is not longer than it may be.
struct PageSizeTests {
  private static let bytesMax = 5 << 20

  /// Attempts and operations that have every exemplar, each of a pair of its own.
  private static func logs(
    pairs: Int, errors: Int, name: (Int) -> String, error: (Int) -> String
  ) -> [LogText] {
    let id = String(repeating: "i", count: 64)
    return (0..<pairs).map { pair in
      var log = LogText(writer: "\(pair)")
      let names = #""provider":"\#(name(pair))","operation":"o""#
      for errorClass in ErrorClass.allCases {
        for attempt in 1...2 {
          log = log.attempt(
            "10:00:00", id, attempt: attempt, error: errorClass.rawValue,
            names + #","quota_limit":123456789012345,"quota_remaining":123456789012345"#)
        }
      }
      for outcome in OperationOutcome.allCases {
        for isRetried in [false, true] {
          log = log.operation(
            "10:00:00", id, outcome: outcome.rawValue, names + #","retried":\#(isRetried)"#)
        }
      }
      for number in 0..<errors {
        log = log.attempt(
          "10:00:00", id, error: "other", names + #","error_type":"\#(error(number))""#)
      }
      return log
    }
  }

  @Test(arguments: ExpositionFormat.allCases)
  func `pairs with names of usual length all have their own labels`(format: ExpositionFormat) {
    let logs = Self.logs(
      pairs: 101, errors: 3, name: { "provider-\(1000 + $0)" }, error: { "error-\($0)" })
    let page = Page(logs, format: format)
    let providers = Set(page.text.matches(of: #/provider="([^"]*)"/#).map { $0.1 })
    #expect(providers.count == 101)
    #expect(providers.contains("_other"))
    #expect(page.text.utf8.count <= Self.bytesMax)
  }

  @Test(arguments: ExpositionFormat.allCases)
  func `long names come to an end before the page is too long`(format: ExpositionFormat) {
    // Escaped, each of these bytes is two.
    let quotes = String(repeating: #"\""#, count: 120)
    let logs = Self.logs(
      pairs: 99, errors: 51, name: { "\(1000 + $0)" + quotes }, error: { "\($0)" + quotes })
    let page = Page(logs, format: format)
    #expect(page.text.utf8.count <= Self.bytesMax)
    #expect(page.text.utf8.count > Self.bytesMax / 2)
    // Nothing is lost: what has no labels of its own is in the sums.
    let attempts = 99 * (2 * ErrorClass.allCases.count + 51)
    #expect(page.sum("api_client_attempts_total") == Double(attempts))
    #expect(page.sum("api_client_attempt_errors_total") == Double(attempts))
    #expect(page.samples[#"relmon_label_overflow_total{label="operation"}"#] ?? 0 > 0)
    #expect(page.samples[#"relmon_label_overflow_total{label="error_code"}"#] ?? 0 > 0)
  }
}

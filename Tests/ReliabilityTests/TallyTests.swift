import AttemptLog
import Reliability
import TestSupport
import Testing

struct TallyTests {
  @Test func `the ratios of some operations`() {
    let tally = WindowedCounts.weeks(.someOperations).week
    // O = 5, O′ = 4 (without cancelled); A = 8 attempts, A′ = 7
    #expect(tally.operations.count == 5)
    #expect(tally.attemptCount == 8)
    let outcomes = OperationOutcome.allCases.map { tally.operations.byOutcome[$0].count }
    #expect(outcomes == [2, 1, 1, 0, 0, 0, 1, 0, 0])
    // failed in A′: rescued 1, exhausted 3, refused 1
    #expect(tally.attemptErrorRate == Ratio(hits: 5, of: 7))
    #expect(tally.failedAttempts == 5)
    #expect(tally.successRate == Ratio(hits: 2, of: 4))
    #expect(tally.firstAttemptSuccessRate == Ratio(hits: 1, of: 4))
    // R = rescued, exhausted
    #expect(tally.retrySuccessRatio == Ratio(hits: 1, of: 2))
    // attempts ≥ 2: rescued/2 succeeded; exhausted/2 and /3 did not
    #expect(tally.retryAttemptSuccessRatio == Ratio(hits: 1, of: 3))
    #expect(tally.exhaustionRate == Ratio(hits: 1, of: 4))
  }

  @Test func `the shares and sums of some operations`() {
    let tally = WindowedCounts.weeks(.someOperations).week
    #expect(tally.amplification == 8.0 / 5)
    // 60 + 30 + 30 of 60 + 30
    #expect(tally.audioAmplification == 120.0 / 90)
    // Σ slept 6000 of Σ duration 1000 + 4000 + 7000 + 1000 + 1000
    #expect(tally.backoffShare == 6.0 / 14)
    #expect(tally.sleptSeconds == 6)
    #expect(tally.wastedBackoffSeconds == 4)
    #expect(tally.audioSeconds == 120)
    #expect(tally.allDurations.sum.value == 14_000)
    #expect(tally.allLatencies.count == 8)
  }

  @Test func `without operations there are no percentages`() {
    let tally = WindowedCounts.weeks(LogText().add("writer_start", "10:00:00")).week
    #expect(tally.isEmpty)
    for name in RatioName.allCases { #expect(tally[name] == Ratio(hits: 0, of: 0)) }
    #expect(tally.amplification == nil)
    #expect(tally.audioAmplification == nil)
    #expect(tally.backoffShare == nil)
    #expect(tally.allLatencies.quantile(percent: 50) == nil)
  }

  @Test func `an operation denied before its first attempt cannot lower the first-attempt rate`() {
    let log = LogText()
      .operation("10:00:00", "denied", outcome: "budget_denied", attempts: 0, #""duration_ms":0"#)
      .attempt("10:00:01", "good").operation("10:00:01", "good")
    let tally = WindowedCounts.weeks(log).week
    #expect(tally.successRate == Ratio(hits: 1, of: 2))
    #expect(tally.firstAttemptSuccessRate == Ratio(hits: 1, of: 1))
    #expect(tally.amplification == 1)
    #expect(tally.operations.perOperation[.success].count == 1)
    #expect(tally.operations.perOperation[.failure].count == 0)
  }

  @Test func `retries by cause and by number leave out what the caller cancelled`() {
    let reason = #""retry_reason":"rate_limited""#
    let log = LogText()
      .attempt("10:00:00", "1", attempt: 2, error: "timeout")
      .attempt("10:00:01", "2", attempt: 2, reason)
      .attempt("10:00:02", "3", attempt: 3, error: "cancelled", reason)
    let tally = WindowedCounts.weeks(log).week
    #expect(tally.retries[.serverError].ratio == Ratio(hits: 0, of: 1))
    #expect(tally.retries[.rateLimited].ratio == Ratio(hits: 1, of: 1))
    #expect(tally.retries[.rateLimited].cancelled == 1)
    #expect(tally.retries[.rateLimited].slept.value == 2000)
    #expect(tally.retriesByAttempt[2]?.ratio == Ratio(hits: 1, of: 2))
    #expect(tally.retriesByAttempt[3]?.ratio == Ratio(hits: 0, of: 0))
    #expect(tally.backoff[.computed].count == 3)
  }

  @Test func `a retry that does not tell its sleep slept no time that is known`() {
    let log = LogText().attempt("10:00:00", "1", attempt: 2, #""slept_ms":null"#)
    let tally = WindowedCounts.weeks(log).week
    #expect(tally.backoff[.computed].count == 0)
    #expect(tally.retries[.serverError].ratio.of == 1)
  }

  @Test func `attempts per operation fall into inclusive buckets`() {
    let log = (0...11).reduce(LogText()) { log, attempts in
      log.operation("10:00:00", "\(attempts)", attempts: attempts)
    }
    let histogram = WindowedCounts.weeks(log).week.operations.perOperation[.success]
    #expect(histogram.buckets == [1, 1, 1, 1, 1, 5, 1])
    #expect(histogram.sum.value == 66)
  }

  @Test func `tallies of parts merge to the tally of the whole`() {
    var generator = SeededGenerator(seed: 21)
    for _ in 0..<20 {
      // Windows are disjoint scopes: the three weeks together are the whole.
      let counts = WindowedCounts.weeks(Self.log(200, using: &generator))
      let whole = counts.headline(0..<3)
      for parts in [
        [counts.before, counts.week, counts.after], [counts.after, counts.before, counts.week],
      ] {
        let merged = parts.reduce(into: Tally()) { $0.merge($1) }
        #expect(Self.text(merged) == Self.text(whole))
      }
      #expect(whole.attemptCount + whole.operations.count == 200)
    }
  }

  /// Every figure of a tally; durations are whole milliseconds, so that sums are exact.
  private static func text(_ tally: Tally) -> String {
    """
    \(tally.attempts) \(tally.latency) \(tally.retries) \(tally.backoff) \(tally.operations)
    \(tally.duration) \(tally.retriesByAttempt.sorted { $0.key < $1.key })
    """
  }

  private static func log(
    _ lines: Int, using generator: inout SeededGenerator
  ) -> LogText {
    var log = LogText()
    for id in 0..<lines {
      let day = Int.random(in: 9...29, using: &generator)
      let time = "2026-11-\(day < 10 ? "0" : "")\(day)T12:00:00Z"
      let attempts = Int.random(in: 0...4, using: &generator)
      let amount = Int.random(in: 0...5000, using: &generator)
      if Bool.random(using: &generator) {
        let error = ErrorClass.allCases.randomElement(using: &generator)?.rawValue
        log = log.attempt(
          time, "\(id)", attempt: attempts + 1,
          error: Bool.random(using: &generator) ? error : nil,
          #""latency_ms":\#(amount),"slept_ms":\#(amount * 2),"audio_seconds":\#(attempts)"#)
      } else {
        let outcome = OperationOutcome.allCases.randomElement(using: &generator) ?? .success
        log = log.operation(
          time, "\(id)", outcome: outcome.rawValue, attempts: attempts,
          #""duration_ms":\#(amount * 3),"slept_ms":\#(amount)"#)
      }
    }
    return log
  }
}

import AttemptLog
import Retry
import TestSupport
import Testing

struct RetryBudgetTests {
  let clock = VirtualClock()
  let events = RecordedEvents()

  func retrier(_ budget: RetryBudget, maxAttempts: Int = 3) -> Retrier {
    Retrier(
      policy: RetryPolicy(maxAttempts: maxAttempts, backoff: .none), clock: MonotonicClock(clock),
      random: RandomSource(SeededGenerator(seed: 1)), budget: budget, record: events.record)
  }

  @discardableResult
  func outcome(_ retrier: Retrier, _ statuses: Int?...) async -> OperationOutcome {
    do {
      try await retrier.run(.make()) { attempt in
        if let status = statuses[min(attempt.number, statuses.count) - 1] {
          throw Refusal.status(status)
        }
      }
      return .success
    } catch {
      return (error as? OperationError)?.outcome ?? .cancelled
    }
  }

  @Test func `an outage gets few retries, from all who share the budget`() async {
    let budget = RetryBudget()
    let first = retrier(budget)
    let second = retrier(budget, maxAttempts: 9)
    #expect(await outcome(first, 503) == .attemptsExhausted)
    #expect(budget.level == 7 && budget.allowsRetries)
    #expect(await outcome(second, 503) == .budgetDenied)
    #expect(budget.level == 5 && !budget.allowsRetries)
    #expect(await outcome(first, 503) == .budgetDenied)
    #expect(
      events.lines.suffix(2) == [
        "attempt ask 1 server_error stop", "operation ask budget_denied 1",
      ]
    )
    for _ in 0..<9 { await outcome(first, 503) }
    #expect(budget.level == 0)
  }

  @Test func `successes fill it again, exactly and not beyond its capacity`() async {
    let budget = RetryBudget()
    let retrier = retrier(budget)
    for _ in 0..<5 { await outcome(retrier, 503, nil) }
    #expect(budget.level == 5.5 && events.operations.last?.outcome == .success)
    #expect(await outcome(retrier, 503, nil) == .budgetDenied)
    #expect(budget.level == 4.5 && !budget.allowsRetries)
    for _ in 0..<6 { await outcome(retrier, nil) }
    #expect(budget.level == 5.1 && budget.allowsRetries)
    for _ in 0..<100 { await outcome(retrier, nil) }
    #expect(budget.level == 10)
  }

  @Test func `only a failure that could be retried is paid for`() async {
    let budget = RetryBudget()
    await outcome(retrier(budget), 401)
    #expect(budget.level == 10)
    await outcome(retrier(budget, maxAttempts: 1), 503)
    #expect(budget.level == 9)
  }

  @Test func `the numbers can be chosen`() async {
    let budget = RetryBudget(capacity: 2, costOfFailure: 0.5, refundOfSuccess: 0.25)
    #expect(await outcome(retrier(budget), 503, nil) == .success)
    #expect(budget.level == 1.75 && budget.capacity == 2)
  }
}

import AttemptLog
import Retry
import Testing

struct BackoffTests {
  @Test(arguments: [
    (Backoff.none, [0, 0, 0]),
    (.fixed(.seconds(5)), [5000, 5000, 5000]),
    (.exponential(cap: .seconds(4), jitter: .none), [1000, 2000, 4000, 4000, 4000]),
    (.exponential(base: .milliseconds(50), factor: 3, jitter: .none), [50, 150, 450]),
    (.exponential(base: .seconds(9), cap: .seconds(4), jitter: .none), [4000, 4000]),
  ])
  func `a wait grows by the factor up to the cap`(backoff: Backoff, milliseconds: [Int]) {
    var generator = SeededGenerator(seed: 1)
    let delays = (1...milliseconds.count).map {
      backoff.delay(afterAttempt: $0, using: &generator)
    }
    #expect(delays == milliseconds.map { .milliseconds($0) })
  }

  @Test(arguments: [
    (Backoff.Jitter.full, 0.0, 4.0), (.equal, 2, 4), (.proportional(0.1), 4, 4.4),
  ])
  func `jitter keeps its full width at the cap`(jitter: Backoff.Jitter, low: Double, high: Double) {
    let backoff = Backoff.exponential(cap: .seconds(4), jitter: jitter)
    var generator = SeededGenerator(seed: 2)
    let delays = (0..<1000).map { _ in
      backoff.delay(afterAttempt: 9, using: &generator) / .seconds(1)
    }
    #expect(delays.allSatisfy { (low...high + 1e-6).contains($0) })
    let width = high - low
    #expect(delays.filter { $0 < low + width / 4 }.count > 200)
    #expect(delays.filter { $0 > high - width / 4 }.count > 200)
  }

  @Test func `a huge attempt number and a huge cap do not overflow`() {
    let backoff = Backoff.exponential(
      base: .seconds(1), factor: 1e9, cap: .seconds(Int64.max / 4), jitter: .none)
    var generator = SeededGenerator(seed: 3)
    #expect(backoff.delay(afterAttempt: .max, using: &generator) == .seconds(Int64.max / 4))
  }
}

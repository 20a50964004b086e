import AttemptLog
import Retry
import TestSupport
import Testing

/// What random schedules of faults write; RandomScheduleTests checks what it says.
struct FaultScheduleTests {
  struct Fault: AttemptError {
    var attemptFacts: AttemptFacts
  }

  /// A schedule of faults and a policy, both drawn from the seed.
  struct Schedule {
    var policy: RetryPolicy
    var faults: [AttemptFacts?]

    init(using generator: inout SeededGenerator) {
      let backoffs: [Backoff] = [
        .none, .fixed(.seconds(5)), .exponential(), .exponential(jitter: .equal),
        .exponential(cap: .seconds(3), jitter: .proportional(0.2)),
      ]
      policy = RetryPolicy(
        maxAttempts: .random(in: 1...6, using: &generator),
        backoff: backoffs[Int.random(in: 0..<backoffs.count, using: &generator)],
        allowsDuplicates: .random(using: &generator))
      faults = (0..<6).map { _ in Self.fault(using: &generator) }
    }

    private static func fault(using generator: inout SeededGenerator) -> AttemptFacts? {
      let statuses: [Int?] = [nil, 400, 408, 418, 429, 429, 500, 503, 503]
      switch Int.random(in: 0..<8, using: &generator) {
      case 0: return nil
      case 1: return AttemptFacts(layer: .transport, type: "reset")
      default:
        let status = statuses[Int.random(in: 0..<statuses.count, using: &generator)]
        var facts = AttemptFacts(httpStatus: status, layer: .http)
        if Bool.random(using: &generator) {
          facts.retryAfter = .milliseconds(Int.random(in: -10...130_000, using: &generator))
          facts.retryAfterSource = .header
        }
        return facts
      }
    }
  }

  static func run(seed: UInt64) async -> (
    schedule: Schedule, events: RecordedEvents, sleeps: [Duration]
  ) {
    var generator = SeededGenerator(seed: seed)
    let schedule = Schedule(using: &generator)
    let clock = VirtualClock()
    let events = RecordedEvents()
    let retrier = Retrier(
      policy: schedule.policy, clock: MonotonicClock(clock), random: RandomSource(generator),
      record: events.record)
    let faults = schedule.faults
    _ = try? await retrier.run(.make()) { attempt in
      clock.advance(by: .milliseconds(attempt.number))
      if let facts = faults[attempt.number - 1] { throw Fault(attemptFacts: facts) }
    }
    return (schedule, events, clock.sleeps)
  }

  @Test func `every event is a line that reads back as it was`() async throws {
    var bytes: [UInt8] = []
    var written: [Event] = []
    for seed in 1...100 as ClosedRange<UInt64> {
      for event in await Self.run(seed: seed).events.all {
        written.append(event)
        try LineWriter().append(.make(event, seq: Int64(written.count)), to: &bytes)
      }
    }
    var read = CollectedRecords()
    var parser = LogParser()
    parser.feed(bytes.span, to: &read)
    #expect(read.rejections == [])
    #expect(read.records.map(\.event) == written)
  }

  @Test func `the same seed leaves the same log`() async {
    for seed in 1...50 as ClosedRange<UInt64> {
      let first = await Self.run(seed: seed).events.all
      let second = await Self.run(seed: seed).events.all
      #expect(first == second, "seed \(seed)")
    }
  }
}

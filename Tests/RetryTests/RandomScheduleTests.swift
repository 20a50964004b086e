import AttemptLog
import TestSupport
import Testing

/// 10,000 schedules of faults under every limit that there is, in virtual time.
struct RandomScheduleTests {
  @Test func `10,000 schedules leave a log that is consistent and agrees with the server`()
    async throws
  {
    var outcomes: [OperationOutcome: Int] = [:]
    for seed in 1...10_000 as ClosedRange<UInt64> {
      let schedule = RandomSchedule(seed: seed)
      let server = CountingServer()
      let events = await schedule.run(server)
      let broken = schedule.brokenRule(in: events, server)
      try #require(broken == nil, "seed \(seed): \(broken ?? "") \(events.lines)")
      for operation in events.operations { outcomes[operation.outcome, default: 0] += 1 }
    }
    #expect(outcomes.values.reduce(0, +) == 10_000)
    #expect(outcomes.count == 7 && outcomes.values.allSatisfy { $0 > 50 }, "\(outcomes)")
  }

  @Test func `every event is a line that reads back as it was`() async throws {
    var bytes: [UInt8] = []
    var written: [Event] = []
    for seed in 1...100 as ClosedRange<UInt64> {
      for event in await RandomSchedule(seed: seed).run().all {
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
    for seed in 1...200 as ClosedRange<UInt64> {
      let first = await RandomSchedule(seed: seed).run().all
      let second = await RandomSchedule(seed: seed).run().all
      #expect(first == second, "seed \(seed)")
    }
  }
}

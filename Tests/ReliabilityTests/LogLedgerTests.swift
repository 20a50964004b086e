import AttemptLog
import TestSupport
import Testing

@testable import Reliability

struct LogLedgerTests {
  @Test func `duplicates, gaps and reported losses`() {
    let first = LogText(writer: "a").operation("10:00:00", "1").operation("10:00:01", "2")
      .operation("10:00:02", "3").operation("10:00:03", "4")
    // The segment with its first ten lines was deleted: no gap.
    let second = LogText(writer: "b", seq: 11).operation("10:00:00", "5")
      .add("dropped", "10:00:01", #""count":7"#).operation("10:00:02", "6")
    let repeated = first.dropLine(3).dropLine(2).dropLine(0)
    let aggregate = Aggregate.lifetime(first.dropLine(2), second, repeated, repeated)
    let log = aggregate.log
    #expect(log.recordCount == 6)
    #expect(log.records == [.operation: 5, .dropped: 1])
    #expect(log.duplicates == 2)
    #expect(log.damaged == 0)
    #expect(log.missing == 1)
    #expect(log.dropped == 7)
    #expect(log.lastRecord == .at("10:00:03"))
    // What is there twice counts once.
    #expect(aggregate.scope()?.tally.operations.count == 5)
  }

  @Test func `a rejected line leaves a gap`() {
    var aggregate = Aggregate(LifetimeCounts())
    let lines = LogText().operation("10:00:00", "1").operation("10:00:01", "2")
      .operation("10:00:02", "3").lines
    aggregate.read(lines[0] + "\n" + lines[1].dropLast(5) + "\n[]\n{}\n" + lines[2] + "\n")
    #expect(aggregate.log.rejected == [.malformed: 2, .schema: 1])
    #expect(aggregate.log.damaged == 3)
    #expect(aggregate.log.missing == 1)
  }

  @Test func `a late line fills its gap`() {
    let log = LogText().operation("10:00:00", "1").operation("10:00:01", "2")
      .operation("10:00:02", "3")
    let late = Aggregate.lifetime(log.dropLine(1), log.dropLine(2).dropLine(0))
    #expect(late.log.missing == 0)
    #expect(late.log.duplicates == 0)
    #expect(late.scope()?.tally.operations.count == 3)
  }

  @Test func `unknown kinds and values are counted and stand for others`() throws {
    let log = LogText().add("heartbeat", "10:00:00")
      .attempt(
        "10:00:01", "1", attempt: 2, error: "haunted",
        #""retry_reason":"moon","slept_source":"oracle""#
      )
      .attempt("10:00:02", "2", error: "timeout", #""error_class":null"#)  // absent, not unmapped
      .operation("10:00:03", "1", outcome: "vanished", attempts: 2)
      .operation("10:00:04", "3", outcome: "success", #""error_class":"haunted""#)
      .attempt("10:00:05", "4", #""error_class":"haunted""#)
    let aggregate = Aggregate.lifetime(log)
    #expect(aggregate.log.records[.unknown] == 1)
    #expect(
      aggregate.log.unmapped == [.errorClass: 1, .retryReason: 1, .sleptSource: 1, .outcome: 1])
    #expect(Set(aggregate.log.unmapped.keys).isSubset(of: LogLedger.restrictedKeys))
    let tally = try #require(aggregate.scope()).tally
    #expect(tally.attempts[.retry].failures[.other] == 1)
    #expect(tally.attempts[.initial].failures[.other] == 1)
    #expect(tally.retries[.other].ratio == Ratio(hits: 0, of: 1))
    #expect(tally.backoff[.other].count == 1)
    #expect(tally.operations.byOutcome[.other].yes == 1)
    #expect(tally.latency[.success].count == 1)
  }

  @Test func `an unknown outcome is a failure, an unknown decision a stop`() throws {
    let log = LogText()
      .attempt("10:00:00", "1", #""outcome":"maybe","decision":"shrug","backoff_ms":5000"#)
      .operation("10:00:01", "2", outcome: "abandoned")
    let aggregate = Aggregate.lifetime(log)
    #expect(aggregate.log.unmapped == [.outcome: 2, .decision: 1])
    let tally = try #require(aggregate.scope()).tally
    #expect(tally.attempts[.initial].failures[.other] == 1)
    // A written `abandoned` is outside the set; the final attempt alone is no operation.
    #expect(tally.operations.byOutcome[.other].count == 1)
    #expect(tally.operations.byOutcome[.abandoned].count == 0)
  }

  @Test func `losses and gaps of any size do not overflow`() {
    let most = #""count":9223372036854775807"#
    let log = LogText(writer: "a").add("dropped", "10:00:00", most)
      .add("dropped", "10:00:00", most).add("heartbeat", "10:00:00", #""seq":9223372036854775807"#)
    let other = LogText(writer: "b").add("heartbeat", "10:00:00")
      .add("heartbeat", "10:00:00", #""seq":9223372036854775807"#)
    let ledger = Aggregate.lifetime(log, other).log
    #expect(ledger.dropped == .max)
    #expect(ledger.missing == .max)
  }

  @Test func `losses are told by writer, the worst first`() {
    let first = LogText(writer: "a").operation("10:00:00", "1").operation("10:00:01", "2")
    let second = LogText(writer: "b", seq: 3).operation("10:00:00", "3")
      .operation("10:00:01", "4", #""seq":6"#).operation("10:00:02", "5", #""seq":9"#)
      .add("dropped", "10:00:03", #""count":2,"seq":10"#)
    let sound = LogText(writer: "c").operation("10:00:00", "6")
    let long = String(repeating: "ሰ", count: 30)
    let third = LogText(writer: long).operation("10:00:00", "7")
    let fourth = LogText(writer: long + "x").operation("10:00:00", "8")
    let log = Aggregate.lifetime(first, first.dropLine(0), second, sound, third, fourth, third).log
    let (writers, count) = log.losses(writersMax: 2, gapsMax: 1)
    #expect(count == 3)
    #expect(
      writers == [
        .init(
          writer: "b", missing: 4, gaps: [4...5], gapCount: 2, repeated: 0, dropped: 2),
        .init(writer: "a", missing: 0, gaps: [], gapCount: 0, repeated: 1, dropped: 0),
      ])
    // A long id is cut, and still another than one that begins alike.
    let all = log.losses(writersMax: 9, gapsMax: 9).writers
    #expect(all.last?.writer == String(repeating: "ሰ", count: 8) + "…")
    #expect(all.last?.repeated == 1)
    #expect(log.duplicates == 2)
  }

  @Test func `what is beyond the limits is counted and not checked`() {
    var sink = LedgerOnly(limits: LogLedger.Limits(writersMax: 2, gapsMax: 1))
    let a = LogText(writer: "a").operation("10:00:00", "1")
      .operation("10:00:00", "2", #""seq":3"#).operation("10:00:00", "3", #""seq":5"#)
      .operation("10:00:00", "4", #""seq":2"#)
    let b = LogText(writer: "b").operation("10:00:00", "4", #""seq":9"#)
      .operation("10:00:00", "5", #""seq":7"#)
    let c = LogText(writer: "c").operation("10:00:00", "6").operation("10:00:00", "6")
    sink.read([a, b, c, c, a.dropLine(2)])
    // a 5; both lines of c twice; a 1, 2 and 3 are repeated.
    #expect(sink.log.unchecked == 5)
    #expect(sink.log.duplicates == 3)
    #expect(sink.log.records == [.operation: 10])
    // The gap at 2 was filled, which made room for that at 8.
    #expect(sink.log.missing == 1)
    #expect(sink.log.losses(writersMax: 9, gapsMax: 9).writers.map(\.writer) == ["a", "b"])
  }
}

/// Counts lines and nothing else.
private struct LedgerOnly: RecordSink {
  var log: LogLedger
  private var reader: EventReader
  private var map = NameMap()

  init(limits: LogLedger.Limits) {
    let hasher = ByteHasher()
    log = LogLedger(limits: limits, hasher: hasher)
    reader = EventReader(hasher: hasher)
  }

  mutating func accept(_ fields: LineScanner, _ line: Span<UInt8>, at position: LinePosition) {
    var events = EventList()
    reader.read(fields, line, into: &events)
    for event in events.lines {
      _ = log.accept(event, writer: log.writer(event, reader.names, &map))
    }
  }

  mutating func reject(_ error: LineError, _ line: Span<UInt8>, at position: LinePosition) {
    log.reject(error.reason)
  }
}

import TestSupport
import Testing

@testable import AttemptLog

/// A line in two parts, as a log writer makes it.
struct LineHeadTests {
  private let writer = LineWriter()

  private func head(_ kind: RecordKind, seq: Int64) -> LineHead {
    LineHead(kind: kind, time: .latest, writer: "0123456789abcdef", seq: seq)
  }

  @Test(
    arguments: RecordKind.allCases,
    [1, 9, 10, 9_999_999, 10_000_000, 99_999_999, 100_000_000, 10_000_000_000_000_000, .max])
  func `the length of a head is known before it is written`(kind: RecordKind, seq: Int64) {
    let bytes = [UInt8](capacity: LineHead.bytesMax) { (output: inout OutputSpan<UInt8>) in
      writer.append(head(kind, seq: seq), to: &output)
    }
    #expect(LineHead.bytes(kind, seq: seq) == bytes.count)
  }

  @Test(arguments: [1, 700, 1020, 1021, 1022, 1023, 1024, 1025, 3000, 3700, 3800, 3900, 5000])
  func `head and body are the line of the record`(length: Int) throws {
    var attempt = AttemptRecord.make()
    attempt.error.parameter = String(repeating: "p", count: length)
    attempt.jobID = "job"
    for seq in [1, 100_000] as [Int64] {
      let head = head(.attempt, seq: seq)
      var whole: [UInt8] = []
      try writer.append(
        Record(time: head.time, writer: head.writer, seq: seq, event: .attempt(attempt)),
        to: &whole)
      var parts = [UInt8](capacity: LineHead.bytesMax) { (output: inout OutputSpan<UInt8>) in
        writer.append(head, to: &output)
      }
      try writer.withBody(of: .attempt(attempt), headBytes: parts.count) { body in
        for index in body.indices { parts.append(body[index]) }
      }
      #expect(parts == whole)
    }
  }
}

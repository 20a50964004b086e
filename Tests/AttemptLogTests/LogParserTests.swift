import AttemptLog
import TestSupport
import Testing

struct LogParserTests {
  private func line(_ seq: Int, padding: Int = 0) -> String {
    let pad = padding > 0 ? #","pad":"\#(String(repeating: "x", count: padding))""# : ""
    return
      #"{"v":1,"kind":"writer_stop","time":"2026-11-16T08:15:30Z","writer":"w","seq":\#(seq)\#(pad)}"#
  }

  private func parse(_ text: String, isComplete: Bool = false) -> CollectedRecords {
    var parser = LogParser()
    var sink = CollectedRecords()
    let bytes = Array(text.utf8)
    parser.feed(bytes.span, to: &sink)
    if isComplete { parser.finish(&sink) }
    return sink
  }

  @Test func `what follows the last newline is no line until the file is complete`() {
    let text = line(1) + "\n" + line(2)
    #expect(parse(text).seqs == [1])
    #expect(parse(text, isComplete: true).seqs == [1, 2])
  }

  @Test func `white space alone says nothing`() {
    let sink = parse("\n \t\r\n\r\n" + line(1) + "\r\n")
    #expect(sink.seqs == [1])
    #expect(sink.rejections.isEmpty)
    #expect(sink.positions == [LinePosition(line: 4, offset: 7)])
    #expect(sink.blankLines == [1, 2, 3])
  }

  @Test func `a record glued behind a torn one is recovered`() {
    let torn = String(line(1).dropLast(3))
    let sink = parse(torn + torn + line(2) + "\n" + line(3) + line(4) + "\n" + line(5) + "\n")
    #expect(sink.seqs == [2, 3, 4, 5])
    #expect(sink.reasons == [.malformed, .malformed])
    #expect(sink.rejections.map(\.position.offset) == [0, Int64(torn.utf8.count)])
    #expect(sink.positions.map(\.line) == [1, 2, 2, 3])
    #expect(sink.positions.map(\.isPiece) == [true, true, true, false])
  }

  @Test func `a line that is an object is never cut`() {
    let nested = line(1).dropLast() + #","x":{"v":1,"kind":"writer_stop"}}"#
    #expect(parse(nested + "\n").seqs == [1])
    let rejected = #"{"v":2,"x":{"v":1,"kind":"writer_stop"}}"#
    #expect(parse(rejected + "\n").reasons == [.schema])
  }

  @Test func `a run of NUL bytes costs only itself`() {
    let nul = String(repeating: "\0", count: 5000)
    let sink = parse(nul + line(1) + "\n" + nul + "\n" + line(2) + "\n")
    #expect(sink.seqs == [1, 2])
    #expect(sink.reasons == [.malformed, .malformed])
  }

  @Test func `an oversized line is rejected and what is glued behind it recovered`() {
    let oversized = line(1, padding: 20_000)
    let sink = parse(oversized + "\n" + line(2) + "\n" + oversized + line(3) + "\n")
    #expect(sink.seqs == [2, 3])
    #expect(sink.reasons == [.oversized, .oversized])
    #expect(sink.rejections[1].position.line == 3)
    #expect(
      sink.positions[1].offset == Int64(2 * oversized.utf8.count + 1 + line(2).utf8.count + 1))
  }

  @Test func `a line of any length takes constant memory`() {
    var parser = LogParser()
    var sink = CollectedRecords()
    let chunk = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
    for _ in 0..<100 { parser.feed(chunk.span, to: &sink) }
    #expect(parser.unfinishedBytes == 100 << 20)
    let end = Array(("\n" + line(1) + "\n").utf8)
    parser.feed(end.span, to: &sink)
    #expect(sink.reasons == [.oversized])
    #expect(sink.rejections[0].error == .oversized(bytes: 100 << 20))
    #expect(sink.rejections[0].head == String(repeating: "x", count: 64))
    #expect(sink.seqs == [1])
    #expect(parser.unfinishedBytes == 0)
    #expect(parser.position.offset == Int64(100 << 20 + end.count))
  }

  @Test func `an oversized line shows how it begins, however long it is`() {
    for padding in [20_000, 2_000_000] {
      let glued = #"{"a":1"# + line(1, padding: padding)
      let sink = parse(glued + "\n")
      #expect(sink.reasons == [.malformed, .oversized])
      #expect(sink.rejections.map(\.head) == [#"{"a":1"#, String(line(1).prefix(64))])
    }
  }

  @Test func `how the bytes arrive makes no difference`() {
    var generator = SeededGenerator(seed: 4)
    let pieces = [
      line(1), line(2, padding: 300), String(line(3).dropLast(9)), "\n", "\n", "\r\n", " ", "\0\0",
      line(4, padding: 17_000), #"{"v":1,"ki"#, #"{"v":1,"kind":""#, "[1]", line(5), "é", "{}",
    ]
    for _ in 0..<300 {
      let text = (0..<30).map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
      let bytes = Array(text.utf8)
      var whole = CollectedRecords()
      var parser = LogParser()
      parser.feed(bytes.span, to: &whole)
      parser.finish(&whole)
      #expect(parser.position.offset == Int64(bytes.count))

      var inPieces = CollectedRecords()
      parser = LogParser()
      var start = 0
      while start < bytes.count {
        let size = Int.random(in: 1...5000, using: &generator)
        let end = min(bytes.count, start + size)
        parser.feed(bytes.span.extracting(start..<end), to: &inPieces)
        start = end
      }
      parser.finish(&inPieces)
      #expect(inPieces.records == whole.records)
      #expect(inPieces.positions == whole.positions)
      #expect(inPieces.reasons == whole.reasons)
      #expect(inPieces.rejections.map(\.position) == whole.rejections.map(\.position))
      #expect(inPieces.rejections.map(\.head) == whole.rejections.map(\.head))
      #expect(inPieces.blankLines == whole.blankLines)
    }
  }
}

import AttemptLog
import TestSupport
import Testing

/// The scanner's short path for own lines, against the grammar: a space behind the first brace
/// changes nothing of what a line says, and keeps it off the short path.
struct ForeseenLineTests {
  /// What a scanner says of a line.
  private struct Judgement: Equatable {
    var error: LineError?
    var kind: RecordKind?
    var time: Timestamp?
    var seq: Int64?
    var record: Record?
    var numbers: [Double?] = []
    var integers: [Int64?] = []
    var bools: [Bool?] = []
  }

  private static let numberKeys: [Key] = [
    .v, .seq, .attempt, .attempts, .latencyMs, .sleptMs, .durationMs, .httpStatus, .count, .account,
  ]

  private func judgement(_ line: [UInt8], by scanner: inout LineScanner) -> Judgement {
    do {
      try scanner.scan(line.span)
    } catch {
      return Judgement(error: error)
    }
    let keys = Self.numberKeys
    return Judgement(
      kind: scanner.kind, time: scanner.time, seq: scanner.seq, record: Record(scanner, line.span),
      numbers: keys.map { scanner.number($0, in: line.span) },
      integers: keys.map { scanner.integer($0, in: line.span) }, bools: keys.map(scanner.bool))
  }

  /// The same line with a space more, and what is said of it with the places of this one.
  private func judgementByGrammar(_ line: [UInt8]) -> Judgement {
    var scanner = LineScanner()
    let spaced = Array(line.prefix(1)) + [UInt8(ascii: " ")] + line.dropFirst()
    var judgement = self.judgement(spaced, by: &scanner)
    func moved(_ offset: Int) -> Int { offset > 0 ? offset - 1 : 0 }
    switch judgement.error {
    case .malformed(let offset, let expected):
      judgement.error = .malformed(offset: moved(offset), expected: expected)
    case .schema(let key, let expected, let offset):
      judgement.error = .schema(key, expected: expected, offset: offset.map(moved))
    case .oversized, nil: break
    }
    return judgement
  }

  /// A scanner that knows the order of the keys.
  private func experienced() throws -> LineScanner {
    var scanner = LineScanner()
    for text in LineTests.specificationLines + LineTests.specificationLines {
      try scanner.scan(Array(text.utf8).span)
    }
    return scanner
  }

  private func expectSame(_ line: [UInt8], _ scanner: inout LineScanner) {
    let short = judgement(line, by: &scanner)
    let long = judgementByGrammar(line)
    #expect(short == long, "\(String(decoding: line, as: UTF8.self))")
  }

  /// One for each class of byte that a scan tells apart, and neighbours of those.
  private static let bytes: [UInt8] =
    [0, 0x1F, 0x7F, 0x80, 0xC3, 0xFF] + Array(#" !#\/.-+,:09atfne{}[]Z_"#.utf8) + [0x22]

  @Test(arguments: LineTests.specificationLines)
  func `a line with another byte is judged as by the grammar`(text: String) throws {
    let line = Array(text.utf8)
    var scanner = try experienced()
    for place in line.indices {
      for byte in Self.bytes {
        var mutated = line
        mutated[place] = byte
        expectSame(mutated, &scanner)
      }
    }
  }

  @Test(arguments: LineTests.specificationLines)
  func `a line with bytes less or twice is judged as by the grammar`(text: String) throws {
    let line = Array(text.utf8)
    var scanner = try experienced()
    var generator = SeededGenerator(seed: 11)
    for place in line.indices {
      expectSame(Array(line[..<place]), &scanner)
      let end = min(line.count, place + Int.random(in: 1...40, using: &generator))
      expectSame(Array(line[..<place] + line[end...]), &scanner)
      expectSame(Array(line[..<end] + line[place...]), &scanner)
    }
    // Whole fields, so that keys are missing or repeated.
    let commas = line.indices.filter { line[$0] == UInt8(ascii: ",") }
    for (from, to) in zip(commas, commas.dropFirst()) {
      expectSame(Array(line[..<from] + line[to...]), &scanner)
      expectSame(Array(line[..<to] + line[from...]), &scanner)
      expectSame(Array(line.dropLast() + line[from..<to] + line.suffix(1)), &scanner)
    }
  }

  private static func attempt(account: String = "a", latency: String = "1") -> [UInt8] {
    Array(
      (#"{"v":1,"kind":"attempt","time":"2026-11-16T08:15:30.123456Z","writer":"w","seq":41,"#
        + #""provider":"lesan","account":"\#(account)","operation":"o","operation_id":"i","#
        + #""attempt":1,"outcome":"success","latency_ms":\#(latency),"decision":"stop"}"#).utf8)
  }

  @Test func `a string ends where it ends, however long it is`() throws {
    var scanner = try experienced()
    try scanner.scan(Self.attempt().span)
    for count in 0...40 {
      let plain = String(repeating: "x", count: count)
      let line = Self.attempt(account: plain)
      expectSame(line, &scanner)
      #expect(scanner.string(.account, in: line.span) == plain)
      for (special, meaning) in [
        (#"\""#, "\""), (#"\u00e9"#, "é"), ("é", "é"), ("\u{7F}", "\u{7F}"), ("😀", "😀"),
        ("\u{1F}", nil), ("\0", nil), ("\"", nil), (#"\x"#, nil),
      ] {
        let line = Self.attempt(account: plain + special + plain)
        expectSame(line, &scanner)
        let text = (try? scanner.scan(line.span)).flatMap {
          scanner.string(.account, in: line.span)
        }
        #expect(text == meaning.map { plain + $0 + plain })
      }
    }
  }

  @Test(arguments: LineTests.specificationLines)
  func `of a repeated key the last value counts, whatever its type`(text: String) throws {
    var scanner = try experienced()
    for key in Key.allCases {
      for value in ["null", "0", "-1", "2", "true", "[]", #""attempt""#, #""\u0061""#] {
        expectSame(Array((text.dropLast() + ",\"\(key.name)\":\(value)}").utf8), &scanner)
      }
    }
  }

  @Test func `a number is the nearest double and the exact integer`() throws {
    var scanner = try experienced()
    var generator = SeededGenerator(seed: 12)
    for count in 1...24 {
      for point in 0...count {
        let digits = (0..<count).map { _ in Int.random(in: 0...9, using: &generator) }
        let text =
          digits[..<point].map(String.init).joined() + (point < count && point > 0 ? "." : "")
          + digits[point...].map(String.init).joined()
        for number in [text, "-" + text, text + "e1", "0." + text, text + "."] {
          let line = Self.attempt(latency: number)
          expectSame(line, &scanner)
          guard judgement(line, by: &scanner).error == nil else { continue }
          #expect(scanner.number(.latencyMs, in: line.span) == Double(number))
          if !number.contains(where: { ".e".contains($0) }) {
            #expect(scanner.integer(.latencyMs, in: line.span) == Int64(number))
          }
        }
      }
    }
  }

  private static func stop(time: String = "2026-11-16T08:15:30.123456Z", seq: String = "1")
    -> [UInt8]
  {
    Array(
      #"{"v":1,"kind":"writer_stop","time":"\#(time)","writer":"9f1c2ab37de40c55","seq":\#(seq)}"#
        .utf8)
  }

  @Test func `a sequence number of any length is read`() throws {
    var scanner = LineScanner()
    for count in 1...20 {
      for seq in [String(repeating: "9", count: count), "1" + String(repeating: "0", count: count)]
      {
        let line = Self.stop(seq: seq)
        expectSame(line, &scanner)
        #expect((try? scanner.scan(line.span)) == nil || scanner.seq == Int64(seq))
      }
    }
    for seq in ["0", "01", "-1", "1.0", "1e1", "1.5", "+1", "", " 7", "7 ", "null"] {
      expectSame(Self.stop(seq: seq), &scanner)
    }
  }

  @Test func `every byte of a time is looked at`() throws {
    var scanner = LineScanner()
    let sound = Self.stop()
    let start = try #require(sound.indices.first { sound[$0...].starts(with: "2026".utf8) })
    for place in start..<start + 27 {
      for byte in UInt8.min ... .max {
        var line = sound
        line[place] = byte
        expectSame(line, &scanner)
        expectSame(sound, &scanner)
      }
    }
  }

  @Test(arguments: [
    ("2026-11-16T23:59:59.999999Z", 1_794_873_599_999_999),
    ("2026-11-17T00:00:00.000000Z", 1_794_873_600_000_000),
    ("1969-12-31T23:59:59.999999Z", -1),
    ("1970-01-01T00:00:00.000000Z", 0),
    ("0001-01-01T00:00:00.000000Z", Timestamp.earliest.microseconds),
    ("9999-12-31T23:59:59.999999Z", Timestamp.latest.microseconds),
    ("2026-11-16T08:15:30.1+02:00", 1_794_809_730_100_000),
  ])
  func `a time is read whatever day the one before had`(text: String, expected: Int64) throws {
    var scanner = LineScanner()
    // The offset moves the second one into the day before.
    for other in ["1970-01-01T00:00:00.000000Z", "2026-11-17T00:30:00.1+02:00", text] {
      try scanner.scan(Self.stop(time: other).span)
      try scanner.scan(Self.stop(time: text).span)
      #expect(scanner.time.microseconds == expected)
    }
  }

  @Test func `a copy of a scanner keeps its line while the other goes on`() throws {
    var scanner = LineScanner()
    let first = Self.attempt(account: "first")
    let second = Self.attempt(account: "a second one", latency: "25")
    try scanner.scan(first.span)
    let copy = scanner
    try scanner.scan(second.span)
    #expect(copy.string(.account, in: first.span) == "first")
    #expect(scanner.string(.account, in: second.span) == "a second one")
  }

  private func expectMembers<Set: ClosedSet>(_ set: Set.Type) {
    for member in Set.allCases {
      let text = member.rawValue
      #expect(Set(written: Array(text.utf8).span) == (member.isWritten ? member : nil))
      let others = [
        text + "x", String(text.dropLast()), text.uppercased(), text + "\0", "x" + text,
      ]
      for other in others {
        #expect(Set(written: Array(other.utf8).span) == nil, "\(other)")
      }
    }
  }

  @Test func `a member of a closed set is known by its whole text`() {
    expectMembers(AttemptOutcome.self)
    expectMembers(Decision.self)
    expectMembers(DelaySource.self)
    expectMembers(RetryAfterSource.self)
    expectMembers(ErrorLayer.self)
    expectMembers(RequestSent.self)
    expectMembers(ErrorClass.self)
    expectMembers(OperationOutcome.self)
  }
}

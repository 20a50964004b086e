import AttemptLog
import Foundation
import TestSupport
import Testing

/// Compressed segments, read by the follower.
struct CompressedLogTests {
  private let directory: TemporaryDirectory
  private static let first = "attempts.000001.jsonl.gz"

  init() throws {
    directory = try TemporaryDirectory()
  }

  private func line(_ seq: Int) -> String {
    #"{"v":1,"kind":"writer_stop","time":"2026-11-16T08:15:30Z","writer":"w","seq":\#(seq)}"# + "\n"
  }

  private func lines(_ seqs: ClosedRange<Int>) -> [UInt8] {
    Array(seqs.map(line).joined().utf8)
  }

  private func write(_ bytes: [UInt8], to name: String = first) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: directory.file(name)))
  }

  /// What the directory holds, and the errors on the way.
  private func read() throws -> (sink: CollectedRecords, errors: [LogReadError]) {
    let follower = try LogFollower(path: directory.path)
    var sink = CollectedRecords()
    var errors: [LogReadError] = []
    var hasMore = true
    while hasMore && errors.count < 3 {
      do throws(LogReadError) {
        hasMore = try follower.read(into: &sink)
      } catch {
        errors.append(error)
      }
    }
    return (sink, errors)
  }

  @Test func `what was compressed is read as it was`() throws {
    var generator = SeededGenerator(seed: 5)
    // Hardly compressible, so that both buffers are filled several times.
    let text = (1...4000).map { seq in
      let pad = (0..<8).map { _ in String(UInt64.random(in: 0 ... .max, using: &generator)) }
      return "\(line(seq).dropLast(2)),\"pad\":\"\(pad.joined())\"}\n"
    }.joined()
    for level in [Int32(0), 1, 9] {
      try write(Gzip.member(Array(text.utf8), level: level))
      let (sink, errors) = try read()
      #expect(sink.seqs == (1...4000).map { $0 })
      #expect(errors.isEmpty)
      #expect(sink.rejections.isEmpty)
    }
  }

  @Test func `members are read one after the other, empty ones and zeros behind them too`() throws {
    let empty = Gzip.member([])
    // A line stands in two members, and the last has no newline.
    let halves = Array(line(3).utf8)
    let members = [
      empty, Gzip.member(lines(1...2) + halves.prefix(20)), empty,
      Gzip.member(halves.dropFirst(20) + Array(line(4).utf8.dropLast())), empty,
    ]
    try write(members.flatMap(\.self) + [UInt8](repeating: 0, count: 100_000))
    try write(Array(line(5).utf8), to: "attempts.jsonl")
    let (sink, errors) = try read()
    #expect(sink.seqs == [1, 2, 3, 4, 5])
    #expect(errors.isEmpty)
  }

  @Test func `an empty log compressed is no error, an empty file is`() throws {
    try write(Gzip.member([]))
    #expect(try read().errors.isEmpty)
    try write([])
    let path = directory.file(Self.first)
    let errors = try read().errors
    #expect(
      errors == [.compressed(path: path, .truncated(offset: 0, expected: .header))])
    #expect(
      errors.first?.description
        == "cannot read the rest of \"\(path)\": it ends at byte 0, expected a gzip header; "
        + "what was inflated before counts")
  }

  @Test func `a file that ends too early costs only its rest`() throws {
    let whole = Gzip.member(lines(1...60))
    try write(lines(61...62), to: "attempts.jsonl")
    var before = 0
    for count in 0..<whole.count {
      try write(Array(whole.prefix(count)))
      let (sink, errors) = try read()
      let expected: GzipError.Expectation = count == 0 ? .header : .data
      #expect(
        errors == [
          .compressed(
            path: directory.file(Self.first),
            .truncated(offset: Int64(count), expected: expected))
        ])
      let read = sink.records.count - 2
      #expect(sink.seqs == (1...Int64(60)).prefix(read) + [61, 62])
      // What was cut is a torn line.
      #expect(sink.rejections.count <= 1)
      #expect(read >= before)
      before = read
    }
    // Only the checksum was missing at the end.
    #expect(before == 60)
  }

  @Test func `what was inflated before the end counts, to the last byte`() throws {
    // A byte of the file is a thousand of the text, so that zlib has more of a byte that was read
    // when the buffer of 256 KiB is full.
    let text = [UInt8](repeating: UInt8(ascii: "x"), count: 400 * 1024)
    let whole = Gzip.member(text, level: 9)
    for count in 200..<330 {
      let beginning = Array(whole.prefix(count))
      try write(beginning)
      let follower = try LogFollower(path: directory.path)
      var sink = CollectedRecords()
      #expect(throws: LogReadError.self) { while try follower.read(into: &sink) {} }
      let expected = Gzip.inflatedCount(of: beginning, atMost: text.count)
      #expect(follower.bytesRead == Int64(expected), "\(count) bytes of the file")
    }
  }

  @Test func `no flipped bit goes unnoticed`() throws {
    let whole = Gzip.member(lines(1...20))
    try write(lines(21...22), to: "attempts.jsonl")
    // The ten bytes of the header also say things that do not matter here.
    for index in 0..<whole.count {
      var damaged = whole
      damaged[index] ^= 1 << UInt8(index % 8)
      try write(damaged)
      let (sink, errors) = try read()
      if index >= 10 { #expect(errors.count == 1, "byte \(index)") }
      #expect(errors.filter { !$0.costsOnlyRest } == [])
      #expect(sink.seqs.suffix(2) == [21, 22])
    }
  }

  @Test func `what is no gzip file is told`() throws {
    let whole = Gzip.member(lines(1...3))
    try write(lines(1...2))
    #expect(
      try read().errors.first?.description
        == "cannot read the rest of \"\(directory.file(Self.first))\": "
        + "expected a gzip header before byte 2 (zlib: incorrect header check); "
        + "what was inflated before counts")
    try write(whole + lines(4...4))
    let (sink, errors) = try read()
    #expect(sink.seqs == [1, 2, 3])
    #expect(
      errors == [
        .compressed(
          path: directory.file(Self.first),
          .damaged(offset: Int64(whole.count + 2), cause: "incorrect header check"))
      ])
    var flipped = whole
    flipped[flipped.count - 5] ^= 1
    try write(flipped)
    #expect(
      try read().errors.first?.description.contains(
        "expected the checksum and the length of what was inflated before byte") == true)
    #expect(try read().sink.seqs == [1, 2, 3])
  }

  @Test func `a segment that is there twice is read once, the plain one`() throws {
    try write(lines(1...1), to: "attempts.000001.jsonl")
    try write(Gzip.member(lines(7...7)))
    #expect(try read().sink.seqs == [1])
  }

  @Test func `a file that is rotated and compressed at once is not read again`() throws {
    try write(lines(1...2), to: "attempts.jsonl")
    let follower = try LogFollower(path: directory.path)
    var sink = CollectedRecords()
    while try follower.read(into: &sink) {}
    // What is written after that look is read from the file that is still open.
    let handle = try #require(FileHandle(forWritingAtPath: directory.file("attempts.jsonl")))
    try handle.seekToEnd()
    try handle.write(contentsOf: lines(3...3))
    try handle.close()
    try FileManager.default.removeItem(atPath: directory.file("attempts.jsonl"))
    try write(Gzip.member(lines(1...3)), to: "attempts.000001.jsonl.gz")
    try write(Gzip.member(lines(4...5)), to: "attempts.000002.jsonl.gz")
    try write(lines(6...6), to: "attempts.jsonl")
    while try follower.read(into: &sink) {}
    #expect(sink.seqs == [1, 2, 3, 4, 5, 6])
  }

  @Test func `a file given by name is inflated if its name says so`() throws {
    try write(Gzip.member(lines(1...2)), to: "old.gz")
    var sink = CollectedRecords()
    let follower = try LogFollower(path: directory.file("old.gz"))
    while try follower.read(into: &sink) {}
    #expect(sink.seqs == [1, 2])
    #expect(follower.linesRead == 2)
    #expect(follower.bytesRead == Int64(lines(1...2).count))
    #expect(follower.unreadBytes() == 0)
  }

  @Test func `a bomb is inflated in small steps`() throws {
    let size = 64 << 20
    try write(Gzip.member([UInt8](repeating: 0, count: size), level: 9))
    let follower = try LogFollower(path: directory.path)
    var sink = CollectedRecords()
    var steps = 0
    while try follower.read(atLeast: 1, into: &sink) { steps += 1 }
    // 256 KiB at a time, whatever the file holds.
    #expect(steps >= size / (256 * 1024))
    #expect(sink.rejections.map(\.error) == [.oversized(bytes: size)])
  }
}

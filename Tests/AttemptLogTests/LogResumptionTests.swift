import AttemptLog
import Foundation
import TestSupport
import Testing
import Threading

/// A follower that goes on where another was.
struct LogResumptionTests {
  private let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
  }

  private func line(_ seq: Int) -> String {
    #"{"v":1,"kind":"writer_stop","time":"2026-11-16T08:15:30Z","writer":"w","seq":\#(seq)}"# + "\n"
  }

  private func segment(_ seq: Int, _ id: String) -> String {
    line(seq).replacing("writer_stop", with: "segment")
      .replacing("}", with: #","segment":"\#(id)"}"#)
  }

  private func append(_ text: String, to name: String) throws {
    let path = directory.file(name)
    if !FileManager.default.fileExists(atPath: path) {
      #expect(FileManager.default.createFile(atPath: path, contents: nil))
    }
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(text.utf8))
    try handle.close()
  }

  private func rename(_ name: String, to other: String) throws {
    try FileManager.default.moveItem(atPath: directory.file(name), toPath: directory.file(other))
  }

  private func remove(_ name: String) throws {
    try FileManager.default.removeItem(atPath: directory.file(name))
  }

  private func compress(_ name: String) throws {
    let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: directory.file(name))))
    try Data(Gzip.member(bytes)).write(to: URL(fileURLWithPath: directory.file(name + ".gz")))
    try remove(name)
  }

  private func read(_ follower: LogFollower) throws -> [Int64] {
    var sink = CollectedRecords()
    while try follower.read(into: &sink) {}
    #expect(sink.rejections.isEmpty)
    return sink.seqs
  }

  private func follower(
    _ clock: Locked<MonotonicInstant>? = nil, file: String? = nil,
    resuming resumption: LogResumption? = nil
  ) throws -> LogFollower {
    let path = file.map(directory.file) ?? directory.path
    var lateWrites = LogFollower.LateWrites()
    let start = MonotonicInstant.now
    lateWrites.now = { clock?.withLock { $0 } ?? start }
    guard let resumption else { return try LogFollower(path: path, lateWrites: lateWrites) }
    return try LogFollower(path: path, lateWrites: lateWrites, resuming: resumption)
  }

  @Test func `what is rotated before its turn comes is read in its turn`() throws {
    try append(line(1), to: "attempts.000001.jsonl")
    try append(line(2), to: "attempts.jsonl")
    let first = try follower()
    try rename("attempts.jsonl", to: "attempts.000002.jsonl")
    try append(line(3), to: "attempts.jsonl")
    #expect(try read(first) == [1, 2, 3])
    let next = try follower(resuming: first.resumption)
    for number in 3...4 {
      try rename("attempts.jsonl", to: "attempts.00000\(number).jsonl")
      try append(line(number + 1), to: "attempts.jsonl")
    }
    #expect(try read(next) == [4, 5])
  }

  @Test func `the rest of a file is read, an unfinished line whole`() throws {
    let half = line(2).prefix(30)
    try append(line(1) + half, to: "attempts.jsonl")
    let first = try follower()
    #expect(try read(first) == [1])
    let state = first.resumption
    try append(String(line(2).dropFirst(30)) + line(3), to: "attempts.jsonl")
    let second = try follower(resuming: state)
    #expect(try read(second) == [2, 3])
    #expect(second.bytesRead == Int64(line(1).utf8.count * 3))
    #expect(second.linesRead == 3)
    #expect(try read(follower(resuming: second.resumption)) == [])
    #expect(second.losses == ResumptionLosses())
  }

  @Test(arguments: [false, true], [false, true])
  func `a file is found again after rotations`(hasID: Bool, isCompressed: Bool) throws {
    let head = hasID ? segment(1, "s1") : line(1)
    try append(head + line(2), to: "attempts.jsonl")
    let first = try follower()
    #expect(try read(first) == [1, 2])
    let state = first.resumption
    try append(line(3), to: "attempts.jsonl")
    try rename("attempts.jsonl", to: "attempts.000004.jsonl")
    if isCompressed { try compress("attempts.000004.jsonl") }
    try append(segment(4, "s2") + line(5), to: "attempts.000005.jsonl")
    try append(segment(6, "s3"), to: "attempts.jsonl")
    let second = try follower(resuming: state)
    #expect(try read(second) == [3, 4, 5, 6])
    try append(line(7), to: "attempts.jsonl")
    let third = try follower(resuming: second.resumption)
    #expect(try read(third) == [7])
    #expect(third.losses == ResumptionLosses())
    #expect(third.linesRead == 7)
  }

  @Test func `a single file is found again under its next name`() throws {
    try append(line(1), to: "app.jsonl")
    let first = try follower(file: "app.jsonl")
    #expect(try read(first) == [1])
    let state = first.resumption
    try append(line(2), to: "app.jsonl")
    try rename("app.jsonl", to: "app.jsonl.1")
    try append(line(3), to: "app.jsonl")
    let second = try follower(file: "app.jsonl", resuming: state)
    #expect(try read(second) == [2, 3])
    #expect(try read(follower(file: "app.jsonl", resuming: second.resumption)) == [])
  }

  @Test func `a single file that is gone is awaited`() throws {
    try append(line(1), to: "app.jsonl")
    let first = try follower(file: "app.jsonl")
    #expect(try read(first) == [1])
    try FileManager.default.removeItem(atPath: directory.file("app.jsonl"))
    let second = try follower(file: "app.jsonl", resuming: first.resumption)
    #expect(second.awaitsLog)
    #expect(try read(second) == [])
    let third = try follower(file: "app.jsonl", resuming: second.resumption)
    try append(line(2), to: "app.jsonl")
    #expect(try read(third) == [2])
    #expect(!third.awaitsLog)
    #expect(third.linesRead == 2)
  }

  @Test(arguments: [false, true])
  func `an active file that was given by itself is found among the segments`(isCompressed: Bool)
    throws
  {
    try append(line(1), to: "attempts.jsonl")
    let first = try follower(file: "attempts.jsonl")
    #expect(try read(first) == [1])
    let state = first.resumption
    try append(line(2), to: "attempts.jsonl")
    try rename("attempts.jsonl", to: "attempts.000009.jsonl")
    if isCompressed { try compress("attempts.000009.jsonl") }
    try append(line(3), to: "attempts.000010.jsonl")
    try append(line(4), to: "attempts.jsonl")
    let second = try follower(file: "attempts.jsonl", resuming: state)
    #expect(try read(second) == [2, 3, 4])
    try append(line(5), to: "attempts.jsonl")
    try rename("attempts.jsonl", to: "attempts.000011.jsonl")
    try append(line(6), to: "attempts.000012.jsonl")
    try append(line(7), to: "attempts.jsonl")
    #expect(try read(second) == [5, 6, 7])
    #expect(second.losses == ResumptionLosses())
  }

  @Test func `a file that cannot be opened keeps its place`() throws {
    try append(line(1), to: "app.jsonl")
    let first = try follower(file: "app.jsonl")
    #expect(try read(first) == [1])
    var state = first.resumption
    try append(line(2), to: "app.jsonl")
    #expect(try read(follower(file: "app.jsonl", resuming: state)) == [2])
    // A directory cannot be read as a file, whoever asks.
    let unreadable = directory.file("app.jsonl.1")
    try FileManager.default.createDirectory(
      atPath: unreadable, withIntermediateDirectories: false)
    let attributes = try FileManager.default.attributesOfItem(atPath: unreadable)
    let inode = try #require(attributes[.systemFileNumber] as? NSNumber)
    state.current?.mark.inode = inode.uint64Value
    #expect(throws: LogReadError.notRegular(path: unreadable)) {
      try follower(file: "app.jsonl", resuming: state)
    }
  }

  @Test func `what was never opened is still to come`() throws {
    try append(line(1), to: "app.jsonl")
    let first = try follower(file: "app.jsonl")
    let second = try follower(file: "app.jsonl", resuming: first.resumption)
    #expect(try read(second) == [1])
  }

  @Test func `of a copy and the file that was cut, the copy has the rest`() throws {
    try append(segment(1, "s1") + line(2), to: "app.jsonl")
    let first = try follower(file: "app.jsonl")
    #expect(try read(first) == [1, 2])
    let state = first.resumption
    try append(line(3), to: "app.jsonl")
    let path = directory.file("app.jsonl")
    try FileManager.default.copyItem(atPath: path, toPath: path + ".1")
    try #require(FileHandle(forWritingAtPath: path)).truncate(atOffset: 0)
    try append(segment(4, "s2"), to: "app.jsonl")
    let second = try follower(file: "app.jsonl", resuming: state)
    #expect(try read(second) == [3, 4])
  }

  @Test func `another file in the same place is read from its start`() throws {
    try append(segment(1, "s1"), to: "attempts.jsonl")
    let first = try follower()
    #expect(try read(first) == [1])
    let state = first.resumption
    // The same inode with another id: all agrees but the first line.
    let path = directory.file("attempts.jsonl")
    try #require(FileHandle(forWritingAtPath: path)).truncate(atOffset: 0)
    try append(segment(2, "s2"), to: "attempts.jsonl")
    let second = try follower(resuming: state)
    #expect(try read(second) == [2])
    #expect(second.losses.files == 1)
    #expect(second.bytesRead == Int64(segment(1, "s1").utf8.count * 2))
  }

  @Test(arguments: [Array(50...70), Array(11...29) + [50, 51], [50] + Array(12...30) + [51]])
  func `without an id the first bytes and those before the offset must be the same`(
    others: [Int]
  ) throws {
    // The first 1,024 bytes are those of 12 lines.
    try append((11...30).map(line).joined(), to: "attempts.jsonl")
    let first = try follower()
    #expect(try read(first) == (11...30).map { $0 })
    let state = first.resumption
    let path = directory.file("attempts.jsonl")
    try #require(FileHandle(forWritingAtPath: path)).truncate(atOffset: 0)
    try append(others.map(line).joined(), to: "attempts.jsonl")
    #expect(try read(follower(resuming: state)) == others.map { Int64($0) })
  }

  @Test func `a file that became shorter is followed from its new end`() throws {
    try append(segment(1, "s1") + line(2), to: "attempts.jsonl")
    let first = try follower()
    #expect(try read(first) == [1, 2])
    let state = first.resumption
    let bytes = first.bytesRead
    let path = directory.file("attempts.jsonl")
    let end = UInt64(segment(1, "s1").utf8.count)
    try #require(FileHandle(forWritingAtPath: path)).truncate(atOffset: end)
    let second = try follower(resuming: state)
    try append(line(3), to: "attempts.jsonl")
    #expect(try read(second) == [3])
    #expect(second.losses.truncated == 1)
    #expect(second.bytesRead == bytes + Int64(line(3).utf8.count))
  }

  @Test func `what was deleted unread is told`() throws {
    try append(segment(1, "s1") + "half", to: "attempts.jsonl")
    let first = try follower()
    #expect(try read(first) == [1])
    let state = first.resumption
    try remove("attempts.jsonl")
    try append(segment(3, "s3"), to: "attempts.jsonl")
    let second = try follower(resuming: state)
    #expect(try read(second) == [3])
    #expect(second.losses.files == 1)
    #expect(second.losses.bytes == 4)
  }

  @Test func `what is written into a renamed file for two seconds is read`() throws {
    let clock = Locked(MonotonicInstant.now)
    try append(line(1), to: "attempts.jsonl")
    let follower = try follower(clock)
    #expect(try read(follower) == [1])
    try rename("attempts.jsonl", to: "attempts.000001.jsonl")
    try append(line(2), to: "attempts.jsonl")
    #expect(try read(follower) == [2])
    clock.withLock { $0 += .milliseconds(1900) }
    try append(line(3), to: "attempts.000001.jsonl")
    // Another process goes on with what is late.
    let second = try self.follower(clock, resuming: follower.resumption)
    #expect(try read(second) == [3])
    #expect(try read(follower) == [3])
    clock.withLock { $0 += .milliseconds(100) }
    try append(line(4), to: "attempts.000001.jsonl")
    try append(String(line(5).dropLast()), to: "attempts.000001.jsonl")
    #expect(try read(follower) == [4, 5])
    try append("\n" + line(6), to: "attempts.000001.jsonl")
    #expect(try read(follower) == [])
    #expect(follower.linesRead == 5)
  }

  @Test func `an oversized line that was half judged is not judged twice`() throws {
    let long = String(repeating: "x", count: 100_000)
    try append(long, to: "attempts.jsonl")
    let first = try follower()
    #expect(try read(first) == [])
    let state = first.resumption
    try append(long + "\n" + line(1), to: "attempts.jsonl")
    let second = try follower(resuming: state)
    var (whole, rest) = (CollectedRecords(), CollectedRecords())
    while try first.read(into: &whole) {}
    while try second.read(into: &rest) {}
    #expect(rest.seqs == [1])
    #expect(rest.rejections.map(\.position) == whole.rejections.map(\.position))
    #expect("\(rest.rejections.map(\.error))" == "\(whole.rejections.map(\.error))")
  }
}

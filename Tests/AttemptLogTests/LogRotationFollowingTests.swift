import AttemptLog
import Foundation
import TestSupport
import Testing

/// A follower of a single file that others rotate.
struct LogRotationFollowingTests {
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

  private func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: directory.file(name)))
  }

  private func append(_ text: String) throws {
    let handle = try #require(FileHandle(forWritingAtPath: directory.file("app.jsonl")))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(text.utf8))
    try handle.close()
  }

  private func cut(at end: Int = 0) throws {
    let handle = try #require(FileHandle(forWritingAtPath: directory.file("app.jsonl")))
    try handle.truncate(atOffset: UInt64(end))
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

  private func follower(resuming resumption: LogResumption? = nil) throws -> LogFollower {
    let path = directory.file("app.jsonl")
    guard let resumption else { return try LogFollower(path: path, lateWrites: .init()) }
    return try LogFollower(path: path, lateWrites: .init(), resuming: resumption)
  }

  private func read(_ follower: LogFollower) throws -> [Int64] {
    var sink = CollectedRecords()
    while try follower.read(into: &sink) {}
    #expect(sink.rejections.isEmpty)
    return sink.seqs
  }

  /// How three rotations name their files, from the oldest on.
  enum Naming: CaseIterable {
    case numbers, compressedNumbers, dates, numbersAboveNine

    var names: [String] {
      switch self {
      case .numbers: ["app.jsonl.3", "app.jsonl.2", "app.jsonl.1"]
      case .compressedNumbers: ["app.jsonl.3.gz", "app.jsonl.2.gz", "app.jsonl.1"]
      case .dates: ["app.jsonl-20261126", "app.jsonl-20261127.gz", "app.jsonl-20261128"]
      case .numbersAboveNine: ["app.jsonl.11", "app.jsonl.10", "app.jsonl.9"]
      }
    }
  }

  @Test(arguments: Naming.allCases, [false, true])
  func `three rotations between two looks lose nothing`(naming: Naming, isRestarted: Bool) throws {
    // One that was there before, and one of another name.
    try write(line(90), to: "app.jsonl.12")
    try write(line(91), to: "app.jsonl.old")
    try write(line(1), to: "app.jsonl")
    let first = try follower()
    #expect(try read(first) == [1])
    try append(line(2))
    for (index, name) in naming.names.enumerated() {
      try rename("app.jsonl", to: name.replacing(".gz", with: ""))
      if name.hasSuffix(".gz") { try compress(name.replacing(".gz", with: "")) }
      try write(line(3 + 2 * index) + line(4 + 2 * index), to: "app.jsonl")
    }
    let second = isRestarted ? try follower(resuming: first.resumption) : first
    #expect(try read(second) == [2, 3, 4, 5, 6, 7, 8])
    #expect(second.losses == ResumptionLosses())
    try append(line(9))
    #expect(try read(second) == [9])
    #expect(try read(follower(resuming: second.resumption)) == [])
    #expect(second.linesRead == 9)
  }

  @Test func `of files rotated since, those that are still there are read`() throws {
    try write(line(1), to: "app.jsonl")
    let follower = try follower()
    #expect(try read(follower) == [1])
    try remove("app.jsonl")
    let older = Date(timeIntervalSinceNow: -3600)
    try write(line(90), to: "app.jsonl.2")
    try FileManager.default.setAttributes(
      [.modificationDate: older], ofItemAtPath: directory.file("app.jsonl.2"))
    try write(line(2), to: "app.jsonl.1")
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: 1)],
      ofItemAtPath: directory.file("app.jsonl.1"))
    try write(line(3), to: "app.jsonl")
    #expect(try read(follower) == [2, 3])
  }

  @Test func `a renamed file is the last until another has the name`() throws {
    try write(line(1), to: "app.jsonl")
    let follower = try follower()
    #expect(try read(follower) == [1])
    try rename("app.jsonl", to: "app.jsonl.1")
    #expect(try read(follower) == [])
    try write(line(2), to: "app.jsonl")
    #expect(try read(follower) == [2])
  }

  /// How a log that is cut is known again, and by whom.
  struct CutLog {
    var hasID: Bool
    var isRestarted: Bool
    static let all = [false, true].flatMap { hasID in
      [false, true].map { CutLog(hasID: hasID, isRestarted: $0) }
    }
  }

  @Test(arguments: [1, 3, 20], CutLog.all)
  func `a file that was cut and written anew is read from its start`(
    count: Int, log: CutLog
  ) throws {
    let hasID = log.hasID
    let head = hasID ? segment(1, "s1") : line(1)
    try write(head + line(2) + line(3), to: "app.jsonl")
    let first = try follower()
    #expect(try read(first) == [1, 2, 3])
    let state = first.resumption
    try cut()
    let next = (12...(11 + count)).map(line).joined()
    try append((hasID ? segment(11, "s2") : line(11)) + next)
    let expected = (11...(11 + count)).map { Int64($0) }
    if log.isRestarted {
      let second = try follower(resuming: state)
      #expect(try read(second) == expected)
      #expect(second.losses.files == 1)
      return
    }
    do throws(LogReadError) {
      var sink = CollectedRecords()
      _ = try first.read(into: &sink)
      Issue.record("not noticed")
    } catch {
      #expect(error.isTruncation)
    }
    #expect(try read(first) == expected)
    #expect(first.linesRead == 4 + count)
    #expect(try read(follower(resuming: first.resumption)) == [])
  }

  @Test(arguments: [false, true])
  func `a file with an id that lost its tail and grew goes on where it was`(
    isRestarted: Bool
  ) throws {
    try write(segment(1, "s1") + line(2) + line(3), to: "app.jsonl")
    let first = try follower()
    #expect(try read(first) == [1, 2, 3])
    let state = first.resumption
    try cut(at: segment(1, "s1").utf8.count)
    try append(line(4) + line(5) + line(6) + line(7))
    if isRestarted {
      let second = try follower(resuming: state)
      #expect(try read(second) == [6, 7])
      #expect(second.losses.truncated == 1)
      return
    }
    var sink = CollectedRecords()
    let path = directory.file("app.jsonl")
    let end = first.bytesRead
    #expect(throws: LogReadError.rewritten(path: path, readTo: end, goesOnAt: end)) {
      try first.read(into: &sink)
    }
    #expect(sink.records.isEmpty)
    #expect(try read(first) == [6, 7])
    #expect(first.bytesRead == end + Int64(2 * line(6).utf8.count))
  }
}

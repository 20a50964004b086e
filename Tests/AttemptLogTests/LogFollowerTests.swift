import AttemptLog
import Foundation
import TestSupport
import Testing

struct LogFollowerTests {
  private let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
  }

  private func line(_ seq: Int) -> String {
    #"{"v":1,"kind":"writer_stop","time":"2026-11-16T08:15:30Z","writer":"w","seq":\#(seq)}"# + "\n"
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

  private func read(_ follower: LogFollower) throws -> [Int64] {
    var sink = CollectedRecords()
    while try follower.read(into: &sink) {}
    #expect(sink.rejections.isEmpty)
    return sink.seqs
  }

  @Test func `a file is read to its end and then followed`() throws {
    try append(line(1) + line(2), to: "a.jsonl")
    let follower = try LogFollower(path: directory.file("a.jsonl"))
    #expect(try read(follower) == [1, 2])
    #expect(try read(follower) == [])
    let half = line(3).prefix(20)
    try append(String(half), to: "a.jsonl")
    #expect(try read(follower) == [])
    #expect(follower.unreadBytes() == 20)
    let unfinished = try #require(follower.unfinishedLine)
    #expect(unfinished.position == LinePosition(line: 3, offset: follower.bytesRead))
    #expect(unfinished.bytes == 20)
    #expect(follower.linesRead == 2)
    try append(String(line(3).dropFirst(20)) + line(4), to: "a.jsonl")
    #expect(try read(follower) == [3, 4])
    #expect(follower.unreadBytes() == 0)
    #expect(follower.bytesRead == Int64((1...4).reduce(0) { $0 + line($1).utf8.count }))
  }

  @Test func `segments are read by number and the active file last`() throws {
    try append(line(3), to: "attempts.000010.jsonl")
    try append(line(1), to: "attempts.000002.jsonl")
    try append(String(line(2).dropLast()), to: "attempts.000009.jsonl")
    try append(line(4) + line(5).dropLast(), to: "attempts.jsonl")
    try append(line(9), to: "attempts.1.jsonl")
    try append(line(9), to: "notes.jsonl")
    #expect(try read(LogFollower(path: directory.path)) == [1, 2, 3, 4])
  }

  @Test func `a renamed file is read to its end before the new one`() throws {
    try append(line(1), to: "attempts.jsonl")
    let follower = try LogFollower(path: directory.path)
    #expect(try read(follower) == [1])
    try append(line(2), to: "attempts.jsonl")
    try rename("attempts.jsonl", to: "attempts.000001.jsonl")
    #expect(try read(follower) == [2])
    try append(line(3), to: "attempts.jsonl")
    #expect(try read(follower) == [3])
    try rename("attempts.jsonl", to: "attempts.000002.jsonl")
    try append(line(4), to: "attempts.000003.jsonl")
    try append(line(5), to: "attempts.jsonl")
    #expect(try read(follower) == [4, 5])
    #expect(follower.unfinishedLine == nil)
    #expect(follower.linesRead == 5)
    #expect(follower.filesRead == 4)
    #expect(follower.bytesRead == Int64((1...5).reduce(0) { $0 + line($1).utf8.count }))
  }

  @Test func `a file that lost its name is followed until another has it`() throws {
    try append(line(1), to: "attempts.jsonl")
    let follower = try LogFollower(path: directory.path)
    #expect(try read(follower) == [1])
    try rename("attempts.jsonl", to: "attempts.000001.jsonl")
    #expect(try read(follower) == [])
    try append(line(2), to: "attempts.000001.jsonl")
    #expect(try read(follower) == [2])
    try append(line(3), to: "attempts.jsonl")
    #expect(try read(follower) == [3])
  }

  @Test func `a segment that vanished before it was opened does not stop the reading`() throws {
    for number in 1...3 { try append(line(number), to: "attempts.00000\(number).jsonl") }
    let follower = try LogFollower(path: directory.path)
    try FileManager.default.removeItem(atPath: directory.file("attempts.000001.jsonl"))
    #expect(throws: LogReadError.self) { try read(follower) }
    #expect(try read(follower) == [2, 3])
  }

  @Test func `the successor of a single file is read from its start`() throws {
    try append(line(1), to: "app.jsonl")
    let follower = try LogFollower(path: directory.file("app.jsonl"))
    #expect(try read(follower) == [1])
    try append(line(2), to: "app.jsonl")
    try rename("app.jsonl", to: "app.jsonl.1")
    #expect(try read(follower) == [2])
    #expect(try read(follower) == [])
    try append(line(3), to: "app.jsonl")
    #expect(try read(follower) == [3])
  }

  @Test func `a truncated file is followed from its new end`() throws {
    try append(line(1) + line(2), to: "a.jsonl")
    let path = directory.file("a.jsonl")
    let follower = try LogFollower(path: path)
    #expect(try read(follower) == [1, 2])
    try #require(FileHandle(forWritingAtPath: path)).truncate(atOffset: 5)
    let size = Int64(line(1).utf8.count + line(2).utf8.count)
    #expect(throws: LogReadError.truncated(path: path, from: size, to: 5)) {
      try read(follower)
    }
    try append("\n" + line(3), to: "a.jsonl")
    #expect(try read(follower) == [3])
  }

  @Test func `a budget stops the reading and it goes on later`() throws {
    let count = 20_000
    try append((1...count).map(line).joined(), to: "a.jsonl")
    let follower = try LogFollower(path: directory.file("a.jsonl"))
    var sink = CollectedRecords()
    #expect(try follower.read(atLeast: 1000, into: &sink))
    #expect(sink.records.count > 10)
    #expect(sink.records.count < count)
    while try follower.read(atLeast: 1000, into: &sink) {}
    #expect(sink.seqs == (1...Int64(count)).map { $0 })
  }

  @Test func `what cannot be read gets a clear error`() throws {
    let missing = directory.file("missing.jsonl")
    #expect(
      message(missing) == "cannot read \"\(missing)\": no such file or directory (stat, errno 2)")
    #expect(
      message(directory.path)
        == "no log in \"\(directory.path)\": expected attempts.jsonl or attempts.000001.jsonl, …")
    let fifo = directory.file("fifo")
    let made = unsafe mkfifo(fifo, 0o600)
    #expect(made == 0)
    #expect(message(fifo) == "cannot read \"\(fifo)\": not a regular file or a directory")
  }

  private func message(_ path: String) -> String? {
    do {
      _ = try read(LogFollower(path: path))
      return nil
    } catch {
      return "\(error)"
    }
  }
}

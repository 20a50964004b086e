import Foundation
import Glibc
import TestSupport
import Testing
import Threading

@testable import AttemptLog

/// Rotation and retention, with the thread's work done by the tests.
struct LogRotationTests {
  let directory: TemporaryDirectory
  let faults = WriteFaults()

  init() throws {
    directory = try TemporaryDirectory()
  }

  func makeWriter(
    seed: UInt64 = 1, _ change: (inout LogWriter.Configuration) -> Void = { _ in }
  ) throws -> LogWriter {
    var configuration = LogWriter.Configuration.make()
    // The wall clock goes with the monotonic one.
    let start = Timestamp.now()
    configuration.now = { [faults] in start.advanced(byMicroseconds: faults.elapsed / 1000) }
    configuration.rotation = LogWriter.Rotation(bytesMax: 1000)
    change(&configuration)
    return try .make(directory.path, configuration: configuration, faults: faults, seed: seed)
  }

  func look(_ writer: LogWriter) {
    faults.pass(LogWriter.tickInterval)
    _ = writer.session.tick()
  }

  func lines(_ name: String) throws -> [LogLine] {
    try logLines(directory.file(name))
  }

  func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
  }

  func fill(_ writer: LogWriter) {
    writer.recordStarts(10)
    look(writer)
  }

  @Test func `behind the highest number there is none, and no segment is replaced`() throws {
    let warnings = Locked<[String]>([])
    let writer = try makeWriter { configuration in
      configuration.warn = { warning in warnings.withLock { $0.append("\(warning)") } }
    }
    fill(writer)
    let first = try Data(contentsOf: URL(filePath: directory.file("attempts.000001.jsonl")))
    try Data().write(to: URL(filePath: directory.file("attempts.\(Int64.max).jsonl")))
    for _ in 1...2 { fill(writer) }
    writer.close()
    let name = "attempts.000001.jsonl"
    #expect(try Data(contentsOf: URL(filePath: directory.file(name))) == first)
    #expect(warnings.withLock { $0.contains { $0.contains("cannot be rotated") } })
    #expect(try lines("attempts.jsonl").count { $0.kind == "attempt_start" } == 20)
  }

  @Test func `a file that is full becomes a segment`() throws {
    let writer = try makeWriter()
    for _ in 1...2 { fill(writer) }
    writer.record(.attemptStart(.make()))
    writer.close()
    #expect(
      try names() == [
        ".attempts.lock", "attempts.000001.jsonl", "attempts.000002.jsonl", "attempts.jsonl",
      ])
    let files = try ["attempts.000001.jsonl", "attempts.000002.jsonl", "attempts.jsonl"].map(lines)
    #expect(files.map { $0.first?.number } == [1, 2, 3])
    for file in files { #expect(file.map(\.kind).prefix(2) == ["segment", "writer_start"]) }
    #expect(Set(files.map { $0.first?.segment }).count == 3)
    #expect(files.joined().map(\.seq) == Array(1...files.joined().count))
  }

  @Test func `a single file is never rotated`() throws {
    var configuration = LogWriter.Configuration.make()
    configuration.rotation.bytesMax = 1
    let writer = try LogWriter.make(
      directory.file("a.log"), configuration: configuration, faults: faults)
    fill(writer)
    #expect(try names() == ["a.log"])
  }

  @Test func `another writer follows into the new file`() throws {
    let first = try makeWriter(seed: 1)
    let second = try makeWriter(seed: 2)
    fill(first)
    second.record(.attemptStart(.make()))
    look(second)
    second.record(.attemptStart(.make()))
    let own = try lines("attempts.jsonl").filter { $0.writer == second.id }
    // Its second line is the late one, in the segment.
    #expect(own.map(\.kind) == ["writer_start", "attempt_start"] && own.map(\.seq) == [3, 4])
    #expect(try names().count == 3)
  }

  @Test func `a writer notices a new file within 256 lines, whatever the time`() throws {
    let writer = try makeWriter()
    writer.recordStarts(LogWriter.linesBetweenLooks)
    // The thread is woken by this.
    #expect(writer.session.tasks.update { $0.looks })
  }

  @Test func `a file is rotated by the age of its first line`() throws {
    let time = Locked(Timestamp.now())
    let writer = try makeWriter {
      $0.now = { time.withLock { $0 } }
      $0.rotation = LogWriter.Rotation(bytesMax: nil, ageMax: .seconds(3600))
    }
    fill(writer)
    #expect(try names() == ["attempts.jsonl"])
    time.withLock { $0 = $0.advanced(byMilliseconds: 3_600_000) }
    look(writer)
    #expect(try names().contains("attempts.000001.jsonl"))
  }

  @Test func `who finds the lock taken writes on`() throws {
    let writer = try makeWriter()
    let lock = unsafe open(directory.file(".attempts.lock"), O_RDWR | O_CREAT, 0o600)
    try #require(flock(lock, LOCK_EX | LOCK_NB) == 0)
    fill(writer)
    #expect(try !names().contains("attempts.000001.jsonl"))
    close(lock)
    look(writer)
    #expect(try names().contains("attempts.000001.jsonl"))
    #expect(writer.droppedCount == 0)
  }

  @Test func `a number is not used again when retention took the segments`() throws {
    let writer = try makeWriter()
    for _ in 1...3 { fill(writer) }
    for number in 1...3 { unsafe unlink(directory.file("attempts.00000\(number).jsonl")) }
    fill(writer)
    #expect(try names() == [".attempts.lock", "attempts.000004.jsonl", "attempts.jsonl"])
  }

  @Test func `a new file has a number above that of a segment renamed meanwhile`() throws {
    let directory = directory
    _ = try makeWriter {
      let now = $0.now
      $0.now = {
        // The clock is read when the file is found missing.
        _ = FileManager.default.createFile(
          atPath: directory.file("attempts.000007.jsonl"), contents: nil)
        return now()
      }
    }
    #expect(try lines("attempts.jsonl").first?.number == 8)
  }

  @Test func `a log whose file was removed is created again`() throws {
    let writer = try makeWriter()
    writer.record(.attemptStart(.make()))
    unsafe unlink(directory.file("attempts.jsonl"))
    look(writer)
    writer.record(.attemptStart(.make()))
    #expect(
      try lines("attempts.jsonl").map(\.kind) == ["segment", "writer_start", "attempt_start"])
  }

  @Test func `a directory that is gone costs what is recorded until it is back`() throws {
    let writer = try makeWriter { $0.warn = { _ in } }
    try FileManager.default.removeItem(atPath: directory.path)
    look(writer)
    writer.recordStarts(5)
    #expect(writer.dropped == [.other: 5])
    try FileManager.default.createDirectory(
      atPath: directory.path, withIntermediateDirectories: false)
    // The second try comes a second after the first.
    look(writer)
    writer.record(.attemptStart(.make()))
    let lines = try lines("attempts.jsonl")
    #expect(lines.map(\.kind) == ["segment", "writer_start", "dropped", "attempt_start"])
    #expect(lines[2].count == 5 && lines[2].reason == "other")
  }

  @Test func `tries to open the file double their distance up to 30 s`() throws {
    let writer = try makeWriter { $0.warn = { _ in } }
    try FileManager.default.removeItem(atPath: directory.path)
    var tries: [Int64] = []
    for second in 1...100 {
      let before = writer.session.upkeep.withLock { $0.nextOpening }
      look(writer)
      if writer.session.upkeep.withLock({ $0.nextOpening }) != before {
        tries.append(Int64(second))
      }
    }
    #expect(tries == [1, 2, 4, 8, 16, 32, 62, 92])
    try FileManager.default.createDirectory(
      atPath: directory.path, withIntermediateDirectories: false)
  }

  @Test func `a file that others cut is noted and written on`() throws {
    let path = directory.file("attempts.jsonl")
    let writer = try makeWriter { $0.rotation.bytesMax = nil }
    fill(writer)
    unsafe truncate(path, 0)
    look(writer)
    writer.close()
    let lines = try lines("attempts.jsonl")
    #expect(lines.map(\.kind) == ["dropped", "writer_stop"])
    #expect(lines[0].reason == "truncated_by_others" && lines[0].count == 0)
    #expect(writer.droppedCount == 0)
  }

  // MARK: - Retention

  /// Some segments, then a look two minutes later, when they are not young any more.
  func segments(
    _ count: Int, settled: Bool = true, _ change: (inout LogWriter.Configuration) -> Void
  ) throws -> LogWriter {
    let later = Locked(false)
    let writer = try makeWriter {
      change(&$0)
      let now = $0.now
      $0.now = { later.withLock { $0 } ? now().advanced(byMilliseconds: 120_000) : now() }
    }
    for _ in 0..<count { fill(writer) }
    later.withLock { $0 = true }
    look(writer)
    if settled { faults.pass(.seconds(60)) }
    return writer
  }

  @Test func `the oldest segments beyond the size that is kept are deleted`() throws {
    let writer = try segments(5) { $0.retention.bytesMax = 5000 }
    fill(writer)
    let kept = try names().filter { $0.hasPrefix("attempts.") }
    #expect(
      kept == ["attempts.000005.jsonl", "attempts.000006.jsonl", "attempts.jsonl"])
  }

  @Test func `a young segment is kept whatever its size`() throws {
    let writer = try makeWriter { $0.retention.bytesMax = 0 }
    for _ in 1...4 { fill(writer) }
    #expect(try names().count == 6)
  }

  @Test func `after a step of the clock one segment is deleted`() throws {
    let writer = try segments(5, settled: false) { $0.retention.bytesMax = 0 }
    for _ in 1...3 { fill(writer) }
    #expect(
      try names().filter { $0.hasPrefix("attempts.0") }.first == "attempts.000002.jsonl")
  }

  @Test func `by age one segment an hour is deleted`() throws {
    let writer = try segments(4) {
      $0.retention = LogWriter.Retention(bytesMax: nil, ageMax: .seconds(3600))
    }
    for number in 1...4 { try age("attempts.00000\(number).jsonl") }
    for _ in 1...3 { fill(writer) }
    #expect(
      try names().filter { $0.hasPrefix("attempts.0") }.first == "attempts.000002.jsonl")
    // The lock file tells when the last one was deleted.
    try age(".attempts.lock")
    fill(writer)
    #expect(
      try names().filter { $0.hasPrefix("attempts.0") }.first == "attempts.000003.jsonl")
  }

  func age(_ name: String) throws {
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -7200)], ofItemAtPath: directory.file(name))
  }

  @Test func `only regular files with our names are deleted`() throws {
    let others = [
      "attempts.1.jsonl", "attempts.00001.jsonl", "attempts.000001.json", "xattempts.000001.jsonl",
      "attempts.000001.jsonl.bak", "attempts.0000a1.jsonl",
    ]
    for name in others { try Data("x".utf8).write(to: URL(filePath: directory.file(name))) }
    try Data("precious".utf8).write(to: URL(filePath: directory.file("target")))
    try #require(
      unsafe symlink(directory.file("target"), directory.file("attempts.000101.jsonl")) == 0)
    try #require(
      unsafe link(directory.file("target"), directory.file("attempts.000102.jsonl")) == 0)
    try FileManager.default.createDirectory(
      atPath: directory.file("attempts.000103.jsonl"), withIntermediateDirectories: false)
    let writer = try segments(2) { $0.retention.bytesMax = 0 }
    let before = Set(try names())
    fill(writer)
    let deleted = before.subtracting(try names())
    #expect(deleted == ["attempts.000104.jsonl", "attempts.000105.jsonl"])
  }

  // MARK: - Syncing

  @Test func `after a sync that failed a new file is begun, and the old one not synced again`()
    throws
  {
    let writer = try makeWriter {
      $0.syncs = true
      $0.rotation.bytesMax = nil
      $0.warn = { _ in }
    }
    faults.failNextSync(EIO)
    writer.record(.attemptStart(.make()))
    faults.pass(LogWriter.syncInterval)
    _ = writer.session.tick()
    writer.record(.attemptStart(.make()))
    faults.pass(LogWriter.syncInterval)
    _ = writer.session.tick()
    #expect(try names().contains("attempts.000001.jsonl"))
    let lines = try lines("attempts.jsonl")
    #expect(lines.map(\.kind) == ["segment", "writer_start", "dropped", "attempt_start"])
    #expect(lines[2].reason == "sync_failed" && lines[2].count == 0)
    let synced = faults.synced
    #expect(synced.count == 2 && synced[0] != synced[1])
    #expect(writer.session.upkeep.withLock { !$0.isGivenUp })
  }

  @Test func `a disk whose syncs keep failing gets fewer and fewer new files`() throws {
    let writer = try makeWriter {
      $0.syncs = true
      $0.rotation.bytesMax = nil
      $0.warn = { _ in }
    }
    for _ in 1...80 {
      faults.failNextSync(EIO)
      writer.record(.attemptStart(.make()))
      faults.pass(LogWriter.syncInterval)
      _ = writer.session.tick()
    }
    // In four seconds: at once, after one and after two more.
    #expect(try names().count { $0.hasPrefix("attempts.0") } == 3)
  }

  @Test func `who waits for a sync of a file that is given up is told at once`() throws {
    let writer = try makeWriter {
      $0.syncs = true
      $0.rotation.bytesMax = nil
      $0.warn = { _ in }
    }
    // The second file that fails is not replaced before a second has passed.
    for _ in 1...2 {
      faults.failNextSync(EIO)
      writer.record(.attemptStart(.make()))
      faults.pass(LogWriter.syncInterval)
      _ = writer.session.tick()
    }
    #expect(writer.session.upkeep.withLock { $0.isGivenUp })
    var order = WriterTasks()
    order.syncRequest = 1
    _ = writer.session.tick(order)
    #expect(writer.session.progress.update { $0.syncRequest == 1 && !$0.isSynced })
  }

  @Test func `what is recorded while the old file is synced goes to the new one`() throws {
    let writer = try makeWriter { $0.syncs = true }
    writer.recordStarts(10)
    faults.onNextSync { writer.record(.attemptStart(.make(operationID: "late"))) }
    look(writer)
    let (old, new) = ("attempts.000001.jsonl", "attempts.jsonl")
    #expect(try lines(old).count == 12)
    #expect(try String(contentsOfFile: directory.file(new), encoding: .utf8).contains("late"))
  }

  @Test func `a file whose sync failed is not opened again when a write fails, but replaced`()
    throws
  {
    let writer = try makeWriter {
      $0.syncs = true
      $0.rotation.bytesMax = nil
      $0.warn = { _ in }
    }
    faults.plan([.fail(EIO)])
    writer.record(.attemptStart(.make()))
    faults.failNextSync(EIO)
    faults.pass(LogWriter.syncInterval)
    _ = writer.session.tick(.looking)
    for _ in 1...3 {
      faults.pass(LogWriter.reopenInterval)
      _ = writer.session.tick(.looking)
      writer.record(.attemptStart(.make()))
    }
    #expect(try names().contains("attempts.000001.jsonl"))
    #expect(faults.synced.count > 1 && faults.synced.count { $0 == faults.synced[0] } == 1)
  }

  @Test func `a device that goes on failing is opened at growing distances`() throws {
    let writer = try makeWriter { $0.warn = { _ in } }
    faults.plan(Array(repeating: .fail(EIO), count: 1000))
    var tries: [Int] = []
    for second in 1...70 {
      writer.record(.attemptStart(.make()))
      let before = writer.session.upkeep.withLock { $0.nextOpening }
      look(writer)
      if writer.session.upkeep.withLock({ $0.nextOpening }) != before { tries.append(second) }
    }
    #expect(tries == [1, 2, 4, 8, 16, 32, 62])
  }

  @Test func `a renamed file that is removed before another could be opened is given up`() throws {
    let writer = try makeWriter { $0.warn = { _ in } }
    let path = directory.file("attempts.jsonl")
    unsafe rename(path, directory.file("renamed"))
    // What stands there cannot be opened.
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    for _ in 1...4 { look(writer) }
    writer.record(.attemptStart(.make()))
    #expect(writer.droppedCount == 0)
    unsafe unlink(directory.file("renamed"))
    look(writer)
    writer.record(.attemptStart(.make()))
    #expect(writer.dropped == [.other: 1])
  }

  @Test func `syncs need a directory`() throws {
    var configuration = LogWriter.Configuration.make()
    configuration.syncs = true
    let path = directory.file("a.log")
    #expect(throws: LogWriterError.needsDirectory(path: path, option: "syncs")) {
      try LogWriter.make(path, configuration: configuration)
    }
  }
}

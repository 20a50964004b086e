import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing
import Threading

@testable import AttemptLog

/// What the writer's thread does while callers record.
struct LogWriterThreadTests {
  let directory: TemporaryDirectory
  let path: String

  init() throws {
    directory = try TemporaryDirectory()
    path = directory.file("a.log")
  }

  /// A disk that stalls when it is told to, until it is released.
  final class StallingDisk: Sendable {
    private struct State {
      var stalls = false
      var stalled = 0
    }

    private let state = Condition(State())

    func stall() { state.update { $0.stalls = true } }
    func release() { state.update { $0.stalls = false } }

    /// Until a write hangs.
    func waitForStall() throws {
      try #require(state.wait(atMost: .seconds(20)) { $0.stalled > 0 ? true : nil } == true)
    }

    func write(_ descriptor: CInt, _ bytes: Span<UInt8>) -> Int {
      state.update { $0.stalled += $0.stalls ? 1 : 0 }
      _ = state.wait(atMost: .seconds(60)) { $0.stalls ? nil : true }
      return unsafe bytes.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
      }
    }
  }

  func makeWriter(
    _ mode: LogWriter.Mode, _ disk: StallingDisk = StallingDisk(), queueBytesMax: Int = 16 << 20
  ) throws -> LogWriter {
    var generator = SystemRandomNumberGenerator()
    var configuration = LogWriter.Configuration.make()
    configuration.mode = mode
    configuration.queueBytesMax = queueBytesMax
    var calls = LogCalls()
    calls.write = { disk.write($0, $1) }
    return try LogWriter(
      path: path, configuration: configuration, using: &generator, calls: calls)
  }

  @Test func `a disk that stalls holds other calls for 10 ms and loses no line`() throws {
    let disk = StallingDisk()
    let writer = try makeWriter(.direct, disk)
    disk.stall()
    let stuck = try BlockingThread { writer.record(.attemptStart(.make(operationID: "stuck"))) }
    try disk.waitForStall()
    let clock = ContinuousClock()
    let elapsed = clock.measure { writer.record(.attemptStart(.make(operationID: "waits"))) }
    // It does not hang until the disk is released, which comes after it.
    #expect(elapsed < .seconds(10))
    #expect(try logLines(path).map(\.kind) == ["segment", "writer_start"])
    disk.release()
    stuck.join()
    #expect(writer.flush(within: .seconds(20)))
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let ids = text.split(separator: "\n").compactMap {
      $0.firstMatch(of: /"operation_id":"(\w+)"/)?.1
    }
    #expect(ids == ["stuck", "waits"])
    #expect(writer.droppedCount == 0)
  }

  @Test func `after a slow write lines go by the thread, in their order`() throws {
    let disk = StallingDisk()
    let writer = try makeWriter(.direct, disk)
    writer.session.handsOverUntil.store(.max, ordering: .relaxed)
    writer.recordStarts(100)
    // Each call waited for the thread: nothing is left to be flushed.
    #expect(try logLines(path).map(\.seq) == Array(1...102))
    writer.session.handsOverUntil.store(0, ordering: .relaxed)
    writer.recordStarts(1)
    #expect(try logLines(path).map(\.seq) == Array(1...103))
  }

  @Test func `buffered lines are in the file after a flush, and after close`() throws {
    let writer = try makeWriter(.buffered)
    let threads = try (0..<4).map { _ in try BlockingThread { writer.recordStarts(1000) } }
    for thread in threads { thread.join() }
    #expect(writer.flush(within: .seconds(20)))
    #expect(try logLines(path).map(\.seq) == Array(1...4002))
    writer.recordStarts(10)
    writer.close()
    #expect(try logLines(path).map(\.seq) == Array(1...4013))
  }

  @Test func `a buffered line comes to the file without a flush`() throws {
    let writer = try makeWriter(.buffered)
    writer.record(.attemptStart(.make()))
    #expect(
      writer.session.progress.wait(atMost: .seconds(20)) { $0.lines == 1 ? true : nil } == true)
    #expect(try logLines(path).count == 3)
  }

  @Test func `what does not fit the queue is dropped and told`() throws {
    let disk = StallingDisk()
    let queueBytesMax = 100_000
    let writer = try makeWriter(.buffered, disk, queueBytesMax: queueBytesMax)
    disk.stall()
    let id = String(repeating: "x", count: 3500)
    let lines = queueBytesMax / id.utf8.count * 3
    for _ in 0..<lines { writer.record(.attemptStart(.make(operationID: id))) }
    let dropped = try #require(writer.dropped[.queueFull])
    // The thread hangs with some of them in its hands: those left the queue.
    #expect(dropped > 0 && dropped < lines)
    disk.release()
    writer.close()
    let written = try logLines(path)
    #expect(written.count { $0.kind == "attempt_start" } == lines - Int(dropped))
    let told = written.filter { $0.kind == "dropped" }
    #expect(told.allSatisfy { $0.reason == "queue_full" })
    #expect(told.reduce(0) { $0 + ($1.count ?? 0) } == Int(dropped))
    #expect(Int(try #require(written.last).seq) == written.count + Int(dropped))
  }

  /// ThreadSanitizer ends a forked child that begins a thread.
  static var canFork: Bool {
    #if TSAN
      false
    #else
      true
    #endif
  }

  @Test(.enabled(if: canFork, "not under ThreadSanitizer"))
  func `a forked child is a writer of its own`() async {
    await #expect(processExitsWith: .success) {
      let test = try LogWriterThreadTests()
      let writer = try test.makeWriter(.direct)
      writer.recordStarts(3)
      // Swift hides fork(2).
      let symbol = try #require(unsafe dlsym(nil, "fork"))
      let fork = unsafe unsafeBitCast(symbol, to: (@convention(c) () -> pid_t).self)
      let child = fork()
      if child == 0 {
        writer.recordStarts(2)
        writer.close()
        _exit(writer.droppedCount == 0 ? 0 : 1)
      }
      var status: CInt = -1
      unsafe waitpid(child, &status, 0)
      try #require(status == 0)
      writer.recordStarts(1)
      writer.close()
      let lines = Dictionary(grouping: try logLines(test.path), by: \.writer)
      #expect(
        lines.values.map { $0.map(\.seq) }.sorted { $0.count < $1.count } == [
          [1, 2, 3, 4], [1, 2, 3, 4, 5, 6, 7],
        ])
      let pids = lines.values.compactMap { $0.first { $0.kind == "writer_start" }?.pid }
      #expect(Set(pids) == [Int(child), Int(getpid())])
    }
  }

  @Test func `a child in which nothing is recorded writes nothing`() async {
    await #expect(processExitsWith: .success) {
      let test = try LogWriterThreadTests()
      var writer: LogWriter? = try test.makeWriter(.direct)
      let symbol = try #require(unsafe dlsym(nil, "fork"))
      let fork = unsafe unsafeBitCast(symbol, to: (@convention(c) () -> pid_t).self)
      let child = fork()
      if child == 0 {
        writer?.close()
        writer = nil
        _exit(0)
      }
      var status: CInt = -1
      unsafe waitpid(child, &status, 0)
      writer?.close()
      #expect(try logLines(test.path).map(\.seq) == [1, 2, 3])
    }
  }
}

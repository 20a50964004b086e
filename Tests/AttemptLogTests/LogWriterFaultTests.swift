import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import AttemptLog

/// System calls that fail while records are written.
struct LogWriterFaultTests {
  let directory: TemporaryDirectory
  let path: String
  let faults = WriteFaults()

  init() throws {
    directory = try TemporaryDirectory()
    path = directory.file("a.log")
  }

  func makeWriter() throws -> LogWriter {
    try .make(path, faults: faults)
  }

  @Test func `a full disk costs the lines it refuses and no more`() throws {
    let writer = try makeWriter()
    // The first fails, then the two attempts to tell of it.
    faults.plan([.fail(ENOSPC), .fail(ENOSPC), .fail(ENOSPC)])
    for id in 1...4 {
      writer.record(.attemptStart(.make(operationID: String(id))))
      faults.pass(LogWriter.writeRetryInterval)
    }
    writer.close()
    #expect(writer.dropped == [.enospc: 3])
    let lines = try logLines(path)
    #expect(
      lines.map(\.kind) == [
        "segment", "writer_start", "dropped", "attempt_start", "writer_stop",
      ])
    #expect(lines.map(\.seq) == [1, 2, 6, 7, 8])
    #expect(lines[2].count == 3 && lines[2].reason == "enospc")
    #expect(try text().contains("}\n\n{"))
  }

  @Test func `an interrupted write is made again`() throws {
    let writer = try makeWriter()
    faults.plan([.fail(EINTR), .fail(EINTR)])
    writer.record(.attemptStart(.make()))
    #expect(writer.droppedCount == 0)
    #expect(try logLines(path).map(\.seq) == [1, 2, 3])
    #expect(try !text().contains("\n\n"))
  }

  @Test func `a batch that is cut short goes on with the line that was cut`() throws {
    var calls = LogCalls()
    let faults = faults
    calls.write = { faults.write($0, $1) }
    let descriptor = unsafe open(path, O_WRONLY | O_APPEND | O_CREAT, 0o600)
    defer { close(descriptor) }
    // Of four lines of the same length, two and a half; then all; or two, then an error.
    for (plan, result) in [
      ([], LineOutput.Result(through: 4)),
      ([.lines(2.5)], LineOutput.Result(through: 4)),
      ([.lines(2)], LineOutput.Result(through: 4)),
      ([.lines(2.5), .fail(EIO)], LineOutput.Result(through: 2, failure: .eio, isTorn: true)),
      ([.fail(EDQUOT)], LineOutput.Result(through: 0, failure: .edquot)),
      ([.lines(1.5), .lines(1.5)], LineOutput.Result(through: 2, failure: .short, isTorn: true)),
    ] as [([WriteFaults.Fault], LineOutput.Result)] {
      ftruncate(descriptor, 0)
      var output = LineOutput(calls: calls)
      for seq in 1...4 {
        let head = LineHead(
          kind: .writerStop, time: .now(), writer: "0123456789abcdef", seq: Int64(seq))
        output.append(head, "}\n".utf8.span)
      }
      faults.plan(plan)
      #expect(output.write(to: descriptor) == result)
      #expect(output.needsNewline == (result.failure != nil))
      let whole = try text().split(separator: "\n").compactMap {
        try? JSONDecoder().decode(LogLine.self, from: Data($0.utf8)).seq
      }
      #expect(whole == Array([1, 2, 3, 4].prefix(result.through)))
    }
  }

  @Test func `interruptions without end cost the line`() throws {
    let writer = try makeWriter()
    faults.plan(Array(repeating: .fail(EINTR), count: LineOutput.interruptionsMax))
    writer.record(.attemptStart(.make()))
    #expect(writer.droppedCount == 1)
  }

  @Test func `a line cut short is written again as a whole`() throws {
    let writer = try makeWriter()
    faults.plan([.short(50)])
    writer.record(.attemptStart(.make()))
    #expect(writer.droppedCount == 0)
    let lines = try text().split(separator: "\n")
    #expect(lines.count == 4)
    #expect(lines[2].utf8.count == 50 && lines[3].hasPrefix(lines[2]))
    #expect(lines[3].contains(#""seq":3,"#))
  }

  @Test func `a line that lacks its newline alone is not written twice`() throws {
    let writer = try makeWriter()
    faults.plan([.allButNewline])
    writer.record(.attemptStart(.make()))
    writer.close()
    #expect(writer.droppedCount == 0)
    #expect(try logLines(path).map(\.seq) == [1, 2, 3, 4])
  }

  @Test func `a line cut short twice is lost and its number stays a gap`() throws {
    let writer = try makeWriter()
    faults.plan([.short(50), .fail(ENOSPC)])
    writer.record(.attemptStart(.make()))
    #expect(writer.dropped == [.enospc: 1])
    faults.pass(LogWriter.writeRetryInterval)
    writer.close()
    let lines = try text().split(separator: "\n")
    #expect(lines.count == 5)
    #expect(lines[2].utf8.count == 50)
    #expect(
      lines[3].contains(#""kind":"dropped""#)
        && lines[3].contains(#""seq":4,"count":1,"reason":"enospc"}"#))
  }

  @Test func `a torn line about losses is itself a loss`() throws {
    let writer = try makeWriter()
    faults.plan([.fail(ENOSPC), .short(50), .fail(ENOSPC)])
    for _ in 1...3 {
      // The first has 3; then the dropped line has 4 and the second 5.
      writer.record(.attemptStart(.make()))
      faults.pass(LogWriter.writeRetryInterval)
    }
    #expect(writer.dropped == [.enospc: 3])
    #expect(try text().contains(#""seq":6,"count":3,"reason":"enospc"}"#))
  }

  @Test func `a writer that could not announce itself does so later`() throws {
    faults.plan([.fail(ENOSPC), .fail(ENOSPC)])
    let writer = try makeWriter()
    faults.pass(LogWriter.writeRetryInterval)
    writer.record(.attemptStart(.make()))
    faults.pass(LogWriter.writeRetryInterval)
    writer.close()
    let lines = try logLines(path)
    #expect(lines.map(\.kind) == ["segment", "writer_start", "dropped", "writer_stop"])
    #expect(lines.map(\.seq) == [1, 2, 4, 5])
  }

  @Test func `an end tells of the losses without waiting for the next try`() throws {
    let writer = try makeWriter()
    faults.plan([.fail(ENOSPC)])
    writer.record(.attemptStart(.make()))
    writer.close()
    let lines = try logLines(path)
    #expect(lines.map(\.kind) == ["segment", "writer_start", "dropped", "writer_stop"])
    #expect(lines.map(\.count) == [nil, nil, 1, nil])
  }

  @Test func `a record that no reader would accept is dropped without a write`() throws {
    let writer = try makeWriter()
    writer.record(.attemptStart(.make(operationID: String(repeating: "x", count: 5000))))
    writer.close()
    #expect(writer.dropped == [.tooLarge: 1])
    #expect(
      try logLines(path).map(\.kind) == ["segment", "writer_start", "dropped", "writer_stop"])
  }

  @Test(arguments: [false, true])
  func `a size limit tears one line and the log goes on behind it`(isIgnored: Bool) async {
    await #expect(processExitsWith: .success) { [isIgnored] in
      let test = try LogWriterFaultTests()
      let writer = try test.makeWriter()
      if isIgnored { signal(SIGXFSZ, SIG_IGN) }
      let size = try test.text().utf8.count
      try setSizeLimit(rlim_t(size + 50))
      _ = writer.session.tick(.looking)
      writer.record(.attemptStart(.make(operationID: "lost")))
      writer.record(.attemptStart(.make(operationID: "lost too")))
      try setSizeLimit(nil)
      test.faults.pass(LogWriter.writeRetryInterval)
      writer.record(.attemptStart(.make(operationID: "through")))
      writer.close()
      #expect(writer.dropped == [.efbig: 2])
      let lines = try test.text().split(separator: "\n")
      #expect(lines.count == 6)
      #expect(lines[2].utf8.count == 50)
      #expect(lines[3].contains(#""kind":"dropped""#))
      #expect(lines[3].contains(#""count":2,"reason":"efbig"}"#))
      #expect(lines[4].contains("through"))
    }
  }

  func text() throws -> String {
    try String(contentsOfFile: path, encoding: .utf8)
  }
}

/// Sets the soft limit on the size of files; nil lifts it.
private func setSizeLimit(_ bytes: rlim_t?) throws {
  var limit = rlimit()
  try #require(unsafe getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
  limit.rlim_cur = bytes ?? limit.rlim_max
  try #require(unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
}

extension LogWriter {
  /// A writer without a thread, on a clock that `faults` moves.
  static func make(
    _ path: String, configuration: Configuration = .make(), faults: WriteFaults = WriteFaults(),
    seed: UInt64 = 1
  ) throws -> LogWriter {
    var generator = SeededGenerator(seed: seed)
    var calls = LogCalls()
    calls.write = { faults.write($0, $1) }
    calls.sync = { faults.sync($0) }
    calls.elapsed = { faults.elapsed }
    calls.hasThread = false
    return try LogWriter(
      path: path, configuration: configuration, using: &generator, calls: calls)
  }
}

extension WriterTasks {
  static var looking: Self {
    var tasks = Self()
    tasks.looks = true
    return tasks
  }
}

/// A write(2) that fails as planned and then works, and a monotonic clock that a test moves.
final class WriteFaults: Sendable {
  enum Fault {
    case fail(CInt)
    case short(Int)
    /// So many lines of the same length.
    case lines(Double)
    case allButNewline
  }

  private let planned = Locked<[Fault]>([])

  private let clock = Atomic<Int64>(0)

  /// Nanoseconds.
  var elapsed: Int64 { clock.load(ordering: .relaxed) }

  func pass(_ duration: Duration) {
    clock.wrappingAdd(Int64(nanoseconds: duration), ordering: .relaxed)
  }

  private let syncs = Locked((planned: CInt?.none, done: [UInt]()))

  /// The inodes of the files that were synced, in order.
  var synced: [UInt] { syncs.withLock { $0.done } }

  func failNextSync(_ code: CInt) {
    syncs.withLock { $0.planned = code }
  }

  private let meanwhile = Locked<(@Sendable () -> Void)?>(nil)

  /// When the next sync is done, before it returns.
  func onNextSync(_ body: @escaping @Sendable () -> Void) {
    meanwhile.withLock { $0 = body }
  }

  func sync(_ descriptor: CInt) -> CInt {
    defer { meanwhile.withLock { $0.take() }?() }
    var status = stat()
    unsafe fstat(descriptor, &status)
    let code = syncs.withLock { syncs in
      syncs.done.append(UInt(status.st_ino))
      defer { syncs.planned = nil }
      return syncs.planned
    }
    guard let code else { return fdatasync(descriptor) }
    errno = code
    return -1
  }

  func plan(_ faults: [Fault]) {
    planned.withLock { $0 = faults }
  }

  func write(_ descriptor: CInt, _ bytes: Span<UInt8>) -> Int {
    let fault = planned.withLock { $0.isEmpty ? nil : $0.removeFirst() }
    let count: Int
    switch fault {
    case .fail(let code):
      errno = code
      return -1
    case .short(let limit): count = min(limit, bytes.count)
    case .lines(let lines):
      let text = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
      let start = text.first == UInt8(ascii: "\n") ? 1 : 0
      let length = (text.dropFirst(start).firstIndex(of: UInt8(ascii: "\n")) ?? 0) + 1 - start
      count = start + Int(Double(length) * lines)
    case .allButNewline: count = bytes.count - 1
    case nil: count = bytes.count
    }
    return unsafe bytes.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, count) }
  }
}

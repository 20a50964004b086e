import Foundation
import Glibc
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
    var generator = SeededGenerator(seed: 1)
    let faults = faults
    return try LogWriter(
      path: path, configuration: .make(), using: &generator,
      write: { faults.write($0, $1) })
  }

  @Test func `a full disk costs the lines it refuses and no more`() throws {
    let writer = try makeWriter()
    // The first fails, then the two attempts to tell of it.
    faults.plan([.fail(ENOSPC), .fail(ENOSPC), .fail(ENOSPC)])
    for id in 1...4 { writer.record(.attemptStart(.make(operationID: String(id)))) }
    writer.close()
    #expect(writer.droppedCount == 3)
    let lines = try logLines(path)
    #expect(
      lines.map(\.kind) == [
        "segment", "writer_start", "dropped", "attempt_start", "writer_stop",
      ])
    #expect(lines.map(\.seq) == [1, 2, 6, 7, 8])
    #expect(lines[2].count == 3)
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
    #expect(writer.droppedCount == 1)
    writer.close()
    let lines = try text().split(separator: "\n")
    #expect(lines.count == 5)
    #expect(lines[2].utf8.count == 50)
    #expect(lines[3].contains(#""kind":"dropped""#) && lines[3].contains(#""seq":4,"count":1}"#))
  }

  @Test func `a torn line about losses is itself a loss`() throws {
    let writer = try makeWriter()
    faults.plan([.fail(ENOSPC), .short(50), .fail(ENOSPC)])
    writer.record(.attemptStart(.make()))  // seq 3
    writer.record(.attemptStart(.make()))  // the dropped line had 4, this 5
    writer.record(.attemptStart(.make()))
    #expect(writer.droppedCount == 3)
    #expect(try text().contains(#""seq":6,"count":3}"#))
  }

  @Test func `a writer that could not announce itself does so later`() throws {
    faults.plan([.fail(ENOSPC), .fail(ENOSPC)])
    let writer = try makeWriter()
    writer.record(.attemptStart(.make()))
    writer.close()
    let lines = try logLines(path)
    #expect(lines.map(\.kind) == ["segment", "writer_start", "dropped", "writer_stop"])
    #expect(lines.map(\.seq) == [1, 3, 4, 5])
  }

  @Test func `a record that no reader would accept is dropped without a write`() throws {
    let writer = try makeWriter()
    writer.record(.attemptStart(.make(operationID: String(repeating: "x", count: 5000))))
    writer.close()
    #expect(writer.droppedCount == 1)
    #expect(
      try logLines(path).map(\.kind) == ["segment", "writer_start", "dropped", "writer_stop"])
  }

  @Test func `a size limit tears one line and the log goes on behind it`() async {
    await #expect(processExitsWith: .success) {
      let test = try LogWriterFaultTests()
      let writer = try LogWriter(path: test.path)
      signal(SIGXFSZ, SIG_IGN)
      let size = try test.text().utf8.count
      try setSizeLimit(rlim_t(size + 50))
      writer.record(.attemptStart(.make(operationID: "lost")))
      writer.record(.attemptStart(.make(operationID: "lost too")))
      try setSizeLimit(nil)
      writer.record(.attemptStart(.make(operationID: "through")))
      writer.close()
      #expect(writer.droppedCount == 2)
      let lines = try test.text().split(separator: "\n")
      #expect(lines.count == 6)
      #expect(lines[2].utf8.count == 50)
      #expect(lines[3].contains(#""kind":"dropped""#) && lines[3].contains(#""count":2}"#))
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

/// A write(2) that fails as planned and then works.
final class WriteFaults: Sendable {
  enum Fault {
    case fail(CInt)
    case short(Int)
    case allButNewline
  }

  private let planned = Locked<[Fault]>([])

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
    case .allButNewline: count = bytes.count - 1
    case nil: count = bytes.count
    }
    return unsafe bytes.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, count) }
  }
}

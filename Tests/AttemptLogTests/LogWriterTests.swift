import Foundation
import Glibc
import TestSupport
import Testing
import Threading

@testable import AttemptLog

struct LogWriterTests {
  let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
  }

  @Test func `a log is, byte for byte, what its writer recorded`() throws {
    var generator = SeededGenerator(seed: 1)
    let path = directory.file("attempts.jsonl")
    let writer = try LogWriter(path: path, configuration: .make(), using: &generator)
    writer.record(.attemptStart(.make()))
    writer.close()
    let host = try String(contentsOfFile: "/proc/sys/kernel/hostname", encoding: .utf8).dropLast()
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let common = #""time":"2026-11-16T08:15:30.123456Z","writer":"910a2dec89025cc1","seq""#
    #expect(
      text == """
        {"v":1,"kind":"segment",\(common):1,"segment":"beeb8da1658eec67","number":1}
        {"v":1,"kind":"writer_start",\(common):2,"version":"0.1.0","host":"\(host)",\
        "pid":\(getpid()),"process":"tests"}
        {"v":1,"kind":"attempt_start",\(common):3,"provider":"lesan","operation":"transcribe",\
        "operation_id":"1","attempt":1}
        {"v":1,"kind":"writer_stop",\(common):4}

        """)
  }

  @Test func `threads and tasks share a writer without a gap`() async throws {
    let path = directory.file("a.log")
    let writer = try LogWriter(path: path)
    let threads = try (0..<4).map { _ in try BlockingThread { writer.recordStarts(1000) } }
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<4 { group.addTask { writer.recordStarts(1000) } }
    }
    for thread in threads { thread.join() }
    writer.close()
    let lines = try logLines(path)
    #expect(lines.map(\.seq) == Array(1...8003))
    #expect(lines.count { $0.kind == "attempt_start" } == 8000)
    #expect(writer.droppedCount == 0)
  }

  @Test func `writers that create a log at once agree on its first line`() throws {
    let path = directory.path
    for _ in 0..<50 {
      let threads = try (0..<4).map { _ in
        try BlockingThread {
          do {
            try LogWriter(path: path).recordStarts(10)
          } catch {
            Issue.record(error)
          }
        }
      }
      for thread in threads { thread.join() }
      let file = directory.file("attempts.jsonl")
      let lines = try logLines(file)
      #expect(lines.map(\.kind).filter { $0 == "segment" }.count == 1)
      #expect(lines.first?.kind == "segment")
      #expect(lines.count == 1 + 4 * 12)
      for (_, own) in Dictionary(grouping: lines, by: \.writer) {
        #expect(own.map(\.seq) == Array(1...own.count))
      }
      try FileManager.default.removeItem(atPath: file)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: path) == [])
  }

  @Test func `a writer joins a log that is there`() throws {
    let path = directory.file("a.log")
    let first = try LogWriter(path: path)
    let second = try LogWriter(path: path)
    first.record(.attemptStart(.make()))
    second.close()
    first.close()
    let lines = try logLines(path)
    #expect(
      lines.map(\.kind) == [
        "segment", "writer_start", "writer_start", "attempt_start", "writer_stop", "writer_stop",
      ])
    #expect(lines.filter { $0.writer == second.id }.map(\.seq) == [1, 2])
  }

  @Test(arguments: [(false, 0o600), (true, 0o640)])
  func `a new log has its mode under any umask`(isForGroup: Bool, mode: Int) async {
    await #expect(processExitsWith: .success) { [isForGroup, mode] in
      umask(0o777)
      let directory = try TemporaryDirectory()
      unsafe chmod(directory.path, 0o700)
      var configuration = LogWriter.Configuration()
      configuration.permissions = isForGroup ? .ownerAndGroup : .owner
      let path = directory.file("a.log")
      _ = try LogWriter(path: path, configuration: configuration)
      let found = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
      #expect(found as? Int == mode)
    }
  }

  @Test func `without O_TMPFILE a log is created beside and linked`() throws {
    let path = directory.file("a.log")
    let new = NewAppendFile(path: path, permissions: .owner, temporaryName: ".new")
    let file = try #require(try new.createNamed(firstLine: Array("first\n".utf8)))
    Glibc.close(file.descriptor)
    #expect(try new.createNamed(firstLine: Array("second\n".utf8)) == nil)
    #expect(try new.createUnnamed(firstLine: Array("third\n".utf8)) == nil)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "first\n")
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["a.log"])
  }

  @Test func `what is recorded after close counts as dropped`() throws {
    let path = directory.file("a.log")
    let writer = try LogWriter(path: path)
    writer.close()
    writer.close()
    writer.record(.attemptStart(.make()))
    #expect(writer.droppedCount == 1)
    #expect(try logLines(path).map(\.kind) == ["segment", "writer_start", "writer_stop"])
  }

  @Test func `a writer that is let go closes its log`() throws {
    let path = directory.file("a.log")
    _ = try LogWriter(path: path)
    #expect(try logLines(path).last?.kind == "writer_stop")
  }

  @Test(arguments: [("", false), ("\n", false), ("{\"v\":1", true), ("torn\nagain", true)])
  func `a torn tail is ended first`(tail: String, isEnded: Bool) throws {
    let path = directory.file("a.log")
    try Data(tail.utf8).write(to: URL(filePath: path))
    _ = try LogWriter(path: path)
    let text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(text.hasPrefix(tail + (isEnded ? "\n" : "") + #"{"v":1,"kind":"writer_start","#))
  }
}

extension LogWriter.Configuration {
  static func make() -> Self {
    var configuration = Self()
    configuration.process = "tests"
    configuration.now = { Timestamp(microseconds: 1_794_816_930_123_456) }
    return configuration
  }
}

extension LogWriter {
  func recordStarts(_ count: Int) {
    for _ in 0..<count { record(.attemptStart(.make())) }
  }
}

extension AttemptStart {
  static func make(operationID: String = "1") -> Self {
    let identity = OperationIdentity(
      provider: "lesan", operation: "transcribe", operationID: operationID)
    return AttemptStart(identity: identity, attempt: 1)
  }
}

/// What every line of a log has, read without this project's scanner.
struct LogLine: Decodable {
  var kind: String
  var writer: String
  var seq: Int
  var count: Int?
  var reason: String?
  var segment: String?
  var number: Int?
  var pid: Int?
}

func logLines(_ path: String) throws -> [LogLine] {
  let text = try String(contentsOfFile: path, encoding: .utf8)
  #expect(text.utf8.last == UInt8(ascii: "\n"))
  return try text.split(separator: "\n").map {
    try JSONDecoder().decode(LogLine.self, from: Data($0.utf8))
  }
}

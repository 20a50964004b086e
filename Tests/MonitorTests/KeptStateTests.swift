import AttemptLog
import Foundation
import HTTPServer
import TestSupport
import Testing

@testable import Monitor

/// Monitors that keep their state, one after the other.
struct KeptStateTests {
  private let directory: TemporaryDirectory
  private let clock = Locked(ContinuousClock.now)
  private let diagnoses = Locked<[String]>([])
  private var path: String { directory.file("attempts.jsonl") }
  private var state: String { Monitor.Configuration.statePath(besideLog: path) }

  init() throws {
    directory = try TemporaryDirectory()
  }

  private func append(_ event: Event, seq: Int64) throws {
    var bytes: [UInt8] = []
    try LineWriter().append(.make(event, seq: seq), to: &bytes)
    if !FileManager.default.fileExists(atPath: path) {
      #expect(FileManager.default.createFile(atPath: path, contents: nil))
    }
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.seekToEnd()
    try handle.write(contentsOf: bytes)
    try handle.close()
  }

  private func monitor(state: String? = nil) throws -> Monitor {
    var configuration = Monitor.Configuration()
    configuration.now = { Record.make(.writerStop).time }
    configuration.elapsed = { [clock] in clock.withLock { $0 } }
    configuration.diagnose = { [diagnoses] message in diagnoses.withLock { $0.append(message) } }
    configuration.statePath = state ?? self.state
    return try Monitor(paths: [path], configuration: configuration)
  }

  /// What is scraped after a pass, a second after the one before.
  private func page(_ monitor: Monitor) -> String {
    clock.withLock { $0 += .seconds(1) }
    while monitor.pass() { clock.withLock { $0 += .seconds(1) } }
    return scraped(monitor)
  }

  private func scraped(_ monitor: Monitor) -> String {
    let request = HTTPRequest(method: "GET", target: "/metrics", headers: [:], body: [])
    let body = Endpoint { monitor.state }.respond(to: request).body
    // What the process uses is another every time.
    return String(decoding: body, as: UTF8.self).split(separator: "\n")
      .filter { !$0.hasPrefix("process_") }.map { $0 + "\n" }.joined()
  }

  private func retries(_ count: Int) -> String { #"attempt_kind="retry"} \#(count)"# + "\n" }

  @Test func `a monitor goes on where one was killed`() throws {
    try append(.segment(Segment(id: "s")), seq: 1)
    let offset = try Data(contentsOf: URL(fileURLWithPath: path)).count
    try append(.attempt(.make(attempt: 2)), seq: 2)
    let first = page(try monitor())
    #expect(first.contains(retries(1)))
    // What was read is not read again: nothing of it is there.
    let handle = try #require(FileHandle(forWritingAtPath: path))
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path)).count - offset
    try handle.seek(toOffset: UInt64(offset))
    try handle.write(contentsOf: Data(repeating: UInt8(ascii: " "), count: bytes))
    try handle.close()
    #expect(page(try monitor()) == first)
    try append(.attempt(.make(attempt: 3)), seq: 3)
    #expect(page(try monitor()).contains(retries(2)))
    #expect(diagnoses.withLock { $0 } == [])
  }

  @Test func `what was scraped is saved before, and a second passes between two savings`() throws {
    try append(.attempt(.make(attempt: 2)), seq: 2)
    let monitor = try monitor()
    #expect(page(monitor).contains(retries(1)))
    let saved = try Data(contentsOf: URL(fileURLWithPath: state))
    try append(.attempt(.make(attempt: 3)), seq: 3)
    clock.withLock { $0 += .milliseconds(999) }
    #expect(!monitor.pass())
    #expect(try Data(contentsOf: URL(fileURLWithPath: state)) == saved)
    #expect(scraped(monitor).contains(retries(1)))
    #expect(page(monitor).contains(retries(2)))
    #expect(try Data(contentsOf: URL(fileURLWithPath: state)) != saved)
  }

  @Test func `a state is not written again without news`() throws {
    try append(.attempt(.make(attempt: 2)), seq: 2)
    let monitor = try monitor()
    #expect(page(monitor).contains(retries(1)))
    try FileManager.default.removeItem(atPath: state)
    #expect(page(monitor).contains(retries(1)))
    #expect(!FileManager.default.fileExists(atPath: state))
  }

  @Test func `a gap that was scraped does not become smaller after a kill`() throws {
    try append(.writerStop, seq: 1)
    try append(.writerStop, seq: 5)
    #expect(page(try monitor()).contains("\nrelmon_log_missing_records_total 3\n"))
    try append(.writerStop, seq: 3)
    #expect(page(try monitor()).contains("\nrelmon_log_missing_records_total 3\n"))
  }

  @Test func `the generation before is used where the newest is damaged`() throws {
    try append(.attempt(.make(attempt: 2)), seq: 2)
    do {
      let monitor = try monitor()
      #expect(page(monitor).contains(retries(1)))
      try append(.attempt(.make(attempt: 3)), seq: 3)
      #expect(page(monitor).contains(retries(2)))
    }
    try Data([1]).write(to: URL(fileURLWithPath: state))
    let page = page(try monitor())
    #expect(page.contains(retries(2)))
    #expect(page.contains("\nrelmon_state_lost_total 0\n"))
    #expect(diagnoses.withLock { $0 } == ["\"\(state)\" is not a state of relmon"])
  }

  @Test func `without a state that can be used the log is read from its start`() throws {
    try append(.attempt(.make(attempt: 2)), seq: 2)
    try Data([1]).write(to: URL(fileURLWithPath: state))
    try Data().write(to: URL(fileURLWithPath: state + ".previous"))
    for _ in 1...2 {
      let page = page(try monitor())
      #expect(page.contains(retries(1)))
      #expect(page.contains("\nrelmon_state_lost_total 1\n"))
    }
    #expect(
      diagnoses.withLock { $0 } == [
        "\"\(state)\" is not a state of relmon", "\"\(state).previous\" is not a state of relmon",
        "the state is lost: all counters begin again at 0",
      ])
  }

  @Test func `where the state cannot be saved, counting goes on`() throws {
    try append(.attempt(.make(attempt: 2)), seq: 2)
    let place = directory.file("place")
    let monitor = try monitor(state: place + "/state")
    #expect(page(monitor).contains("\nrelmon_state_save_errors_total 1\n"))
    try append(.attempt(.make(attempt: 3)), seq: 3)
    let page = page(monitor)
    #expect(page.contains(retries(2)))
    #expect(page.contains("\nrelmon_state_save_errors_total 2\n"))
    #expect(!page.contains("\nrelmon_state_last_saved_timestamp_seconds "))
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
    #expect(self.page(monitor).contains("\nrelmon_state_last_saved_timestamp_seconds "))
    let lock = place + "/state.lock"
    #expect(
      diagnoses.withLock { $0 } == [
        "cannot keep the state: \"\(lock)\": no such file or directory (open, errno 2)",
        "the state is saved again",
      ])
  }

  @Test func `a second monitor with the same state is refused`() throws {
    try append(.writerStop, seq: 1)
    let first = try monitor()
    #expect(throws: MonitorError.self) { try monitor() }
    do {
      _ = try monitor()
    } catch {
      #expect("\(error)" == "the state \"\(state)\" is in use by another process")
    }
    #expect(page(first).contains("\nrelmon_log_records_total{kind=\"writer_stop\"} 1\n"))
  }

  @Test func `what is read after the last pass is saved at the end`() throws {
    try append(.attempt(.make(attempt: 2)), seq: 2)
    do {
      let monitor = try monitor()
      #expect(page(monitor).contains(retries(1)))
      try append(.attempt(.make(attempt: 3)), seq: 3)
      // Not due yet: read, and neither shown nor saved.
      #expect(!monitor.pass())
      try monitor.start()
      monitor.stop()
    }
    try FileManager.default.removeItem(atPath: path)
    #expect(FileManager.default.createFile(atPath: path, contents: nil))
    let page = page(try monitor())
    #expect(page.contains(retries(2)))
    #expect(page.contains("\nrelmon_log_deleted_unread_bytes_total 0\n"))
  }
}

import AttemptLog
import Foundation
import HTTPServer
import Reliability
import TestSupport
import Testing
import Threading

@testable import Monitor

/// Monitors that keep their state, one after the other.
struct KeptStateTests {
  private let directory: TemporaryDirectory
  private let clock = Locked(MonotonicInstant.now)
  private let now = Locked(Record.make(.writerStop).time)
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

  private func monitor(
    log: String? = nil, state: String? = nil, pairsMax: Int = 100, zeroSeconds: UInt32 = 0
  ) throws -> Monitor {
    var configuration = Monitor.Configuration()
    configuration.labels.scopesMax = pairsMax
    configuration.zeroSeconds = zeroSeconds
    configuration.now = { [now] in now.withLock { $0 } }
    configuration.elapsed = { [clock] in clock.withLock { $0 } }
    configuration.diagnose = { [diagnoses] message in diagnoses.withLock { $0.append(message) } }
    configuration.statePath = state ?? self.state
    return try Monitor(paths: [log ?? path], configuration: configuration)
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
    try append(.attempt(.make(attempt: 2)), seq: 2)
    let first = page(try monitor())
    #expect(first.contains(retries(1)))
    // A line that was read again would count as a duplicate.
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

  @Test func `a line without an end is told once, and read when it is whole`() throws {
    try append(.attempt(.make(attempt: 2)), seq: 2)
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.seekToEnd()
    let end = try #require(#"{"v":1,"kind":"writer_stop","#.data(using: .utf8))
    try handle.write(contentsOf: end)
    let monitor = try monitor()
    #expect(page(monitor).contains(retries(1)))
    clock.withLock { $0 += .seconds(8) }
    _ = page(monitor)
    #expect(diagnoses.withLock { $0 } == [])
    for _ in 0..<3 { _ = page(monitor) }
    #expect(
      diagnoses.withLock { $0 } == [
        "\(path):2: a line without an end for 10 s: \(end.count) bytes at file offset "
          + "\(whole.count) are not read until a newline follows"
      ])
    try handle.write(
      contentsOf: Data(
        #""time":"2026-11-16T08:15:30Z","writer":"w","seq":3}"#.utf8 + [UInt8(ascii: "\n")]))
    try handle.close()
    #expect(page(monitor).contains("\nrelmon_log_unread_bytes 0\n"))
    #expect(diagnoses.withLock { $0.count } == 1)
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
    #expect(
      diagnoses.withLock { $0 } == [
        "the state \"\(state)\" is damaged: its length or checksum is wrong"
      ])
  }

  @Test func `without a state that can be used the log is read from its start`() throws {
    try append(.attempt(.make(attempt: 2)), seq: 2)
    try Data([0]).write(to: URL(fileURLWithPath: state))
    try Data().write(to: URL(fileURLWithPath: state + ".previous"))
    for _ in 1...2 {
      let page = page(try monitor())
      #expect(page.contains(retries(1)))
      #expect(page.contains("\nrelmon_state_lost_total 1\n"))
    }
    #expect(
      diagnoses.withLock { $0 } == [
        "the state \"\(state)\" is damaged: its length or checksum is wrong",
        "the state \"\(state).previous\" is damaged: its length or checksum is wrong",
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

  private func pass(seconds: Int64) {
    now.withLock { $0 = $0.advanced(byMicroseconds: seconds * 1_000_000) }
  }

  @Test func `a new series stays 0 over a kill, and never falls`() throws {
    try append(.writerStop, seq: 1)
    #expect(!page(try monitor(zeroSeconds: 60)).contains("api_client_attempts_total{"))
    // What happened while nobody watched is news as well.
    try append(.attempt(.make(attempt: 2)), seq: 2)
    #expect(page(try monitor(zeroSeconds: 60)).contains(retries(0)))
    pass(seconds: 59)
    try append(.attempt(.make(attempt: 3)), seq: 3)
    #expect(page(try monitor(zeroSeconds: 60)).contains(retries(0)))
    pass(seconds: 1)
    #expect(page(try monitor(zeroSeconds: 60)).contains(retries(2)))
    // A clock that goes back takes nothing back.
    pass(seconds: -30)
    #expect(page(try monitor(zeroSeconds: 60)).contains(retries(2)))
  }

  @Test func `a series of a clock that was ahead does not stay 0`() throws {
    try append(.writerStop, seq: 1)
    _ = page(try monitor(zeroSeconds: 60))
    try append(.attempt(.make(attempt: 2)), seq: 2)
    #expect(page(try monitor(zeroSeconds: 60)).contains(retries(0)))
    pass(seconds: -86_400)
    #expect(page(try monitor(zeroSeconds: 60)).contains(retries(0)))
    pass(seconds: 60)
    #expect(page(try monitor(zeroSeconds: 60)).contains(retries(1)))
  }

  @Test func `what the log holds at the very first start is no news`() throws {
    try append(.attempt(.make(attempt: 2)), seq: 2)
    #expect(page(try monitor(zeroSeconds: 60)).contains(retries(1)))
  }

  @Test func `pairs that were there stay, whatever the limit is now`() throws {
    func pair(_ name: String) -> Event {
      .attempt(.make(.make(provider: name), attempt: 2))
    }
    func retry(_ provider: String, _ count: Int) -> String {
      #"{provider="\#(provider)",operation="transcribe",attempt_kind="retry"} \#(count)"# + "\n"
    }
    for (seq, name) in ["a", "b", "c"].enumerated() {
      try append(pair(name), seq: Int64(seq + 1))
    }
    #expect(page(try monitor(pairsMax: 2)).contains(retry("b", 1)))
    try append(pair("d"), seq: 4)
    let wider = page(try monitor(pairsMax: 4))
    for (name, count) in [("a", 1), ("b", 1), ("d", 1)] {
      #expect(wider.contains(retry(name, count)))
    }
    #expect(wider.contains(#"operation="_other",attempt_kind="retry"} 1"#))
    try append(pair("e"), seq: 5)
    try append(pair("d"), seq: 6)
    let narrower = page(try monitor(pairsMax: 1))
    #expect(narrower.contains(retry("d", 2)))
    #expect(narrower.contains(#"operation="_other",attempt_kind="retry"} 2"#))
    #expect(diagnoses.withLock { $0 } == [])
  }

  private func samples(_ page: String) -> [Substring] {
    page.split(separator: "\n").filter {
      $0.hasPrefix("relmon_log_bytes_read") || $0.hasPrefix("relmon_log_records")
        || $0.hasPrefix("relmon_log_deleted")
    }
  }

  @Test(arguments: [false, true], [false, true])
  func `a log that was away goes on where it was read to`(isSeen: Bool, isDirectory: Bool) throws {
    let log = isDirectory ? directory.path : path
    let state = directory.file("kept.state")
    for seq in 1...3 { try append(.attempt(.make()), seq: Int64(seq)) }
    let away = directory.file("away")
    var first: Monitor? = try monitor(log: log, state: state)
    let before = samples(page(try #require(first)))
    first = nil
    try FileManager.default.moveItem(atPath: path, toPath: away)
    var second: Monitor? = try monitor(log: log, state: state)
    #expect(samples(page(try #require(second))) == before)
    if !isSeen {
      second = nil
      try FileManager.default.moveItem(atPath: away, toPath: path)
      second = try monitor(log: log, state: state)
    } else {
      try FileManager.default.moveItem(atPath: away, toPath: path)
    }
    #expect(samples(page(try #require(second))) == before)
    try append(.attempt(.make()), seq: 4)
    #expect(page(try #require(second)).contains(#"relmon_log_records_total{kind="attempt"} 4"#))
    #expect(!diagnoses.withLock { $0 }.contains { $0.contains("gone") })
  }

  @Test func `another log in the place of one that was away is read from its start`() throws {
    for seq in 1...3 { try append(.attempt(.make()), seq: Int64(seq)) }
    var first: Monitor? = try monitor()
    _ = page(try #require(first))
    first = nil
    try FileManager.default.moveItem(atPath: path, toPath: directory.file("away"))
    let second = try monitor()
    _ = page(second)
    try append(.attempt(.make()), seq: 9)
    #expect(page(second).contains(#"relmon_log_records_total{kind="attempt"} 4"#))
    #expect(
      diagnoses.withLock { $0 }.last?.contains("1 files that were being read are gone") == true)
  }

  @Test func `a link keeps its place, wherever it leads`() throws {
    let link = directory.file("current.jsonl")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
    let state = directory.file("kept.state")
    var next: Monitor? = try monitor(log: link, state: state)
    _ = page(try #require(next))
    try append(.attempt(.make()), seq: 1)
    _ = page(try #require(next))
    next = nil
    try append(.attempt(.make()), seq: 2)
    next = try monitor(log: link, state: state)
    let seen = page(try #require(next))
    #expect(seen.contains(#"relmon_log_records_total{kind="attempt"} 2"#))
    #expect(seen.contains(#"relmon_log_records_rejected_total{reason="duplicate"} 0"#))
  }

  @Test func `a state that could not be read again is not written`() throws {
    let file = try StateFile(path: state)
    try file.save([1])
    let tooMuch = [UInt8](repeating: 0, count: StateFile.bytesMax)
    #expect(throws: StateFileError.self) { try file.save(tooMuch) }
    #expect(file.load { payload throws(StateError) in payload }.state == [1])
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

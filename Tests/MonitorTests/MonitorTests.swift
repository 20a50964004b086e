import AttemptLog
import Foundation
import HTTPServer
import Monitor
import TestSupport
import Testing

struct MonitorTests {
  private let directory: TemporaryDirectory
  private var path: String { directory.file("attempts.jsonl") }

  init() throws {
    directory = try TemporaryDirectory()
  }

  private func append(_ events: [Event], from seq: Int64 = 1) throws {
    var bytes: [UInt8] = []
    for (offset, event) in events.enumerated() {
      try LineWriter().append(.make(event, seq: seq + Int64(offset)), to: &bytes)
    }
    try append(bytes)
  }

  private func append(_ bytes: [UInt8]) throws {
    if !FileManager.default.fileExists(atPath: path) {
      #expect(FileManager.default.createFile(atPath: path, contents: nil))
    }
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.seekToEnd()
    try handle.write(contentsOf: bytes)
    try handle.close()
  }

  private func monitor(
    _ path: String? = nil, diagnoses: Locked<[String]>? = nil
  ) throws -> Monitor {
    var configuration = Monitor.Configuration()
    configuration.now = { Record.make(.writerStop).time }
    configuration.diagnose = { message in diagnoses?.withLock { $0.append(message) } }
    return try Monitor(paths: [path ?? self.path], configuration: configuration)
  }

  private func get(_ path: String, _ method: String = "GET", of monitor: Monitor) -> HTTPResponse {
    Endpoint { monitor.state }
      .respond(to: HTTPRequest(method: method, target: path, headers: [:], body: []))
  }

  private func text(_ response: HTTPResponse) -> String {
    String(decoding: response.body, as: UTF8.self)
  }

  @Test func `nothing is scraped before the backlog is read`() throws {
    try append([.attempt(.make()), .operation(.make())])
    let monitor = try monitor()
    for path in ["/metrics", "/-/ready"] {
      let response = get(path, of: monitor)
      #expect(response.status == 503)
      #expect(response.headers["Retry-After"] == "1")
    }
    #expect(get("/-/healthy", of: monitor).status == 200)
    #expect(!monitor.pass())
    #expect(get("/-/ready", of: monitor).status == 200)
    let page = get("/metrics", of: monitor)
    #expect(page.status == 200)
    #expect(page.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
    let line =
      #"api_client_operations_total{provider="lesan",operation="transcribe",outcome="success",retried="false"} 1"#
    #expect(text(page).contains("\n\(line)\n"))
  }

  @Test func `nothing is scraped while a part of the backlog cannot be read`() throws {
    try append([.attempt(.make())], from: 2)
    let segment = directory.file("attempts.000001.jsonl")
    try FileManager.default.createDirectory(atPath: segment, withIntermediateDirectories: false)
    let monitor = try monitor(directory.path)
    for _ in 1...2 {
      #expect(!monitor.pass())
      #expect(get("/metrics", of: monitor).status == 503)
    }
    try FileManager.default.removeItem(atPath: segment)
    #expect(!monitor.pass())
    #expect(text(get("/metrics", of: monitor)).contains(#"attempt_kind="initial"} 1"#))
  }

  @Test func `a damaged compressed segment costs only its rest`() throws {
    var bytes: [UInt8] = []
    try LineWriter().append(.make(.attempt(.make())), to: &bytes)
    let segment = directory.file("attempts.000001.jsonl.gz")
    let cut = Gzip.member(bytes).dropLast(3)
    try Data(cut).write(to: URL(fileURLWithPath: segment))
    try append([.attempt(.make(attempt: 2))], from: 2)
    let diagnoses = Locked<[String]>([])
    let monitor = try monitor(directory.path, diagnoses: diagnoses)
    while monitor.pass() {}
    let page = text(get("/metrics", of: monitor))
    #expect(page.contains(#"attempt_kind="initial"} 1"#))
    #expect(page.contains(#"attempt_kind="retry"} 1"#))
    #expect(!monitor.pass())
    #expect(
      diagnoses.withLock { $0 } == [
        "cannot read the rest of \"\(segment)\": it ends at byte \(cut.count), "
          + "expected more deflated data; what was inflated before counts"
      ])
  }

  @Test func `what is appended is on the next page`() throws {
    try append([.attempt(.make())])
    let monitor = try monitor()
    #expect(!monitor.pass())
    try append([.attempt(.make(attempt: 2))], from: 2)
    #expect(!monitor.pass())
    let page = text(get("/metrics", of: monitor))
    #expect(page.contains(#"attempt_kind="initial"} 1"#))
    #expect(page.contains(#"attempt_kind="retry"} 1"#))
  }

  @Test func `a gap that was exposed does not become smaller`() throws {
    try append([.writerStop])
    try append([.writerStop], from: 5)
    let monitor = try monitor()
    #expect(!monitor.pass())
    #expect(text(get("/metrics", of: monitor)).contains("\nrelmon_log_missing_records_total 3\n"))
    try append([.writerStop], from: 3)
    #expect(!monitor.pass())
    #expect(text(get("/metrics", of: monitor)).contains("\nrelmon_log_missing_records_total 3\n"))
  }

  @Test func `a rejected line is told with its place, an error that stays only once`() throws {
    let diagnoses = Locked<[String]>([])
    try append(Array("garbage\nmore\n".utf8))
    let monitor = try monitor(diagnoses: diagnoses)
    #expect(!monitor.pass())
    #expect(
      diagnoses.withLock { $0 } == [
        "\(path):1: malformed: expected an object at byte 0 of the line (file offset 0), "
          + "and 1 more rejected"
      ])
    #expect(text(get("/metrics", of: monitor)).contains(#"{reason="malformed"} 2"#))
    #expect(!monitor.pass())
    #expect(diagnoses.withLock { $0.count } == 1)
  }

  @Test func `other paths are not found and other methods not allowed`() throws {
    try append([.writerStop])
    let monitor = try monitor()
    #expect(!monitor.pass())
    for path in ["/metrics/", "//metrics", "/metrics/..", "/%6detrics", "/nope"] {
      #expect(get(path, of: monitor).status == 404)
    }
    #expect(get("/metrics?x=1", of: monitor).status == 200)
    let refused = get("/metrics", "POST", of: monitor)
    #expect(refused.status == 405)
    #expect(refused.headers["Allow"] == "GET, HEAD")
    #expect(get("/metrics", "get", of: monitor).status == 405)
    #expect(get("/metrics", "HEAD", of: monitor).status == 200)
  }

  @Test func `the landing page escapes what it links to`() {
    let endpoint = Endpoint(metricsPath: "/a\"<b>&", version: "1.0") {
      .readingBacklog(bytesLeft: 0)
    }
    let page = endpoint.respond(to: HTTPRequest(method: "GET", target: "/", headers: [:], body: []))
    #expect(text(page).contains(#"<a href="/a&quot;&lt;b&gt;&amp;">"#))
    #expect(text(page).contains("version 1.0"))
  }

  @Test func `a thread follows the log until it is stopped`() throws {
    try append([.attempt(.make())])
    var configuration = Monitor.Configuration()
    configuration.pollInterval = .seconds(3600)
    let passed = try WakePipe()
    configuration.now = {
      passed.wake()
      return Record.make(.writerStop).time
    }
    let monitor = try Monitor(paths: [path], configuration: configuration)
    try monitor.start()
    passed.wait(atMost: .seconds(20))
    try append([.attempt(.make())], from: 2)
    monitor.lookNow()
    while !text(get("/metrics", of: monitor)).contains(#"attempt_kind="initial"} 2"#) {
      passed.wait(atMost: .seconds(20))
    }
    monitor.stop()
    monitor.stop()
  }

  @Test(arguments: [false, true])
  func `a log that is not there yet is awaited`(isDirectory: Bool) throws {
    let diagnoses = Locked<[String]>([])
    let awaited = isDirectory ? directory.path : path
    let monitor = try monitor(awaited, diagnoses: diagnoses)
    #expect(
      diagnoses.withLock { $0 } == ["there is no log at \"\(awaited)\" yet: waiting for it"])
    #expect(!monitor.pass())
    #expect(text(get("/metrics", of: monitor)).contains("\nrelmon_log_bytes_read_total 0\n"))
    try append([.attempt(.make())])
    #expect(!monitor.pass())
    let page = text(get("/metrics", of: monitor))
    #expect(page.contains("\nrelmon_log_records_total{kind=\"attempt\"} 1\n"))
    #expect(diagnoses.withLock { $0.count } == 1)
  }

  @Test func `a log in a directory that is not there is told at once`() {
    for missing in ["no/attempts.jsonl", "attempts", "attempts.jsonl/"] {
      #expect(throws: MonitorError.self, "\(missing)") { try monitor(directory.file(missing)) }
    }
  }
}

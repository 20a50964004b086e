import AttemptLog
import HTTPServer
import Reliability
import TestSupport
import Testing

@testable import Monitor

struct AlertAnnouncerTests {
  private let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
  }

  private static func at(_ minute: Int64) -> Timestamp {
    Timestamp(microseconds: (1_800_000_000 + 60 * minute) * Timestamp.microsecondsPerSecond)
  }

  private static let streak = Alert(
    labels: [.init("severity", "warning"), .init("alertname", "Streak")], summary: "3 \"in\" a row")
  private static let quota = Alert(labels: [.init("alertname", "Quota")], summary: "none left")

  /// Answers every request with a status and keeps the bodies.
  private final class Receiver: Sendable {
    let bodies = Locked<[String]>([])
    let server: HTTPServer

    init(status: Int = 200) throws {
      let bodies = bodies
      var configuration = HTTPServer.Configuration()
      configuration.limits.bodyBytesMax = 1 << 20
      server = try HTTPServer(
        listeningOn: [.loopback(port: 0)], configuration: configuration
      ) { request in
        bodies.withLock {
          $0.append(
            "\(request.method) \(request.rawTarget) "
              + String(decoding: request.body, as: UTF8.self))
        }
        return HTTPResponse(status: status, body: Array("so\u{1B}rry\nmore".utf8))
      }
      try server.start()
    }

    func url() throws -> WebhookURL { try WebhookURL("http://\(server.addresses[0])") }
  }

  private func announcer(_ url: WebhookURL) throws -> AlertAnnouncer {
    try AlertAnnouncer(url: url, statePath: directory.file("alerts")) { Issue.record("\($0)") }
  }

  private func announce(_ alerts: [Alert], _ minute: Int64, to url: WebhookURL) throws {
    var announcer = try announcer(url)
    try announcer.announce(alerts, at: Self.at(minute))
  }

  @Test func `an alert keeps its beginning over runs, and its end is told for five minutes`() throws
  {
    let receiver = try Receiver()
    let url = try receiver.url()
    try announce([], 0, to: url)
    try announce([Self.streak], 1, to: url)
    try announce([Self.quota, Self.streak], 2, to: url)
    try announce([Self.quota], 3, to: url)
    try announce([Self.quota], 8, to: url)
    try announce([Self.quota], 9, to: url)
    let labels =
      #"{"labels":{"alertname":"Streak","severity":"warning"},"annotations":{"summary":"3 \"in\" a row"}"#
    let quota = #"{"labels":{"alertname":"Quota"},"annotations":{"summary":"none left"}"#
    func times(_ from: Int64, _ to: Int64) -> String {
      ",\"startsAt\":\"\(Self.at(from).rfc3339())\",\"endsAt\":\"\(Self.at(to).rfc3339())\"}"
    }
    let day: Int64 = 1440
    let post = "POST /api/v2/alerts ["
    #expect(
      receiver.bodies.withLock { $0 } == [
        post + "]\n",
        post + labels + times(1, 1 + day) + "]\n",
        post + quota + times(2, 2 + day) + ",\n" + labels + times(1, 2 + day) + "]\n",
        post + quota + times(2, 3 + day) + ",\n" + labels + times(1, 3) + "]\n",
        post + quota + times(2, 8 + day) + ",\n" + labels + times(1, 3) + "]\n",
        post + quota + times(2, 9 + day) + "]\n",
      ])
  }

  @Test func `an alert that comes again begins again`() throws {
    let receiver = try Receiver()
    let url = try receiver.url()
    try announce([Self.quota], 1, to: url)
    try announce([], 2, to: url)
    try announce([Self.quota], 3, to: url)
    let last = receiver.bodies.withLock { $0.last } ?? ""
    #expect(last.contains("\"startsAt\":\"\(Self.at(3).rfc3339())\""))
    #expect(last.split(separator: "startsAt").count == 2, "\(last)")
  }

  @Test func `what could not be sent is news again`() throws {
    let refusing = try Receiver(status: 500)
    let url = try refusing.url()
    #expect {
      try announce([Self.quota], 1, to: url)
    } throws: {
      "\($0)" == "\(url) refused the alerts with status 500: so\u{1B}rry"
    }
    let receiver = try Receiver()
    try announce([Self.quota], 2, to: try receiver.url())
    #expect(
      receiver.bodies.withLock { $0 }.first?.contains("\"startsAt\":\"\(Self.at(2).rfc3339())\"")
        == true)
  }

  @Test func `nobody there, and nobody who answers`() throws {
    let stopped = try Receiver()
    let url = try stopped.url()
    stopped.server.stop()
    #expect {
      try announce([Self.quota], 1, to: url)
    } throws: {
      "\($0)" == "cannot post to \(url): connection refused (connect, errno 111)"
    }
    // The kernel takes the connection, but nobody reads from it.
    let silent = try HTTPServer(listeningOn: [.loopback(port: 0)]) { _ in
      HTTPResponse(status: 200)
    }
    let there = try WebhookURL("http://\(silent.addresses[0])")
    #expect(throws: HTTPPostError.timedOut(there, .milliseconds(50))) {
      try HTTPPost(url: there, body: [], timeout: .milliseconds(50)).send()
    }
    silent.stop()
  }

  @Test func `a state of something else is not taken for one of alerts`() throws {
    var coder = StateCoder()
    var other = "another"
    coder.code(&other)
    try StateFile(path: directory.file("alerts")).save(coder.bytes)
    var told: [String] = []
    _ = try AlertAnnouncer(
      url: WebhookURL("http://127.0.0.1:1"), statePath: directory.file("alerts")
    ) { told.append($0) }
    #expect(told.count == 1)
    #expect(told.first?.contains("cannot be used") == true)
  }

  // MARK: - Addresses

  @Test(arguments: [
    ("http://127.0.0.1:9093", "http://127.0.0.1:9093/api/v2/alerts"),
    ("HTTP://alert", "http://alert/api/v2/alerts"),
    ("http://[::1]:9093/", "http://[::1]:9093/api/v2/alerts"),
    ("http://[::1]", "http://[::1]/api/v2/alerts"),
    ("http://a:1/alertmanager/", "http://a:1/alertmanager/api/v2/alerts"),
    ("http://a:1/x/api/v2/alerts", "http://a:1/x/api/v2/alerts"),
  ])
  func `an address is that of the API`(text: String, url: String) throws {
    #expect(try WebhookURL(text).description == url)
  }

  @Test(arguments: [
    ("https://a", WebhookURLError.tls), ("ftp://a", .notHTTP), ("a:9093", .notHTTP),
    ("http://", .malformed), ("http://:9093", .malformed), ("http://a:", .malformed),
    ("http://a:0", .malformed), ("http://a:65536", .malformed), ("http://a:+1", .malformed),
    ("http://::1:9093", .malformed), ("http://[::1", .malformed), ("http://[::1]x", .malformed),
    ("http://user@a", .malformed), ("http://a/?q", .malformed), ("http://a/b c", .malformed),
    ("http://a/\r\nX: y", .malformed),
  ])
  func `what is no such address is refused`(text: String, error: WebhookURLError) {
    #expect(throws: error) { try WebhookURL(text) }
  }

  // MARK: - Answers

  @Test(arguments: [
    ("HTTP/1.1 200 OK\r\n\r\n", 200), ("HTTP/1.1 200\r\nA: b\r\n\r\n", 200),
    ("HTTP/1.0 404 x\n\n", 404),
    ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\n\r\n", 204),
    ("HTTP/1.1 200 OK\r\nA: b\r\n", nil), ("HTTP/2 200 OK\r\n\r\n", nil),
    ("HTTP/1.1 099 OK\r\n\r\n", nil), ("HTTP/1.1 2000 OK\r\n\r\n", nil), ("", nil),
    ("HTTP/1.1 100 Continue\r\n\r\n", nil), ("SSH-2.0-OpenSSH_9.2\r\n\r\n", nil),
  ])
  func `the status of an answer`(text: String, status: Int?) {
    #expect(HTTPAnswer(Array(text.utf8))?.status == status)
  }
}

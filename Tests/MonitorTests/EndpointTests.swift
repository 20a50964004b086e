import AttemptLog
import Exposition
import Glibc
import HTTPServer
import Reliability
import TestSupport
import Testing

@testable import Monitor

struct EndpointTests {
  private let counters = ServerCounters()
  private let state: Locked<Monitor.State>
  private let endpoint: Endpoint

  init() {
    state = Locked(.ready(Self.page()))
    var process = ServingMetrics.Process()
    process.openDescriptors = 7
    endpoint = Endpoint(counters: counters, process: { [process] in process }) { [state] in
      state.withLock { $0 }
    }
  }

  private static func page(attempts: Int = 1) -> MetricsPage {
    var aggregate = Aggregate(LifetimeCounts())
    let log = (0..<attempts).reduce(LogText()) { $0.attempt("10:00:00", "\($1)") }
    aggregate.read([log])
    return MetricsPage(
      aggregate: aggregate, now: Timestamp(microseconds: 0), missing: 0, bytesRead: 1,
      unreadBytes: 0, version: "1")
  }

  private func get(_ headers: HTTPHeaders = [:]) -> HTTPResponse {
    endpoint.respond(to: HTTPRequest(method: "GET", target: "/metrics", headers: headers))
  }

  private func text(_ response: HTTPResponse) -> String {
    String(decoding: response.body, as: UTF8.self)
  }

  /// What the page says of the log: all but the metrics of the endpoint itself.
  private func beginning(_ response: HTTPResponse) -> String {
    text(response).prefix(before: "relmon_scrapes")
  }

  @Test func `a scrape gets the format that it asks for`() {
    let openMetrics = get(["Accept": "application/openmetrics-text"])
    #expect(openMetrics.headers["Content-Type"] == ExpositionFormat.openMetrics.contentType)
    #expect(text(openMetrics).hasSuffix("\n# EOF\n"))
    let plain = get()
    #expect(plain.headers["Content-Type"] == ExpositionFormat.prometheus.contentType)
    #expect(!text(plain).contains("EOF"))
    #expect(text(openMetrics).hasPrefix("# TYPE api_client_attempts counter\n"))
    #expect(text(plain).contains("\n# TYPE api_client_attempts_total counter\n"))
    for response in [openMetrics, plain] {
      #expect(response.headers["Vary"] == "Accept, Accept-Encoding")
      #expect(response.headers["Cache-Control"] == "no-store")
      #expect(response.headers["X-Content-Type-Options"] == "nosniff")
      #expect(response.headers["Content-Encoding"] == nil)
    }
  }

  @Test func `a compressed page holds the same`() throws {
    for accept in ["application/openmetrics-text", "text/plain"] {
      let plain = get(["Accept": accept])
      let compressed = get(["Accept": accept, "Accept-Encoding": "gzip"])
      #expect(compressed.headers["Content-Encoding"] == "gzip")
      #expect(compressed.headers["Content-Type"] == plain.headers["Content-Type"])
      #expect(compressed.body.count < plain.body.count / 4)
      let inflated = try #require(Gzip.inflated(compressed.body, atMost: 1 << 20))
      // One scrape later, so the count of scrapes differs.
      #expect(
        String(decoding: inflated, as: UTF8.self).prefix(before: "relmon_scrapes")
          == beginning(plain))
      #expect(inflated.count == plain.body.count)
    }
  }

  @Test func `two scrapes of one state have equal bytes but for the endpoint's own metrics`() {
    let first = get()
    #expect(beginning(first) == beginning(get()))
    #expect(text(first).contains("\nrelmon_scrapes_total{code=\"200\"} 0\n"))
    #expect(text(get()).contains("\nrelmon_scrapes_total{code=\"200\"} 2\n"))
  }

  @Test func `a new state is a new page, in every format`() {
    let requests: [HTTPHeaders] = [[:], ["Accept": "application/openmetrics-text"]]
    for headers in requests {
      state.withLock { $0 = .ready(Self.page()) }
      #expect(text(get(headers)).contains(#"attempt_kind="initial"} 1"#))
      state.withLock { $0 = .ready(Self.page(attempts: 2)) }
      #expect(text(get(headers)).contains(#"attempt_kind="initial"} 2"#))
      let compressed = get(["Accept-Encoding": "gzip"]).body
      let inflated = Gzip.inflated(compressed, atMost: 1 << 20) ?? []
      #expect(String(decoding: inflated, as: UTF8.self).contains(#"attempt_kind="initial"} 2"#))
    }
  }

  @Test func `the endpoint tells of itself`() {
    state.withLock { $0 = .readingBacklog(bytesLeft: 5) }
    #expect(get().status == 503)
    #expect(get().headers["Vary"] == "Accept, Accept-Encoding")
    state.withLock { $0 = .ready(Self.page()) }
    let page = text(get())
    #expect(page.contains("\nrelmon_scrapes_total{code=\"503\"} 2\n"))
    #expect(page.contains("\nprocess_open_fds 7\n"))
    for reason in ServerCounters.Shed.allCases.map(\.rawValue) {
      #expect(page.contains("\nrelmon_http_connections_shed_total{reason=\"\(reason)\"} 0\n"))
    }
    for reason in ServerCounters.Rejection.allCases.map(\.rawValue) {
      #expect(page.contains("\nrelmon_http_requests_rejected_total{reason=\"\(reason)\"} 0\n"))
    }
  }

  @Test func `the time that a scrape has is that of its answer`() {
    #expect(get(["X-Prometheus-Scrape-Timeout-Seconds": "5"]).timeLimit == .seconds(4.5))
    #expect(get(["X-Prometheus-Scrape-Timeout-Seconds": "nan"]).timeLimit == nil)
  }

  @Test(arguments: [("OPTIONS", "*"), ("CONNECT", "localhost:1"), ("TRACE", "/metrics")])
  func `other methods are not allowed and not echoed`(method: String, target: String) {
    let refusal = endpoint.respond(
      to: HTTPRequest(method: method, target: target, headers: ["X-Secret": "s3cret"]))
    #expect(refusal.status == 405)
    #expect(refusal.headers["Allow"] == "GET, HEAD")
    #expect(!text(refusal).contains("s3cret"))
  }

  @Test func `a served page counts its connection, and only the metrics path is limited`() throws {
    let server = try endpoint.server(listeningOn: [.loopback(port: 0)])
    try server.start()
    let client = try TCPClient(port: try #require(server.addresses.first).port)
    try client.send("HEAD /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
    let head = client.readAnswer(toHead: true)
    try client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    let page = client.readToEnd().text
    #expect(page.contains("\nrelmon_http_connections 1\n"))
    #expect(page.contains("\nrelmon_http_connections_accepted_total 1\n"))
    // HEAD has the headers that GET has.
    let close = "Connection: close\r\n"
    #expect(page.prefix(before: close) + "\r\n" == head)
  }

  @Test func `the kernel is asked about this process`() throws {
    let process = ServingMetrics.Process.current()
    let resident = try #require(process.residentBytes)
    #expect((1 << 20..<1 << 34).contains(resident))
    #expect(try #require(process.virtualBytes) > resident)
    #expect(try #require(process.cpuSeconds) > 0)
    let started = try #require(process.startSeconds)
    let now = Double(Glibc.time(nil))
    #expect((now - 36_000...now + 2).contains(started))
    let open = try #require(process.openDescriptors)
    #expect((3..<4096).contains(open))
    #expect(try #require(process.maxDescriptors) >= open)
  }
}

extension String {
  /// What precedes the first place of a text; all of it if it is not there.
  fileprivate func prefix(before text: String) -> String {
    let pattern = Array(text.utf8)
    let bytes = Array(utf8)
    let place = bytes.indices.first { bytes[$0...].starts(with: pattern) } ?? bytes.count
    return String(decoding: bytes[..<place], as: UTF8.self)
  }
}

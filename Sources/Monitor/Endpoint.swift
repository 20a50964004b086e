public import AttemptLog
import Exposition
public import HTTPServer
import Synchronization

/// The paths of the monitor's HTTP endpoint.
public struct Endpoint: Sendable {
  public static let defaultMetricsPath = "/metrics"

  private let metricsPath: String
  private let version: String
  private let counters: ServerCounters
  private let process: @Sendable () -> ServingMetrics.Process
  private let state: @Sendable () -> Monitor.State
  private let cache = PageCache()
  private let scrapes = ScrapeCounts()

  /// - Parameters:
  ///   - metricsPath: where Prometheus scrapes; begins with a slash.
  ///   - counters: those of the server that asks, for its own metrics.
  public init(
    metricsPath: String = defaultMetricsPath, version: String = relmonVersion,
    counters: ServerCounters = ServerCounters(), state: @escaping @Sendable () -> Monitor.State
  ) {
    self.init(
      metricsPath: metricsPath, version: version, counters: counters, process: { .current() },
      state: state)
  }

  init(
    metricsPath: String = defaultMetricsPath, version: String = relmonVersion,
    counters: ServerCounters, process: @escaping @Sendable () -> ServingMetrics.Process,
    state: @escaping @Sendable () -> Monitor.State
  ) {
    precondition(metricsPath.hasPrefix("/"), "a path begins with a slash, got \(metricsPath)")
    self.metricsPath = metricsPath
    self.version = version
    self.counters = counters
    self.process = process
    self.state = state
  }

  /// A server of this endpoint, which listens; whoever holds it starts and stops it.
  public func server(listeningOn addresses: [ListenAddress]) throws(ListenError) -> HTTPServer {
    var configuration = HTTPServer.Configuration()
    configuration.limitedPath = metricsPath
    return try HTTPServer(
      listeningOn: addresses, configuration: configuration, counters: counters
    ) { respond(to: $0) }
  }

  public func respond(to request: HTTPRequest) -> HTTPResponse {
    let answer: @Sendable (HTTPRequest) -> HTTPResponse
    switch request.path {
    case metricsPath: answer = metrics
    case "/": answer = { _ in landingPage() }
    case "/-/healthy": answer = { _ in Self.plain(200, "relmon is healthy.\n") }
    case "/-/ready": answer = { _ in ready() }
    // The targets of OPTIONS and CONNECT name no path that could be missing.
    case let path where !path.hasPrefix("/"): return Self.notAllowed()
    default: return Self.plain(404, "Not found.\n")
    }
    guard request.method == "GET" || request.method == "HEAD" else { return Self.notAllowed() }
    return answer(request)
  }

  private static func notAllowed() -> HTTPResponse {
    var refusal = plain(405, "Only GET and HEAD are allowed.\n")
    refusal.headers.append("Allow", "GET, HEAD")
    return refusal
  }

  private func metrics(_ request: HTTPRequest) -> HTTPResponse {
    let wanted = Negotiation(request.headers)
    var response: HTTPResponse
    switch state() {
    case .readingBacklog(let bytesLeft):
      scrapes.unavailable.add(1, ordering: .relaxed)
      response = Self.unavailable(bytesLeft)
    case .ready(let page):
      response = self.page(page, wanted)
      scrapes.answered.add(1, ordering: .relaxed)
    }
    // A cache must know what the answer was chosen by (RFC 9110 §12.5.5).
    response.headers.append("Vary", "Accept, Accept-Encoding")
    response.timeLimit = wanted.timeLimit
    return response
  }

  private func page(_ page: MetricsPage, _ wanted: Negotiation) -> HTTPResponse {
    let ending = ownMetrics().ending(as: wanted.format)
    if wanted.usesGzip, let beginning = cache.deflated(of: page, as: wanted.format),
      let end = GzipBlock(ending)
    {
      var response = Self.page(
        200, wanted.format.contentType, GzipBlock.member([beginning, end]))
      response.headers.append("Content-Encoding", "gzip")
      return response
    }
    let text = cache.text(of: page, as: wanted.format) + ending
    return Self.page(200, wanted.format.contentType, text)
  }

  private func ownMetrics() -> ServingMetrics {
    var own = ServingMetrics()
    own.scrapes = [
      ("200", scrapes.answered.load(ordering: .relaxed)),
      ("503", scrapes.unavailable.load(ordering: .relaxed)),
    ]
    own.openConnections = counters.openConnections
    own.acceptedConnections = counters.acceptedConnections
    own.shedConnections = ServerCounters.Shed.allCases.map { ($0.rawValue, counters[$0]) }
    own.rejectedRequests = ServerCounters.Rejection.allCases.map { ($0.rawValue, counters[$0]) }
    own.process = process()
    return own
  }

  private func ready() -> HTTPResponse {
    switch state() {
    case .readingBacklog(let bytesLeft): Self.unavailable(bytesLeft)
    case .ready: Self.plain(200, "relmon is ready.\n")
    }
  }

  /// Until everything is counted, a scrape would see counters below what was exposed before.
  private static func unavailable(_ bytesLeft: Int64) -> HTTPResponse {
    var response = plain(503, "Reading the log: \(bytesLeft) bytes left.\n")
    response.headers.append("Retry-After", "1")
    return response
  }

  private func landingPage() -> HTTPResponse {
    let text = """
      <!DOCTYPE html>
      <html lang="en">
      <head><meta charset="utf-8"><title>relmon</title></head>
      <body>
      <h1>relmon</h1>
      <p>Reliability monitor for API clients, version \(version)</p>
      <ul>
      <li><a href="\(Self.escaped(metricsPath))">Metrics</a></li>
      <li><a href="/-/healthy">Healthy</a></li>
      <li><a href="/-/ready">Ready</a></li>
      </ul>
      </body>
      </html>

      """
    return Self.page(200, "text/html; charset=utf-8", Array(text.utf8))
  }

  private static func escaped(_ text: String) -> String {
    text.map { character in
      switch character {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      case "\"": "&quot;"
      default: String(character)
      }
    }.joined()
  }

  private static func plain(_ status: Int, _ text: String) -> HTTPResponse {
    page(status, "text/plain; charset=utf-8", Array(text.utf8))
  }

  private static func page(_ status: Int, _ type: String, _ body: [UInt8]) -> HTTPResponse {
    HTTPResponse(
      status: status,
      headers: [
        "Content-Type": type, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
      ], body: body)
  }
}

private final class ScrapeCounts: Sendable {
  let answered = Atomic(0)
  /// While the backlog was read.
  let unavailable = Atomic(0)
}

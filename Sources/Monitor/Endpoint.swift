public import HTTPServer
public import AttemptLog
import Exposition

/// The paths of the monitor's HTTP endpoint.
public struct Endpoint: Sendable {
  public static let defaultMetricsPath = "/metrics"

  private let metricsPath: String
  private let version: String
  private let state: @Sendable () -> Monitor.State

  /// - Parameter metricsPath: where Prometheus scrapes; begins with a slash.
  public init(
    metricsPath: String = defaultMetricsPath, version: String = relmonVersion,
    state: @escaping @Sendable () -> Monitor.State
  ) {
    precondition(metricsPath.hasPrefix("/"), "a path begins with a slash, got \(metricsPath)")
    self.metricsPath = metricsPath
    self.version = version
    self.state = state
  }

  public func respond(to request: HTTPRequest) -> HTTPResponse {
    let answer: @Sendable () -> HTTPResponse
    switch request.path {
    case metricsPath: answer = metrics
    case "/": answer = landingPage
    case "/-/healthy": answer = { Self.plain(200, "relmon is healthy.\n") }
    case "/-/ready": answer = ready
    default: return Self.plain(404, "Not found.\n")
    }
    guard request.method == "GET" || request.method == "HEAD" else {
      var refusal = Self.plain(405, "Only GET and HEAD are allowed.\n")
      refusal.headers.append("Allow", "GET, HEAD")
      return refusal
    }
    return answer()
  }

  private func metrics() -> HTTPResponse {
    switch state() {
    case .readingBacklog(let bytesLeft): Self.unavailable(bytesLeft)
    case .ready(let page): Self.page(200, MetricsPage.textContentType, page.text())
    }
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

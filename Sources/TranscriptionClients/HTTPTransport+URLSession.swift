import AttemptLog
import Foundation
import Retry

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// What to do where an environment variable such as `https_proxy` names a proxy.
public enum EnvironmentProxy: Sendable {
  /// Send nothing: the key would go to the proxy's host.
  case refused
  case used
}

extension HTTPTransport {
  /// Sends by a URLSession of its own: no cookies, no cache, no credentials kept.
  ///
  /// `idleTimeout` runs while nothing arrives; a limit on the whole is the request's or the policy's. The
  /// body of an answer is given up beyond `bodyBytesMax`. Beyond 64 requests to a host at once the rest
  /// wait, which a `ConcurrencyGate` keeps out of their latencies.
  public static func urlSession(
    idleTimeout: Duration = .seconds(60), bodyBytesMax: Int = TransportResponse.bodyBytesMax,
    environmentProxy: EnvironmentProxy = .refused
  ) -> HTTPTransport {
    precondition(bodyBytesMax >= 0, "a limit is not negative; got \(bodyBytesMax)")
    let configuration = URLSessionConfiguration.ephemeral
    configuration.httpCookieStorage = nil
    configuration.httpShouldSetCookies = false
    configuration.urlCache = nil
    configuration.urlCredentialStorage = nil
    // Of six, its default, the seventh would wait within its own attempt.
    configuration.httpMaximumConnectionsPerHost = connectionsPerHostMax
    configuration.timeoutIntervalForRequest = idleTimeout / .seconds(1)
    let owner = SessionOwner(configuration, bodyBytesMax: bodyBytesMax)
    return HTTPTransport { request in
      let limit = request.timeLimit
      let request = try urlRequest(
        request, timeout: idleTimeout / .seconds(1), environmentProxy: environmentProxy)
      return try await owner.exchanges.send(request, within: limit, in: owner.session)
    }
  }

  private static let connectionsPerHostMax = 64

  private static func urlRequest(
    _ request: TransportRequest, timeout: TimeInterval, environmentProxy: EnvironmentProxy
  ) throws -> URLRequest {
    guard let url = URL(string: request.url), let scheme = url.scheme?.lowercased(),
      let host = url.host, scheme == "https" || scheme == "http"
    else {
      throw TransportFailure.refused(type: "InvalidURL", message: "not an HTTP URL")
    }
    let proxy = ProxyEnvironment.variable(
      scheme: scheme, host: host, environment: ProcessInfo.processInfo.environment)
    if let proxy, environmentProxy == .refused {
      throw TransportFailure.refused(
        type: "ProxyRefused",
        message: "\(proxy) is set and would receive the key; allow it or add the host to no_proxy")
    }
    var urlRequest = URLRequest(url: url, timeoutInterval: timeout)
    urlRequest.httpMethod = request.method
    urlRequest.httpBody = request.body.map { Data($0) }
    for (name, value) in request.headers {
      urlRequest.setValue(value, forHTTPHeaderField: name)
    }
    return urlRequest
  }
}

/// Ends the session with the last copy of its transport.
private final class SessionOwner: Sendable {
  let exchanges: SessionExchanges
  let session: URLSession

  init(_ configuration: URLSessionConfiguration, bodyBytesMax: Int) {
    exchanges = SessionExchanges(bodyBytesMax: bodyBytesMax)
    session = URLSession(
      configuration: configuration, delegate: exchanges, delegateQueue: BoundedDelegateQueue())
  }

  deinit {
    session.finishTasksAndInvalidate()
  }
}

/// Names for the codes of URLError, whose own texts hold the whole URL.
enum URLErrorFacts {
  /// Code, name, whether nothing can have been sent, text.
  private static let table: [(code: URLError.Code, name: String, unsent: Bool, text: String)] = [
    (.timedOut, "timedOut", false, "no answer in time"),
    (.cannotFindHost, "cannotFindHost", true, "host not found"),
    (.dnsLookupFailed, "dnsLookupFailed", true, "host not found"),
    (.cannotConnectToHost, "cannotConnectToHost", true, "cannot connect"),
    (.notConnectedToInternet, "notConnectedToInternet", true, "no network"),
    (.networkConnectionLost, "networkConnectionLost", false, "connection lost"),
    (.badServerResponse, "badServerResponse", false, "answer is not HTTP"),
    (.secureConnectionFailed, "secureConnectionFailed", false, "TLS failed"),
    (.serverCertificateUntrusted, "serverCertificateUntrusted", false, "certificate untrusted"),
    (.cancelled, "cancelled", false, "cancelled by the session"),
  ]

  static func failure(_ code: URLError.Code) -> TransportFailure {
    guard let row = table.first(where: { $0.code == code }) else {
      return TransportFailure(type: "URLError.\(code.rawValue)")
    }
    return TransportFailure(
      type: "URLError.\(row.name)", timedOut: code == .timedOut,
      requestSent: row.unsent ? .no : .unknown, message: row.text)
  }
}

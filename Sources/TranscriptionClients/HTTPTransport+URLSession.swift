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
  /// `idleTimeout` runs while nothing arrives; a limit on the whole is the policy's deadline.
  public static func urlSession(
    idleTimeout: Duration = .seconds(60), environmentProxy: EnvironmentProxy = .refused
  ) -> HTTPTransport {
    let configuration = URLSessionConfiguration.ephemeral
    configuration.httpCookieStorage = nil
    configuration.httpShouldSetCookies = false
    configuration.urlCache = nil
    configuration.urlCredentialStorage = nil
    configuration.timeoutIntervalForRequest = idleTimeout / .seconds(1)
    let owner = SessionOwner(configuration)
    return HTTPTransport { request in
      let request = try urlRequest(
        request, timeout: idleTimeout / .seconds(1), environmentProxy: environmentProxy)
      do {
        let (data, response) = try await owner.session.data(for: request)
        guard let response = response as? HTTPURLResponse else {
          throw TransportFailure(type: "URLError.badServerResponse", message: "no HTTP response")
        }
        return TransportResponse(
          status: response.statusCode,
          headers: response.allHeaderFields.map { ("\($0.key)", "\($0.value)") },
          body: Array(data))
      } catch let error as URLError {
        if error.code == .cancelled, Task.isCancelled { throw CancellationError() }
        throw URLErrorFacts.failure(error.code)
      }
    }
  }

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
  let session: URLSession

  init(_ configuration: URLSessionConfiguration) {
    session = URLSession(
      configuration: configuration, delegate: RedirectRefusal(), delegateQueue: nil)
  }

  deinit {
    session.finishTasksAndInvalidate()
  }
}

/// A redirect is an answer; following it would hand the key to another host.
private final class RedirectRefusal: NSObject, URLSessionTaskDelegate {
  func urlSession(
    _ session: URLSession, task: URLSessionTask,
    willPerformHTTPRedirection response: HTTPURLResponse, newRequest request: URLRequest,
    completionHandler: @escaping @Sendable (URLRequest?) -> Void
  ) {
    completionHandler(nil)
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

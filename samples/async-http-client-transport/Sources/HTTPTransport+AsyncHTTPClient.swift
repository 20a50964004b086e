import AsyncHTTPClient
import NIOCore
import TranscriptionClients

extension HTTPTransport {
  /// Gives `body` a transport on an AsyncHTTPClient of its own, which ends when `body` returns.
  ///
  /// `connectTimeout` includes the TLS handshake and the wait for a connection: the client opens 8
  /// to a host, and a request beyond them waits. `idleTimeout` runs while nothing arrives; a limit
  /// on the whole is the request's or the policy's. The body of an answer is given up beyond `bodyBytesMax`.
  static func withAsyncHTTPClient<Result>(
    connectTimeout: Duration = .seconds(10), idleTimeout: Duration = .seconds(330),
    bodyBytesMax: Int = TransportResponse.bodyBytesMax,
    _ body: (HTTPTransport) async throws -> Result
  ) async throws -> Result {
    precondition(bodyBytesMax >= 0, "a limit is not negative; got \(bodyBytesMax)")
    var configuration = HTTPClient.Configuration()
    // A redirect is an answer; following it would hand the key to another host.
    configuration.redirectConfiguration = .disallow
    // It would receive the key. The client reads no `http_proxy`.
    configuration.proxy = nil
    configuration.timeout = HTTPClient.Configuration.Timeout(
      connect: TimeAmount(connectTimeout), read: TimeAmount(idleTimeout))
    // The wrapper retries, and records it.
    configuration.connectionPool.retryConnectionEstablishment = false
    return try await HTTPClient.withHTTPClient(configuration: configuration) { client in
      try await body(
        HTTPTransport { request in
          do {
            return try await client.response(to: request, bodyBytesMax: bodyBytesMax)
          } catch {
            if Task.isCancelled { throw CancellationError() }
            throw TransportFailure(ofAsyncHTTPClient: error)
          }
        })
    }
  }
}

extension HTTPClient {
  fileprivate func response(
    to request: TransportRequest, bodyBytesMax: Int
  ) async throws -> TransportResponse {
    // The client also takes schemes for local sockets.
    let scheme = request.url.prefix { $0 != ":" }.lowercased()
    guard scheme == "https" || scheme == "http" else { throw HTTPClientError.invalidURL }
    var outgoing = HTTPClientRequest(url: request.url)
    outgoing.method = .init(rawValue: request.method)
    for (name, value) in request.headers { outgoing.headers.add(name: name, value: value) }
    outgoing.body = request.body.map { .bytes($0) }
    let response = try await execute(
      outgoing,
      deadline: request.timeLimit.map { NIODeadline.now() + TimeAmount($0) } ?? .distantFuture)

    var body: [UInt8] = []
    var isCut = false
    for try await chunk in response.body {
      isCut = chunk.readableBytes > bodyBytesMax - body.count
      // Whoever stops reading makes the client close the connection.
      if isCut { break }
      body.append(contentsOf: chunk.readableBytesView)
    }
    return TransportResponse(
      status: Int(response.status.code),
      headers: response.headers.map { (name: $0.name, value: $0.value) },
      body: isCut ? [] : body, bodyIsCut: isCut)
  }
}

import AttemptLog
import Foundation
import Retry

/// An attempt that the provider answered with an error, or not at all.
struct ProviderFailure: AttemptError {
  var attemptFacts: AttemptFacts
  /// The body, if it was JSON.
  var json: JSONValue?
}

/// The texts are as the provider sent them, and may quote the key, until `run` throws the error on:
/// no text made of it shows them.
extension ProviderFailure: CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable
{
  var description: String {
    "ProviderFailure(\(attemptFacts.httpStatus.map(String.init) ?? "no status"))"
  }
  var debugDescription: String { description }
  var customMirror: Mirror { Mirror(self, children: []) }
}

/// What a request sends.
enum RequestBody: Sendable {
  case json([String: JSONValue])
  case bytes([UInt8])
}

/// One provider's requests: keys, error bodies and limits in; answers and facts out.
struct ProviderConnection: Sendable {
  let provider: String
  let configuration: ClientConfiguration
  /// The provider's own rules.
  let errors: ErrorTable
  /// What stands before the key in `Authorization`.
  let authorizationPrefix: String
  let jobs: JobRoute

  func operation(_ name: String, parent: Attempt? = nil, isBillable: Bool = false)
    -> LoggedOperation
  {
    LoggedOperation(
      provider: provider, account: configuration.account, name: name,
      parentID: parent?.operationID, isBillable: isBillable)
  }

  /// Keeps the key out of everything; what else is secret is for `Attempt.hide`.
  var redaction: Redaction { Redaction(secrets: [configuration.key.secret]) }

  /// Runs an operation, which is recorded and thrown without secrets.
  func run<Value: Sendable>(
    _ operation: LoggedOperation, _ policy: RetryPolicy, rules: [ErrorRule] = [],
    _ body: @escaping @Sendable (Attempt) async throws -> Value
  ) async throws -> Value {
    let retrier = Retrier(
      policy: policy, errors: configuration.rules + (rules + errors), clock: configuration.clock,
      random: configuration.random, attemptStarts: configuration.attemptStarts,
      budget: configuration.budget,
      gate: operation.name == "transcribe" ? configuration.gate : nil, redaction: redaction,
      record: configuration.record)
    do {
      return try await retrier.run(operation, body)
    } catch var error as OperationError where error.underlying is ProviderFailure {
      // What ended the last attempt told it everything; the retrier has redacted its own copy.
      error.underlying = ProviderFailure(attemptFacts: error.facts)
      throw error
    }
  }

  /// Sends one request; throws unless the answer is a 2xx with JSON in it.
  func send(
    _ method: String, _ path: String, body: RequestBody? = nil, within limit: Duration? = nil,
    in attempt: Attempt
  ) async throws -> (json: JSONValue, bytes: [UInt8]) {
    var request = try request(method, path, body)
    request.timeLimit = limit
    attempt.note { $0.requestSent = .unknown }
    let response: TransportResponse
    do {
      response = try await configuration.transport.send(request)
    } catch let error as CancellationError {
      throw error
    } catch {
      let facts =
        (error as? any AttemptError)?.attemptFacts
        ?? AttemptFacts(layer: .transport, type: String(describing: type(of: error)))
      throw ProviderFailure(attemptFacts: facts)
    }
    let json = response.bodyIsCut ? nil : JSONValue(bytes: response.body)
    var facts = AttemptFacts(httpStatus: response.status, layer: .http)
    facts.requestSent = .yes
    facts.requestID = response.header("X-Request-ID")
    facts.quota = Self.rateLimit(response)
    let answered = facts
    attempt.note { $0.merge(answered) }
    guard (200...299).contains(response.status) else {
      facts.readError(in: json)
      if let delay = ServerDelay(response, body: json, now: configuration.wallTime()) {
        facts.retryAfter = delay.duration
        facts.retryAfterSource = delay.source
      }
      throw ProviderFailure(attemptFacts: facts, json: json)
    }
    if response.bodyIsCut { throw ProviderFailure(attemptFacts: facts.bodyTooLarge) }
    guard let json else { throw ProviderFailure(attemptFacts: facts) }
    return (json, response.body)
  }

  /// A 2xx whose body is not what the provider promises.
  static func malformed() -> ProviderFailure {
    ProviderFailure(attemptFacts: AttemptFacts(layer: .http))
  }

  private func request(
    _ method: String, _ path: String, _ body: RequestBody?
  ) throws -> TransportRequest {
    let base =
      configuration.baseURL.hasSuffix("/")
      ? String(configuration.baseURL.dropLast()) : configuration.baseURL
    var request = TransportRequest(
      method: method, url: base + path, headers: [("Accept", "application/json")])
    switch body {
    case nil: break
    case .json(let fields):
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      request.body = Array(try encoder.encode(fields))
      request.headers.append(("Content-Type", "application/json"))
    case .bytes(let bytes):
      request.body = bytes
      request.headers.append(("Content-Type", "application/octet-stream"))
    }
    request.headers.append(("Authorization", authorizationPrefix + configuration.key.secret))
    return request
  }

  private static func rateLimit(_ response: TransportResponse) -> Quota {
    let limit = response.header("X-RateLimit-Limit").flatMap(count)
    let remaining = response.header("X-RateLimit-Remaining").flatMap(count)
    let reset = response.header("X-RateLimit-Reset").flatMap(count).map {
      Timestamp(microseconds: 0).advanced(byMilliseconds: $0 * 1000)
    }
    guard limit != nil || remaining != nil || reset != nil else { return Quota() }
    return Quota(name: "rate", limit: limit, remaining: remaining, reset: reset)
  }

  private static func count(_ text: String) -> Double? {
    guard text.utf8.count <= 15 else { return nil }
    return UInt64(text).map { Double($0) }
  }
}

extension AttemptFacts {
  /// A success that is too large to read.
  ///
  /// It is a `malformed_response`, not a `network` error: the provider has answered, the work may
  /// be done, and the same request would bring the same answer. So not even a poll is repeated.
  var bodyTooLarge: AttemptFacts {
    var facts = self
    facts.type = "BodyTooLarge"
    facts.message = "the answer is larger than the transport's limit"
    facts.verdict = ErrorVerdict(.malformedResponse, retry: .never)
    return facts
  }

  /// Reads `{"error": "text"}` or `{"error": {"type", "code", "message", "param"}}`.
  ///
  /// Codes are compared and logged in lower case: guides of different age differ in it.
  mutating func readError(in json: JSONValue?) {
    guard let error = json?["error"] else { return }
    func text(_ key: String) -> String? {
      error[key]?.string.flatMap { $0.isEmpty ? nil : $0 }
    }
    type = text("type")
    code = text("code")?.lowercased()
    message = error.string ?? text("message")
    parameter = text("param")
  }
}

extension String {
  /// As one segment of a path: a provider's id must not lead to another route.
  var pathSegment: String {
    let allowed = CharacterSet(
      charactersIn: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
    return addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
  }

  /// The query of a URL, which may sign it, as it is sent and as a server reads it.
  var querySecrets: [String] {
    let query = String(drop { $0 != "?" }.dropFirst())
    let read = query.removingPercentEncoding ?? query
    return read == query ? [query] : [query, read]
  }
}

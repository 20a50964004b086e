import AttemptLog
import Foundation
import Retry

/// An attempt that the provider answered with an error, or not at all.
struct ProviderFailure: AttemptError {
  var attemptFacts: AttemptFacts
  /// The body, if it was JSON.
  var json: JSONValue?
}

/// The body is as the provider sent it, and may quote the key: no text made of the error shows it.
extension ProviderFailure: CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable
{
  var description: String { "ProviderFailure(\(attemptFacts.type ?? "no type"))" }
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

  func retrier(_ policy: RetryPolicy, rules: [ErrorRule] = []) -> Retrier {
    Retrier(
      policy: policy, errors: configuration.rules + (rules + errors), clock: configuration.clock,
      random: configuration.random, attemptStarts: configuration.attemptStarts,
      redaction: Redaction(secrets: [configuration.key.secret]), record: configuration.record)
  }

  /// Sends one request; throws unless the answer is a 2xx with JSON in it.
  ///
  /// `secrets` are kept out of everything that is noted or thrown, as the key is.
  func send(
    _ method: String, _ path: String, body: RequestBody? = nil, secrets: [String] = [],
    in attempt: Attempt
  ) async throws -> (json: JSONValue, bytes: [UInt8]) {
    let request = try request(method, path, body)
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
      throw failure(facts, nil, secrets)
    }
    let json = response.bodyIsCut ? nil : JSONValue(bytes: response.body)
    var facts = AttemptFacts(httpStatus: response.status, layer: .http)
    facts.requestSent = .yes
    facts.requestID = response.header("X-Request-ID")
    facts.quota = Self.rateLimit(response)
    redact(&facts, secrets)
    let answered = facts
    attempt.note { $0.merge(answered) }
    guard (200...299).contains(response.status) else {
      facts.readError(in: json)
      if let delay = ServerDelay(response, body: json, now: configuration.wallTime()) {
        facts.retryAfter = delay.duration
        facts.retryAfterSource = delay.source
      }
      throw failure(facts, json, secrets)
    }
    if response.bodyIsCut { throw ProviderFailure(attemptFacts: facts.bodyTooLarge) }
    guard let json else { throw ProviderFailure(attemptFacts: facts) }
    return (json, response.body)
  }

  /// A failed job, or an answer that lacks what it must have.
  func failure(_ facts: AttemptFacts, _ json: JSONValue?, _ secrets: [String]) -> ProviderFailure {
    var facts = facts
    redact(&facts, secrets)
    return ProviderFailure(attemptFacts: facts, json: json)
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

  private func redact(_ facts: inout AttemptFacts, _ secrets: [String]) {
    func text(_ text: String?, max length: Int = 128) -> String? {
      text.map { redacted($0, secrets, max: length) }
    }
    facts.type = text(facts.type)
    facts.code = text(facts.code)
    facts.parameter = text(facts.parameter)
    facts.message = text(facts.message, max: 1000)
    facts.requestID = text(facts.requestID)
  }

  /// Takes the secrets out of a text, and only then cuts it: half a key is a secret too.
  func redacted(_ text: String, _ secrets: [String], max length: Int = 128) -> String {
    let secrets = (secrets + [configuration.key.secret]).filter { !$0.isEmpty }
    let clean = secrets.reduce(text) {
      $0.replacingOccurrences(of: $1, with: APIKey.placeholder)
    }
    return String(clean.prefix(length))
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

  /// The query of a URL, which may sign it.
  var urlQuery: String {
    String(drop { $0 != "?" }.dropFirst())
  }
}

import AttemptLog
import Foundation
import HTTPServer
import ProviderSimulator

@testable import TranscriptionClients

/// The simulator on a socket, repeating a secret that it is sent where a careless service might.
final class QuotingProvider: Sendable {
  enum Name: String, CaseIterable, Sendable {
    case assemblyai, lesan
  }

  /// Where the secret is sent, or repeated.
  enum Place: CaseIterable, Sendable {
    case header
    /// Of the base URL, as of a gateway that takes the key so.
    case urlQuery
    /// Of the audio's URL, which signs it.
    case audioQuery
    case errorBody, redirectTarget, jobError
    /// The connection is reset: the error of the transport knows the URL.
    case lostConnection
  }

  /// One request and its answer as they were on the wire.
  struct Exchange: Sendable {
    let request: HTTPRequest
    let answer: HTTPResponse
    /// What the answer should repeat.
    let quote: String
  }

  let name: Name
  let place: Place
  let server: HTTPServer
  /// Where redirects lead.
  let elsewhere: LoopbackServer
  private let log = Locked([Exchange]())

  var exchanges: [Exchange] { log.withLock { $0 } }

  /// The secret that is looked for; an audio's signature is apart from the key.
  var secret: PlantedSecret { place == .audioQuery ? .signature : .key }

  var baseURL: String {
    let base = "http://\(server.addresses[0])/\(name.rawValue)"
    let sendsQuery = place == .urlQuery || place == .lostConnection
    return sendsQuery ? base + "?api_key=\(PlantedSecret.key.text)&route=" : base
  }

  /// The audio for which the secret is repeated in this form.
  static func audioURL(_ form: PlantedSecret.Form) -> String {
    let signature = PlantedSecret.signature.text
    return "https://example.org/\(form.rawValue).mp3?X-Amz-Expires=60&X-Amz-Signature=\(signature)"
  }

  init(_ name: Name, _ place: Place) throws {
    self.name = name
    self.place = place
    var configuration = ProviderSimulator.Configuration()
    configuration.latency = .zero ... .zero
    configuration.queueing = .zero ... .zero
    configuration.processing = .zero ... .zero
    let failure = name == .lesan ? "model_error" : "unknown_job_error"
    let fault = place == .jobError ? "job:\(failure)" : "401"
    configuration.faults = [try Fault("\(name.rawValue):\(fault)")]
    let simulator = ProviderSimulator(configuration: configuration)
    let elsewhere = try LoopbackServer { _ in "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" }
    self.elsewhere = elsewhere
    let secret = place == .audioQuery ? PlantedSecret.signature : .key
    let (log, port) = (log, elsewhere.port)
    let form = Locked(PlantedSecret.Form.plain)
    server = try HTTPServer(
      listeningOn: [.loopback(port: 0)], configuration: ProviderSimulator.serverConfiguration
    ) { request in
      let quote = secret.quoted(as: Self.form(for: request, latest: form))
      let answer = Self.quoting(
        quote, at: place, redirectingTo: port, simulator.answer(Self.routed(request)))
      log.withLock { $0.append(Exchange(request: request, answer: answer, quote: quote)) }
      return answer
    }
    try server.start()
  }

  deinit {
    server.stop()
  }

  /// A submission names its audio; what follows belongs to the latest.
  private static func form(
    for request: HTTPRequest, latest: Locked<PlantedSecret.Form>
  ) -> PlantedSecret.Form {
    let body = String(decoding: request.body, as: UTF8.self)
    let named = PlantedSecret.Form.allCases.first { body.contains("/\($0.rawValue).mp3?") }
    return latest.withLock { form in
      form = named ?? form
      return form
    }
  }

  /// The path that a base URL with a query leaves in its last parameter.
  private static func routed(_ request: HTTPRequest) -> HTTPRequest {
    guard let route = request.query?.split(separator: "route=").last else { return request }
    return HTTPRequest(
      method: request.method, target: request.path + route, headers: request.headers,
      body: request.body)
  }

  private static func quoting(
    _ quote: String, at place: Place, redirectingTo port: UInt16, _ answer: HTTPResponse
  ) -> HTTPResponse {
    var answer = answer
    switch place {
    case .header:
      for name in ["X-Request-ID", "Retry-After", "X-RateLimit-Limit", "WWW-Authenticate"] {
        answer.headers.append(name, quote)
      }
    case .redirectTarget:
      let target = "http://127.0.0.1:\(port)/\(quote)?key=\(quote)"
      answer = HTTPResponse(status: 302, headers: ["Location": target])
    case .urlQuery, .audioQuery, .errorBody, .jobError:
      answer.body = quoting(quote, in: answer.body)
    case .lostConnection:
      answer = .reset()
    }
    return answer
  }

  /// In every text of an error, alone and in a URL.
  private static func quoting(_ quote: String, in body: [UInt8]) -> [UInt8] {
    guard case .object(var members) = JSONValue(bytes: body), let error = members["error"] else {
      return body
    }
    let message = JSONValue.string("got \(quote), see https://example.org/\(quote)?key=\(quote)")
    switch error {
    case .null: return body
    case .object:
      members["error"] = [
        "message": message, "type": .string(quote), "code": .string(quote), "param": .string(quote),
      ]
    default: members["error"] = message
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    guard let encoded = try? encoder.encode(JSONValue.object(members)) else {
      preconditionFailure("texts can always be encoded")
    }
    return Array(encoded)
  }
}

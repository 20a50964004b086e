import AttemptLog
import Retry
import TestSupport
import Testing

@testable import TranscriptionClients

/// One expected request and its answer.
struct Exchange: Sendable {
  enum Answer: Sendable {
    case response(Int, headers: [String: String], body: String)
    case cut(Int)
    case failure(TransportFailure)
  }

  /// Method and path.
  var request: String
  var answer: Answer

  static func make(
    _ request: String, _ body: String, headers: [String: String] = [:]
  ) -> Exchange {
    make(request, 200, body, headers: headers)
  }

  static func make(
    _ request: String, _ status: Int, _ body: String, headers: [String: String] = [:]
  ) -> Exchange {
    Exchange(request: request, answer: .response(status, headers: headers, body: body))
  }

  /// An answer whose body was longer than the transport takes.
  static func cut(_ request: String, _ status: Int) -> Exchange {
    Exchange(request: request, answer: .cut(status))
  }

  static func failing(_ request: String, _ failure: TransportFailure) -> Exchange {
    Exchange(request: request, answer: .failure(failure))
  }
}

/// Plays exchanges in order behind a transport; each takes 10 ms.
final class WireScript: Sendable {
  static let baseURL = "http://127.0.0.1:1/prefix"
  let clock = VirtualClock()
  let events = RecordedEvents()
  private let exchanges: Locked<[Exchange]>
  private let sent = Locked([TransportRequest]())

  init(_ exchanges: [Exchange]) {
    self.exchanges = Locked(exchanges)
  }

  var requests: [TransportRequest] { sent.withLock { $0 } }
  var unplayed: [String] { exchanges.withLock { $0.map(\.request) } }

  func assemblyAI(_ change: (inout ClientConfiguration) -> Void = { _ in }) -> AssemblyAI {
    AssemblyAI(configured(.assemblyAI(key: APIKey("key-123"), record: events.record), change))
  }

  func lesan(
    route: Lesan.Route = .guide, _ change: (inout ClientConfiguration) -> Void = { _ in }
  ) -> Lesan {
    Lesan(configured(.lesan(key: APIKey("key-123"), record: events.record), change), route: route)
  }

  private func configured(
    _ configuration: ClientConfiguration, _ change: (inout ClientConfiguration) -> Void
  ) -> ClientConfiguration {
    var configuration = configuration
    configuration.baseURL = Self.baseURL
    configuration.clock = MonotonicClock(clock)
    configuration.random = RandomSource(SeededGenerator(seed: 1))
    configuration.wallTime = { Timestamp(microseconds: 784_111_777_000_000) }
    configuration.transport = HTTPTransport { try self.play($0) }
    change(&configuration)
    return configuration
  }

  private func play(_ request: TransportRequest) throws -> TransportResponse {
    clock.advance(by: .milliseconds(10))
    sent.withLock { $0.append(request) }
    let next = exchanges.withLock { $0.isEmpty ? nil : $0.removeFirst() }
    let line = "\(request.method) \(request.url.dropFirst(Self.baseURL.count))"
    guard let next, next.request == line else {
      Issue.record("expected \(next?.request ?? "no request"), got \(line)")
      throw CancellationError()
    }
    return try next.answer.response()
  }
}

extension Exchange.Answer {
  func response() throws -> TransportResponse {
    switch self {
    case .failure(let failure): throw failure
    case .cut(let status): return TransportResponse(status: status, bodyIsCut: true)
    case .response(let status, let headers, let body):
      return TransportResponse(
        status: status, headers: headers.map { ($0.key, $0.value) }, body: Array(body.utf8))
    }
  }
}

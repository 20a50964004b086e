public import AttemptLog
public import Retry

/// Sends one HTTP request and gives back whatever answer comes, redirects and errors included.
///
/// It throws `CancellationError` when its task is cancelled and `TransportFailure` when there is no
/// answer. It must not retry, must not follow redirects, which would carry the key elsewhere, and
/// should stop reading a body that grows beyond a limit (`TransportResponse.bodyIsCut`).
/// The default, `urlSession()`, can be killed by a hostile answer before Swift 6.4; another HTTP
/// client takes its place by this closure.
public struct HTTPTransport: Sendable {
  public let send: @Sendable (TransportRequest) async throws -> TransportResponse

  public init(_ send: @escaping @Sendable (TransportRequest) async throws -> TransportResponse) {
    self.send = send
  }
}

/// A request, ready to be sent; its description shows no header, since one holds the key.
public struct TransportRequest: Sendable {
  public var method: String
  public var url: String
  public var headers: [(name: String, value: String)]
  public var body: [UInt8]?
  /// From the sending to the last byte of the answer, however steadily it drips; after that it fails with
  /// `timedOut`.
  public var timeLimit: Duration?

  public init(
    method: String, url: String, headers: [(name: String, value: String)] = [],
    body: [UInt8]? = nil, timeLimit: Duration? = nil
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    self.timeLimit = timeLimit
  }
}

extension TransportRequest: CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable
{
  public var description: String {
    "\(method) \(url.prefix { $0 != "?" }), \(body?.count ?? 0) bytes"
  }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: []) }
}

public struct TransportResponse: Sendable {
  /// The default limit of a transport: 8 MiB.
  public static let bodyBytesMax = 8 * 1024 * 1024

  public var status: Int
  /// By lower-case name.
  private var headers: [String: String]
  public var body: [UInt8]
  /// Whether the body was longer than the transport takes, and `body` is not the whole.
  public var bodyIsCut: Bool

  /// Of a repeated header the last value counts.
  public init(
    status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
    bodyIsCut: Bool = false
  ) {
    self.status = status
    self.bodyIsCut = bodyIsCut
    self.headers = Dictionary(
      headers.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { $1 })
    self.body = body
  }

  public func header(_ name: String) -> String? {
    headers[name.lowercased()]
  }
}

/// There was no answer.
public struct TransportFailure: AttemptError {
  public var attemptFacts: AttemptFacts

  /// `type` names the error without its text, such as `URLError.timedOut`.
  public init(
    type: String, timedOut: Bool = false, requestSent: RequestSent = .unknown,
    message: String? = nil
  ) {
    attemptFacts = AttemptFacts(layer: .transport, type: type, message: message)
    attemptFacts.timedOut = timedOut
    attemptFacts.requestSent = requestSent
  }

  /// The client itself refused to send, for instance an invalid header; this is not retried.
  public static func refused(type: String, message: String) -> TransportFailure {
    var failure = TransportFailure(type: type, requestSent: .no, message: message)
    failure.attemptFacts.layer = .client
    return failure
  }
}

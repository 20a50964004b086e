public import AttemptLog

/// Something that goes wrong, always or with a probability.
///
/// Written `PROVIDER:KIND[:CODE][:OPTION=VALUE]…`: `lesan:429:rate_limit_exceeded:retry_after=2:p=0.05`.
/// The kinds and options are those of README.md, section "Provider simulator".
public struct Fault: Sendable, Equatable {
  public enum Effect: Sendable, Equatable {
    /// The request is answered with an error and has no effect.
    ///
    /// Without a code, 502 and 504 have an HTML body and 503 has none, as a gateway answers.
    case answer(status: Int, code: String?)
    /// The request is answered with a redirect and has no effect.
    case redirect(status: Int)
    /// The connection is reset; the request has no effect.
    case resetBefore
    /// The request has its effect, then the connection is reset instead of the answer.
    case resetAfter
    /// The answer is right but late.
    case slow
    /// The answer is right, but its body comes byte by byte.
    case drip
    /// The answer is right, but its body is filled up with white space.
    case oversized
    /// A synchronous call of Lesan is answered 408 while its job goes on.
    case syncTimeout
    /// A synchronous call of Lesan is answered as an asynchronous one, `queued`.
    case syncQueued
    /// The job that the request submits ends in `error`.
    case jobFailure(JobFailure)
    /// The job that the request submits to Lesan ends in `failed`, with this code.
    case lesanJobFailure(code: String)
    /// The job that the request submits does not end.
    case jobStall(JobStall)
  }

  public let provider: SimulatedProvider
  public let effect: Effect
  /// From 0 to 1, for each request that is concerned.
  public var probability = 1.0
  /// Nil takes what is usual for the code.
  public var retryAfter: RetryAfter?
  /// How long the answer or the reset is held back at least.
  public var delay: Duration?
  /// Between two bytes of a drip.
  public var interval = Duration.seconds(1)
  /// Of the body of an oversized answer; more than the 8 MiB that our own wrapper takes.
  public var bytes = 16 * 1024 * 1024
  /// Where a redirect leads; this name is reserved (RFC 2606) and leads nowhere.
  public var location = "https://redirected.example/"
  /// Nil concerns every request.
  public var request: SimulatedRequest?
  /// The first moment of the fault; nil is ever since.
  public var from: Timestamp?
  /// The first moment after the fault; nil is for ever.
  public var to: Timestamp?
  /// So many of the requests that are concerned pass unharmed; 0 or more.
  public var afterRequests = 0
  /// So many of those that follow are in danger; 1 or more, nil is all.
  public var count: Int?

  static let slowDelay = Duration.seconds(30)

  init(provider: SimulatedProvider, effect: Effect) {
    self.provider = provider
    self.effect = effect
    if effect == .slow { delay = Self.slowDelay }
    if effect == .syncTimeout || effect == .syncQueued { request = .submit }
  }

  func concerns(_ request: SimulatedRequest?, of provider: SimulatedProvider, at now: Timestamp)
    -> Bool
  {
    if let from, now < from { return false }
    if let to, now >= to { return false }
    return self.provider == provider && (self.request == nil || self.request == request)
  }

  /// Whether the concerned request of this number, counted from 1, is in danger.
  func threatens(number: Int) -> Bool {
    let behind = number - afterRequests
    return behind >= 1 && behind <= count ?? .max
  }
}

/// How a job does not come to an end; the raw value is the name in `--fault`.
public enum JobStall: String, CaseIterable, Sendable {
  case staysQueued = "stays_queued"
  case neverEnds = "never_ends"
}

public import AttemptLog

/// What an attempt learned: noted while it ran, or told by the error that ended it.
///
/// `Retrier.redaction` takes the secrets out of the texts, and then cuts them, before they are
/// recorded or thrown.
public struct AttemptFacts: Equatable, Sendable {
  public var httpStatus: Int?
  public var layer: ErrorLayer?
  /// The provider's error type; the status or the Swift error type stands in for it.
  public var type: String?
  /// The provider's machine-readable code.
  public var code: String?
  public var parameter: String?
  public var message: String?
  /// The delay that the server asked for; negative values count as none.
  public var retryAfter: Duration?
  public var retryAfterSource: RetryAfterSource?
  /// What the server said of trying again, as `x-should-retry` does.
  public var serverVerdict: Bool?
  /// Whether no answer came in time.
  public var timedOut: Bool
  public var quota: Quota
  /// Whether the provider may have begun work that it bills.
  public var requestSent: RequestSent?
  public var requestID: String?
  public var jobID: String?
  /// Whether the provider goes on with what was asked for when the attempt is left: then it is not asked
  /// again, which would be paid for twice.
  public var leavesWork: Bool?
  /// Length of the audio in seconds.
  public var audioSeconds: Double?
  /// Lower-case hex.
  public var traceID: String?
  public var spanID: String?
  /// A verdict that is known already: no table is asked.
  public var verdict: ErrorVerdict?

  public init(
    httpStatus: Int? = nil, layer: ErrorLayer? = nil, type: String? = nil, code: String? = nil,
    message: String? = nil, verdict: ErrorVerdict? = nil
  ) {
    self.httpStatus = httpStatus
    self.layer = layer
    self.type = type
    self.code = code
    self.message = message
    self.verdict = verdict
    self.timedOut = false
    self.quota = Quota()
  }

  /// Takes every fact that `other` knows.
  public mutating func merge(_ other: AttemptFacts) {
    httpStatus = other.httpStatus ?? httpStatus
    layer = other.layer ?? layer
    type = other.type ?? type
    code = other.code ?? code
    parameter = other.parameter ?? parameter
    message = other.message ?? message
    retryAfter = other.retryAfter ?? retryAfter
    retryAfterSource = other.retryAfterSource ?? retryAfterSource
    serverVerdict = other.serverVerdict ?? serverVerdict
    timedOut = other.timedOut || timedOut
    quota = other.quota == Quota() ? quota : other.quota
    requestSent = other.requestSent ?? requestSent
    requestID = other.requestID ?? requestID
    jobID = other.jobID ?? jobID
    leavesWork = other.leavesWork ?? leavesWork
    audioSeconds = other.audioSeconds ?? audioSeconds
    traceID = other.traceID ?? traceID
    spanID = other.spanID ?? spanID
    verdict = other.verdict ?? verdict
  }
}

extension AttemptFacts {
  /// Of a message that is kept, in Unicode scalars.
  public static let messageLengthMax = 1000
  /// Of any other text that is kept, in Unicode scalars.
  public static let nameLengthMax = 128

  /// Takes secrets out of all texts, and only then cuts them: half a secret is one too.
  public mutating func redact(with redaction: Redaction) {
    type = type.map { Self.cut(redaction.redacted($0)) }
    code = code.map { Self.cut(redaction.redacted($0)) }
    parameter = parameter.map { Self.cut(redaction.redacted($0)) }
    message = message.map { Self.cut(redaction.redacted($0), Self.messageLengthMax) }
    redactIDs(with: redaction)
  }

  /// What is also recorded of a success; by its id a job is found again.
  mutating func redactIDs(with redaction: Redaction) {
    requestID = requestID.map { Self.cut(redaction.redacted($0)) }
    jobID = jobID.map { Self.cut(redaction.withoutKnownSecrets($0)) }
  }

  private static func cut(_ text: String, _ length: Int = nameLengthMax) -> String {
    String(text.unicodeScalars.prefix(length))
  }
}

/// An error that knows what the attempt learned.
public protocol AttemptError: Error {
  var attemptFacts: AttemptFacts { get }
}

extension AttemptFacts {
  /// The facts of an error that gives its own; nothing of any other.
  ///
  /// Never the text of an error, which may hold a URL with its secrets.
  public static func describing(_ error: any Error) -> AttemptFacts {
    (error as? any AttemptError)?.attemptFacts ?? AttemptFacts()
  }

  /// Fills what every failure has: the layer, and the status or the Swift type as error type.
  mutating func complete(for error: any Error) {
    layer = layer ?? (httpStatus == nil ? .client : .http)
    type = type ?? httpStatus.map { String($0) } ?? String(describing: Swift.type(of: error))
  }
}

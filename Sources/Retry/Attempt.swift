import AttemptLog
import Synchronization

/// The handle of one attempt, given to the wrapped call.
public struct Attempt: Sendable {
  /// From 1.
  public let number: Int
  /// What a call made on behalf of this one gives as its `parentID`.
  public let operationID: String
  /// The caller's key, the same for every attempt of the operation; to be sent, never noted.
  public let idempotencyKey: String?
  private let notes = Notes()

  init(number: Int, operationID: String, idempotencyKey: String? = nil) {
    self.number = number
    self.operationID = operationID
    self.idempotencyKey = idempotencyKey
  }

  /// Notes what the attempt has learned, to be recorded when it ends.
  public func note(_ change: (inout AttemptFacts) -> Void) {
    notes.begun.withLock { change(&$0.facts) }
  }

  /// Keeps secrets that only this attempt knows, such as the query of a signed URL, out of what is
  /// recorded and thrown of it, as `Retrier.redaction` does with those of every attempt.
  public func hide(_ secrets: [String]) {
    notes.begun.withLock { $0.secrets += secrets }
  }

  var secrets: [String] {
    let secrets = notes.taken { $0.secrets } ?? []
    guard let idempotencyKey else { return secrets }
    return secrets + [idempotencyKey]
  }

  /// What has been noted so far.
  public var facts: AttemptFacts {
    noted ?? AttemptFacts()
  }

  /// Nil if nothing was noted.
  var noted: AttemptFacts? {
    notes.taken { $0.facts }
  }
}

/// What is known of an attempt beside its number: made when there is something, for many calls tell
/// nothing.
private final class Notes: Sendable {
  struct Content {
    var facts = AttemptFacts()
    var secrets: [String] = []
  }

  private let content = AtomicLazyReference<Locked<Content>>()

  func taken<Part: Sendable>(_ part: (Content) -> Part) -> Part? {
    content.load()?.withLock { part($0) }
  }

  var begun: Locked<Content> { content.load() ?? content.storeIfNil(Locked(Content())) }
}

/// A logical operation as the log names it.
public struct LoggedOperation: Sendable {
  /// The remote service.
  public var provider: String
  /// An alias of the credential, never the credential.
  public var account: String?
  /// A name of low cardinality, such as `transcribe`; no ids.
  public var name: String
  /// The `operationID` of the operation that this one serves.
  public var parentID: String?
  /// Whether an attempt may begin work that costs money.
  public var isBillable: Bool
  /// By which the server recognises a repeated call; never logged.
  ///
  /// With it a call of unknown fate is repeated even where duplicates are not allowed.
  public var idempotencyKey: String?

  public init(
    provider: String, account: String? = nil, name: String, parentID: String? = nil,
    isBillable: Bool = false, idempotencyKey: String? = nil
  ) {
    self.provider = provider
    self.account = account
    self.name = name
    self.parentID = parentID
    self.isBillable = isBillable
    self.idempotencyKey = idempotencyKey
  }
}

/// Which operations announce an attempt before sending it, so that a crash in flight is visible.
public enum AttemptStarts: Sendable {
  case billable, all, none
}

public import AttemptLog

/// An operation that was given up.
///
/// A cancelled one throws `CancellationError` instead.
public struct OperationError: Error {
  public var provider: String
  public var operation: String
  public var operationID: String
  public var outcome: OperationOutcome
  /// Attempts made.
  public var attempts: Int
  /// Of the last attempt; empty if there was none.
  public var facts: AttemptFacts
  /// What ended the last attempt.
  public var underlying: (any Error)?
  /// What the provider asks its users to do now.
  public var advice: String?

  public var errorClass: ErrorClass? { facts.verdict?.errorClass }

  public init(
    provider: String, operation: String, operationID: String, outcome: OperationOutcome,
    attempts: Int, facts: AttemptFacts, underlying: (any Error)?
  ) {
    self.provider = provider
    self.operation = operation
    self.operationID = operationID
    self.outcome = outcome
    self.attempts = attempts
    self.facts = facts
    self.underlying = underlying
  }
}

extension OperationError: AttemptError {
  /// What the operation that this one served takes over: the failure is final, its retries are
  /// spent, and the delay that the server asked for was this one's to honour.
  public var attemptFacts: AttemptFacts {
    var facts = facts
    facts.verdict = ErrorVerdict(errorClass ?? .other, retry: .never)
    facts.retryAfter = nil
    facts.retryAfterSource = nil
    facts.serverVerdict = nil
    return facts
  }
}

extension OperationError: CustomStringConvertible {
  public var description: String {
    let counted = attempts == 1 ? "1 attempt" : "\(attempts) attempts"
    var text =
      "\(provider) \(operation) \(operationID) failed after \(counted): \(outcome.rawValue)"
    if let errorClass { text += ", \(errorClass.rawValue)" }
    if let status = facts.httpStatus { text += ", HTTP \(status)" }
    // Where a provider names nothing, the type is the status.
    if let code = facts.code ?? facts.type, code != facts.httpStatus?.description {
      text += ", \(code)"
    }
    // Quoted with escapes: the text is the provider's.
    if let message = facts.message { text += ": \(message.debugDescription)" }
    if let advice { text += "; \(advice)" }
    return text
  }
}

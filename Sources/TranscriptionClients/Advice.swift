import AttemptLog
public import Retry

/// What the guides tell a user to do after an error; worded here and nowhere else.
///
/// The text stands in `OperationError.advice`.
public enum Advice: Equatable, Sendable {
  /// After a 401; `account` is the key's alias.
  case checkKey(provider: String, account: String?)
  /// After a 403.
  case checkPermissions(provider: String, account: String?)
  /// After a 400, with the parameter that the provider named.
  case fixParameters(String?)
  case topUpBalance(provider: String)
  /// After the last of the attempts has met with a server error.
  case contactSupport
  /// The job may go on at the provider; to submit it again would pay for it twice.
  case resumeJob(String)

  /// What to do about an error that a client has thrown, if anything is known.
  public init?(_ error: OperationError, account: String? = nil) {
    let root = error.root
    if let jobID = error.facts.jobID, error.leavesJob {
      self = .resumeJob(jobID)
      return
    }
    switch root.errorClass {
    case .auth: self = .checkKey(provider: error.provider, account: account)
    case .permission: self = .checkPermissions(provider: error.provider, account: account)
    case .invalidRequest: self = .fixParameters(root.facts.parameter)
    case .quotaExhausted where root.facts.quota.name == "balance":
      self = .topUpBalance(provider: error.provider)
    case .serverError
    where error.provider == AssemblyAI.provider && root.outcome == .attemptsExhausted
      && error.operation != "wait":
      self = .contactSupport
    default: return nil
    }
  }
}

extension Advice: CustomStringConvertible {
  public var description: String {
    switch self {
    case .checkKey(let provider, let account):
      "check the API key of \(Self.name(provider))\(Self.of(account))"
    case .checkPermissions(let provider, let account):
      "check the permissions of the API key of \(Self.name(provider))\(Self.of(account))"
    case .fixParameters(let parameter?):
      "fix the parameter \(parameter.debugDescription) of the request"
    case .fixParameters(nil): "fix the parameters of the request"
    case .topUpBalance(let provider): "top up the balance at \(Self.name(provider))"
    case .contactSupport: "please contact support@assemblyai.com"
    case .resumeJob(let id):
      "job \(id.debugDescription) may still be running; wait for it instead of submitting again"
    }
  }

  private static func name(_ provider: String) -> String {
    switch provider {
    case AssemblyAI.provider: "AssemblyAI"
    case Lesan.provider: "Lesan"
    default: provider
    }
  }

  private static func of(_ account: String?) -> String {
    account.map { ", account \($0.debugDescription)" } ?? ""
  }
}

extension OperationError {
  /// The operation below this one whose failure ended it, or this one.
  fileprivate var root: OperationError {
    (underlying as? OperationError)?.root ?? self
  }

  /// Whether it was given up while its job went on.
  fileprivate var leavesJob: Bool {
    if underlying is PollLimitReached { return true }
    // What one poll met with for good says something of the job; what passes does not.
    if let poll = underlying as? OperationError, poll.operation == "poll" {
      return poll.outcome != .notRetryable
    }
    return (outcome == .deadlineExceeded || facts.leavesWork == true) && facts.layer == .client
  }
}

extension ProviderConnection {
  /// Runs what a caller has asked for; what it throws tells the caller what to do.
  func advised<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
    do {
      return try await body()
    } catch var error as OperationError {
      error.advice = Advice(error, account: configuration.account)?.description
      throw error
    }
  }
}

import AttemptLog

/// A bucket of tokens that all who share it pay their failures from; no retries while it is low.
///
/// The rule of gRPC (proposal A6): a failure that could be retried takes a token, a success gives
/// a tenth back, and nothing is retried while the level is at or below half. An outage is so met
/// with few retries, whatever the number of calls. Counted in thousandths, as there.
public final class RetryBudget: Sendable {
  /// Tokens of a full bucket, as it begins.
  public let capacity: Double
  private let full: Int64
  private let cost: Int64
  private let refund: Int64
  private let thousandths: Locked<Int64>

  /// The numbers are rounded to thousandths; at most a billion tokens.
  public init(capacity: Double = 10, costOfFailure: Double = 1, refundOfSuccess: Double = 0.1) {
    let limits = 0.001...1e9
    precondition(limits.contains(capacity), "a budget needs tokens; got \(capacity)")
    precondition(limits.contains(costOfFailure), "a failure has a cost; got \(costOfFailure)")
    precondition(
      (0...1e9).contains(refundOfSuccess), "a success costs nothing; got \(refundOfSuccess)")
    self.capacity = capacity
    full = Int64((capacity * 1000).rounded())
    cost = Int64((costOfFailure * 1000).rounded())
    refund = Int64((refundOfSuccess * 1000).rounded())
    thousandths = Locked(full)
  }

  /// Tokens left; 0...capacity.
  public var level: Double {
    Double(thousandths.withLock { $0 }) / 1000
  }

  /// Whether a failure that leaves the level where it is would be retried.
  public var allowsRetries: Bool {
    thousandths.withLock { $0 > full / 2 }
  }

  /// Pays for a failure that could be retried, and says whether it may be.
  func failed() -> Bool {
    thousandths.withLock { tokens in
      tokens = max(0, tokens - cost)
      return tokens > full / 2
    }
  }

  func succeeded() {
    thousandths.withLock { $0 = min(full, $0 + refund) }
  }
}

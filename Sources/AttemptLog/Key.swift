/// Every key of the log's schema, named as on the wire.
public enum Key: UInt8, CaseIterable, Sendable {
  case v, kind, time, writer, seq
  case segment, number
  case version, host, pid, process
  case count, reason
  case provider, account, operation, operationID, parentID
  case attempt, maxAttempts, outcome, latencyMs
  case sleptMs, sleptSource, retryReason
  case httpStatus, errorLayer, errorClass, errorType, errorCode, errorParam, errorMessage
  case retryAfterMs, retryAfterSource
  case decision, backoffMs, backoffSource, requestSent
  case quotaName, quotaLimit, quotaRemaining, quotaReset
  case requestID, jobID, audioSeconds, traceID, spanID
  case retried, attempts, durationMs

  /// The key as it is written: the Swift name in snake case.
  public var name: String {
    KeyTable.shared.names[Int(rawValue)]
  }
}

/// A set of keys.
@usableFromInline
struct KeySet: Equatable, Sendable {
  private(set) var bits: UInt64 = 0

  init() {}

  init(_ keys: [Key]) {
    for key in keys { insert(key) }
  }

  @inline(__always)
  func contains(_ key: Key) -> Bool {
    bits & (1 << UInt64(key.rawValue)) != 0
  }

  func isSubset(of other: KeySet) -> Bool {
    bits & ~other.bits == 0
  }

  @inline(__always)
  mutating func insert(_ key: Key) {
    bits |= 1 << UInt64(key.rawValue)
  }

  mutating func remove(_ key: Key) {
    bits &= ~(1 << UInt64(key.rawValue))
  }
}

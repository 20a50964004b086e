public import AttemptLog

extension Record {
  public static func make(
    _ event: Event, time: String = "2026-11-16T08:15:30Z", writer: String = "w", seq: Int64 = 1
  ) -> Record {
    guard let time = Timestamp(rfc3339: time) else {
      preconditionFailure("not an RFC 3339 time: \(time)")
    }
    return Record(time: time, writer: writer, seq: seq, event: event)
  }
}

extension OperationIdentity {
  public static func make(
    provider: String = "lesan", account: String? = nil, operation: String = "transcribe",
    id: String = "a", parent: String? = nil
  ) -> OperationIdentity {
    OperationIdentity(
      provider: provider, account: account, operation: operation, operationID: id, parentID: parent)
  }
}

extension AttemptRecord {
  public static func make(
    _ identity: OperationIdentity = .make(), attempt: Int64 = 1, outcome: AttemptOutcome = .success,
    latency: Double = 100, decision: Decision = .stop
  ) -> AttemptRecord {
    AttemptRecord(
      identity: identity, attempt: attempt, outcome: outcome, latencyMilliseconds: latency,
      decision: decision)
  }
}

extension OperationRecord {
  public static func make(
    _ identity: OperationIdentity = .make(), outcome: OperationOutcome = .success,
    attempts: Int64 = 1, duration: Double = 100, slept: Double = 0
  ) -> OperationRecord {
    OperationRecord(
      identity: identity, outcome: outcome, retried: attempts > 1, attempts: attempts,
      durationMilliseconds: duration, sleptMilliseconds: slept)
  }
}

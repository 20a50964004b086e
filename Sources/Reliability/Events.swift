import AttemptLog

/// What the aggregate needs of an `attempt` line.
struct AttemptEvent: Sendable {
  /// From 1.
  var number: Int64
  /// When it ended.
  var time: Timestamp
  var latencyMilliseconds: Double
  /// Nil for a success.
  var errorClass: ErrorClass?
  /// Of a retry.
  var retryReason: ErrorClass
  var sleptSource: DelaySource
  var sleptMilliseconds: Double?
  var audioSeconds: Double?
  var httpStatus: Int64?
  /// The planned sleep, if the decision is to retry.
  var plannedBackoffMilliseconds: Double?

  var result: CallResult { errorClass == nil ? .success : .failure }

  init?(_ fields: LineScanner, _ line: Span<UInt8>, _ ledger: inout LogLedger) {
    guard let number = fields.ordinal(.attempt, in: line),
      let latency = fields.amount(.latencyMs, in: line),
      let outcome = ledger.member(.outcome, of: AttemptOutcome.self, fields, line),
      let decision = ledger.member(.decision, of: Decision.self, fields, line)
    else { return nil }
    self.number = number
    time = fields.time
    latencyMilliseconds = latency
    if outcome == .failure {
      errorClass = ledger.member(.errorClass, of: ErrorClass.self, fields, line) ?? .other
    }
    retryReason = ledger.member(.retryReason, of: ErrorClass.self, fields, line) ?? .other
    sleptSource = ledger.member(.sleptSource, of: DelaySource.self, fields, line) ?? .other
    sleptMilliseconds = fields.amount(.sleptMs, in: line)
    audioSeconds = fields.amount(.audioSeconds, in: line)
    httpStatus = fields.integer(.httpStatus, in: line)
    if decision == .retry {
      plannedBackoffMilliseconds = fields.amount(.backoffMs, in: line) ?? 0
    }
  }
}

/// What the aggregate needs of an `operation` line, or of an operation without an end.
struct OperationEvent: Sendable {
  var outcome: OperationOutcome
  /// When it ended, or its last sign of life.
  var time: Timestamp
  var isRetried: Bool
  var attempts: Int64
  /// Nil if it is abandoned.
  var durationMilliseconds: Double?
  var sleptMilliseconds: Double
  var errorClass: ErrorClass?
  var httpStatus: Int64?

  var result: CallResult { outcome == .success ? .success : .failure }

  init?(_ fields: LineScanner, _ line: Span<UInt8>, _ ledger: inout LogLedger) {
    guard let outcome = ledger.member(.outcome, of: OperationOutcome.self, fields, line),
      let isRetried = fields.bool(.retried), let attempts = fields.count(.attempts, in: line),
      let duration = fields.amount(.durationMs, in: line),
      let slept = fields.amount(.sleptMs, in: line)
    else { return nil }
    self.outcome = outcome
    time = fields.time
    self.isRetried = isRetried
    self.attempts = attempts
    durationMilliseconds = duration
    sleptMilliseconds = slept
    if outcome != .success {
      errorClass = ledger.member(.errorClass, of: ErrorClass.self, fields, line)
    }
    httpStatus = fields.integer(.httpStatus, in: line)
  }

  /// An operation that was given up silently.
  init(abandonedAt time: Timestamp, attempts: Int64, isRetried: Bool) {
    outcome = .abandoned
    self.time = time
    self.isRetried = isRetried
    self.attempts = attempts
    sleptMilliseconds = 0
  }
}

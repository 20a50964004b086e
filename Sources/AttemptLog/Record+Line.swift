extension Record {
  /// The record of the line that was scanned last; nil if its kind is unknown.
  ///
  /// Values outside a closed set are what stands for them, and a failure, retry or sleep without
  /// its class, reason or source has `other`, as attempt-log.md's reading rules say.
  public init?(_ scanner: LineScanner, _ line: Span<UInt8>) {
    guard let writer = scanner.string(.writer, in: line),
      let event = Event(scanner, line)
    else { return nil }
    self.init(time: scanner.time, writer: writer, seq: scanner.seq, event: event)
  }
}

extension Event {
  fileprivate init?(_ scanner: LineScanner, _ line: Span<UInt8>) {
    switch scanner.kind {
    case .segment:
      guard let id = scanner.string(.segment, in: line) else { return nil }
      self = .segment(Segment(id: id, number: scanner.count(.number, in: line)))
    case .writerStart:
      self = .writerStart(
        WriterStart(
          version: scanner.string(.version, in: line), host: scanner.string(.host, in: line),
          pid: scanner.integer(.pid, in: line), process: scanner.string(.process, in: line)))
    case .attemptStart:
      guard let identity = OperationIdentity(scanner, line),
        let attempt = scanner.ordinal(.attempt, in: line)
      else { return nil }
      self = .attemptStart(AttemptStart(identity: identity, attempt: attempt))
    case .attempt:
      guard let attempt = AttemptRecord(scanner, line) else { return nil }
      self = .attempt(attempt)
    case .operation:
      guard let operation = OperationRecord(scanner, line) else { return nil }
      self = .operation(operation)
    case .dropped:
      guard let count = scanner.count(.count, in: line) else { return nil }
      self = .dropped(count: count, reason: scanner.string(.reason, in: line))
    case .writerStop: self = .writerStop
    case .unknown: return nil
    }
  }
}

extension OperationIdentity {
  fileprivate init?(_ scanner: LineScanner, _ line: Span<UInt8>) {
    guard let provider = scanner.string(.provider, in: line),
      let operation = scanner.string(.operation, in: line),
      let operationID = scanner.string(.operationID, in: line)
    else { return nil }
    self.init(
      provider: provider, account: scanner.string(.account, in: line), operation: operation,
      operationID: operationID, parentID: scanner.string(.parentID, in: line))
  }
}

extension AttemptRecord {
  fileprivate init?(_ scanner: LineScanner, _ line: Span<UInt8>) {
    guard let identity = OperationIdentity(scanner, line),
      let attempt = scanner.ordinal(.attempt, in: line),
      let outcome = scanner.member(.outcome, of: AttemptOutcome.self, in: line).value,
      let latency = scanner.amount(.latencyMs, in: line),
      let decision = scanner.member(.decision, of: Decision.self, in: line).value
    else { return nil }
    self.init(
      identity: identity, attempt: attempt, maxAttempts: scanner.integer(.maxAttempts, in: line),
      outcome: outcome, latencyMilliseconds: latency, decision: decision)
    sleptMilliseconds = scanner.amount(.sleptMs, in: line)
    sleptSource = scanner.member(.sleptSource, of: DelaySource.self, in: line).value
    retryReason = scanner.member(.retryReason, of: ErrorClass.self, in: line).value
    if attempt > 1 {
      sleptSource = sleptSource ?? .other
      retryReason = retryReason ?? .other
    }
    error = ErrorFacts(
      httpStatus: scanner.integer(.httpStatus, in: line),
      layer: scanner.member(.errorLayer, of: ErrorLayer.self, in: line).value,
      type: scanner.string(.errorType, in: line), code: scanner.string(.errorCode, in: line),
      parameter: scanner.string(.errorParam, in: line),
      message: scanner.string(.errorMessage, in: line))
    if outcome == .failure {
      error.errorClass = scanner.member(.errorClass, of: ErrorClass.self, in: line).value ?? .other
    }
    retryAfterMilliseconds = scanner.amount(.retryAfterMs, in: line)
    retryAfterSource =
      scanner.member(.retryAfterSource, of: RetryAfterSource.self, in: line).value
    backoffMilliseconds = scanner.amount(.backoffMs, in: line)
    backoffSource = scanner.member(.backoffSource, of: DelaySource.self, in: line).value
    requestSent = scanner.member(.requestSent, of: RequestSent.self, in: line).value
    quota = Quota(
      name: scanner.string(.quotaName, in: line), limit: scanner.number(.quotaLimit, in: line),
      remaining: scanner.number(.quotaRemaining, in: line),
      reset: scanner.time(.quotaReset, in: line))
    requestID = scanner.string(.requestID, in: line)
    jobID = scanner.string(.jobID, in: line)
    audioSeconds = scanner.amount(.audioSeconds, in: line)
    traceID = scanner.string(.traceID, in: line)
    spanID = scanner.string(.spanID, in: line)
  }
}

extension OperationRecord {
  fileprivate init?(_ scanner: LineScanner, _ line: Span<UInt8>) {
    guard let identity = OperationIdentity(scanner, line),
      let outcome = scanner.member(.outcome, of: OperationOutcome.self, in: line).value,
      let retried = scanner.bool(.retried), let attempts = scanner.count(.attempts, in: line),
      let duration = scanner.amount(.durationMs, in: line),
      let slept = scanner.amount(.sleptMs, in: line)
    else { return nil }
    self.init(
      identity: identity, outcome: outcome, retried: retried, attempts: attempts,
      durationMilliseconds: duration, sleptMilliseconds: slept)
    httpStatus = scanner.integer(.httpStatus, in: line)
    if outcome != .success {
      errorClass = scanner.member(.errorClass, of: ErrorClass.self, in: line).value
    }
    errorType = scanner.string(.errorType, in: line)
    errorCode = scanner.string(.errorCode, in: line)
    jobID = scanner.string(.jobID, in: line)
    audioSeconds = scanner.amount(.audioSeconds, in: line)
    traceID = scanner.string(.traceID, in: line)
  }
}

import AttemptLog

/// Makes events of the lines that a scanner accepted.
struct EventReader: Sendable {
  private(set) var names: LineNames
  private let hasher: ByteHasher

  /// - Parameter hasher: the same for all readers of one aggregate.
  init(hasher: ByteHasher) {
    self.hasher = hasher
    names = LineNames(hasher: hasher)
  }

  /// Begins to number names anew if there are too many.
  ///
  /// - Returns: whether there were.
  mutating func renumberIfFull() -> Bool {
    guard names.isFull else { return false }
    names = LineNames(hasher: hasher)
    return true
  }

  /// Appends the line that `fields` has scanned last.
  mutating func read(_ fields: LineScanner, _ line: Span<UInt8>, into list: inout EventList) {
    var event = LogEvent(fields, writer: names.writer(fields, line))
    switch fields.kind {
    case .attempt:
      if let subject = subject(fields, line),
        let attempt = attempt(fields, line, &event.unmapped)
      {
        return list.append(event, subject, attempt, id: id(fields, line))
      }
    case .operation:
      if let subject = subject(fields, line),
        let operation = operation(fields, line, &event.unmapped)
      {
        return list.append(event, subject, operation, id: id(fields, line))
      }
    case .attemptStart:
      if let subject = subject(fields, line) {
        return list.append(event, subject, startOf: fields.ordinal(.attempt, in: line) ?? 1)
      }
    case .writerStart:
      if let process = process(fields, line) { return list.append(event, process) }
    case .dropped:
      if let count = fields.count(.count, in: line) {
        let reason = DropReason(written: fields.string(.reason, in: line))
        return list.append(event, dropped: count, reason)
      }
    case .segment, .writerStop, .unknown: break
    }
    list.append(event)
  }

  private mutating func subject(_ fields: LineScanner, _ line: Span<UInt8>) -> Subject? {
    guard let id = fields.withText(.operationID, in: line, hasher.hash128) else { return nil }
    return Subject(
      id: id, parent: fields.withText(.parentID, in: line, hasher.hash128),
      scope: names.scope(fields, line))
  }

  private func id(_ fields: LineScanner, _ line: Span<UInt8>) -> OperationID {
    fields.withText(.operationID, in: line) { OperationID($0) } ?? OperationID()
  }

  private func process(_ fields: LineScanner, _ line: Span<UInt8>) -> WriterProcess? {
    guard let pid = fields.integer(.pid, in: line) else { return nil }
    return fields.withText(.host, in: line) { host in
      var name = Array(String(pid).utf8) + [LineNames.separator]
      name.append(host)
      return WriterProcess(id: hasher.hash128(name.span), host: hasher.hash128(host))
    }
  }

  private mutating func attempt(
    _ fields: LineScanner, _ line: Span<UInt8>, _ unmapped: inout UnmappedKeys
  ) -> AttemptEvent? {
    guard let number = fields.ordinal(.attempt, in: line),
      let latency = fields.amount(.latencyMs, in: line),
      let outcome = fields.member(.outcome, of: AttemptOutcome.self, line, &unmapped),
      let decision = fields.member(.decision, of: Decision.self, line, &unmapped)
    else { return nil }
    var figures = AttemptFigures(
      number: number, latencyMilliseconds: latency,
      sleptMilliseconds: fields.amount(.sleptMs, in: line),
      audioSeconds: fields.amount(.audioSeconds, in: line), retryReason: .other,
      sleptSource: .other)
    if outcome == .failure {
      figures.errorClass =
        fields.member(.errorClass, of: ErrorClass.self, line, &unmapped) ?? .other
    }
    figures.retryReason =
      fields.member(.retryReason, of: ErrorClass.self, line, &unmapped) ?? .other
    figures.sleptSource =
      fields.member(.sleptSource, of: DelaySource.self, line, &unmapped) ?? .other
    var event = AttemptEvent(
      time: fields.time, figures: figures,
      hasStatus: fields.integer(.httpStatus, in: line) != nil,
      error: outcome == .failure ? UInt32(names.error(fields, line)) : nil)
    if decision == .retry {
      event.plannedBackoffMilliseconds = fields.amount(.backoffMs, in: line) ?? 0
    }
    event.signal = QuotaSignal(event, names: &names, fields, line)
    event.reading = QuotaReading(names: &names, fields, line)
    if event.concernsQuota || [nil, .auth].contains(event.figures.errorClass) {
      event.account = UInt32(names.account(fields, line))
    }
    return event
  }

  private mutating func operation(
    _ fields: LineScanner, _ line: Span<UInt8>, _ unmapped: inout UnmappedKeys
  ) -> OperationEvent? {
    guard let outcome = fields.member(.outcome, of: OperationOutcome.self, line, &unmapped),
      let isRetried = fields.bool(.retried), let attempts = fields.count(.attempts, in: line),
      let duration = fields.amount(.durationMs, in: line),
      let slept = fields.amount(.sleptMs, in: line)
    else { return nil }
    let failed = outcome != .success
    return OperationEvent(
      outcome: outcome, time: fields.time, isRetried: isRetried, attempts: attempts,
      durationMilliseconds: duration, sleptMilliseconds: slept,
      errorClass: failed
        ? fields.member(.errorClass, of: ErrorClass.self, line, &unmapped) : nil,
      error: failed ? UInt32(names.error(fields, line)) : nil)
  }
}

extension LineScanner {
  /// The value of a key that is restricted to a closed set; of an unknown one it is noted.
  fileprivate func member<Set: ClosedSet>(
    _ key: Key, of set: Set.Type, _ line: Span<UInt8>, _ unmapped: inout UnmappedKeys
  ) -> Set? {
    let member = member(key, of: set, in: line)
    if case .unmapped = member, let index = LogLedger.restrictedKeys.firstIndex(of: key) {
      unmapped.insert(.key(at: index))
    }
    return member.value
  }
}

extension QuotaReading {
  /// Nil if the line tells of none.
  fileprivate init?(
    names: inout LineNames, _ fields: borrowing LineScanner, _ line: Span<UInt8>
  ) {
    limit = fields.number(.quotaLimit, in: line)
    remaining = fields.number(.quotaRemaining, in: line)
    guard limit != nil || remaining != nil else { return nil }
    quota = names.quota(fields, line).map { UInt32($0) }
  }
}

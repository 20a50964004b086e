// What the schema asks of a line.
extension LineScanner {
  mutating func checkSchema(_ line: Span<UInt8>) throws(LineError) {
    guard integer(.v, in: line) == 1 else { throw violation(.v, .version) }
    guard let kind = recordKind(in: line) else { throw violation(.kind, .text) }
    guard let time = requiredTime(in: line) else { throw violation(.time, .time) }
    try require(hasText(.writer), .writer, .text)
    guard let seq = ordinal(.seq, in: line) else { throw violation(.seq, .ordinal) }
    self.kind = kind
    self.time = time
    self.seq = seq
    switch kind {
    case .segment: try require(hasText(.segment), .segment, .text)
    case .dropped: try require(count(.count, in: line) != nil, .count, .count)
    case .attemptStart:
      try requireIdentity()
      try require(ordinal(.attempt, in: line) != nil, .attempt, .ordinal)
    case .attempt:
      try requireIdentity()
      try require(ordinal(.attempt, in: line) != nil, .attempt, .ordinal)
      try require(hasText(.outcome), .outcome, .text)
      try require(isAmount(.latencyMs, in: line), .latencyMs, .amount)
      try require(hasText(.decision), .decision, .text)
    case .operation:
      try requireIdentity()
      try require(hasText(.outcome), .outcome, .text)
      try require(bool(.retried) != nil, .retried, .bool)
      try require(count(.attempts, in: line) != nil, .attempts, .count)
      try require(isAmount(.durationMs, in: line), .durationMs, .amount)
      try require(isAmount(.sleptMs, in: line), .sleptMs, .amount)
    case .writerStart, .writerStop, .unknown: break
    }
  }

  /// The keys that figures need, but no line, and that count as absent in this one because their values
  /// are of another type than what is expected; `null` is absent.
  public func illTypedKeys(in line: Span<UInt8>) -> [(key: Key, expected: SchemaExpectation)] {
    kind.optionalKeys.filter { key, expected in
      guard let value = value(key), value.kind != .null else { return false }
      return !isTyped(key, expected, in: line)
    }
  }

  private func isTyped(
    _ key: Key, _ expected: SchemaExpectation, in line: Span<UInt8>
  ) -> Bool {
    switch expected {
    case .text: hasText(key)
    case .time: time(key, in: line) != nil
    case .number: number(key, in: line) != nil
    case .amount: amount(key, in: line) != nil
    case .integer: integer(key, in: line) != nil
    case .count: count(key, in: line) != nil
    case .ordinal: ordinal(key, in: line) != nil
    case .bool: bool(key) != nil
    case .version: integer(key, in: line) == 1
    }
  }

  private func requireIdentity() throws(LineError) {
    try require(hasText(.provider), .provider, .text)
    try require(hasText(.operation), .operation, .text)
    try require(hasText(.operationID), .operationID, .text)
  }

  private func require(
    _ condition: Bool, _ key: Key, _ expected: SchemaExpectation
  ) throws(LineError) {
    if !condition { throw violation(key, expected) }
  }

  private func violation(_ key: Key, _ expected: SchemaExpectation) -> LineError {
    let found = value(key).flatMap { $0.kind == .null ? nil : $0.start }
    return .schema(key, expected: expected, offset: found)
  }

  /// Nil if the key is no string.
  private func recordKind(in line: Span<UInt8>) -> RecordKind? {
    withText(.kind, in: line) { text in
      ShortText(text).flatMap { table.kinds[$0] } ?? .unknown
    }
  }

  private mutating func requiredTime(in line: Span<UInt8>) -> Timestamp? {
    if let value = value(.time), value.kind == .string,
      value.end - value.start == PlainTimeReader.bytes + 2,
      let time = times.read(line, at: value.start + 1)
    {
      return time
    }
    return time(.time, in: line)
  }
}

extension RecordKind {
  fileprivate var optionalKeys: [(key: Key, expected: SchemaExpectation)] {
    switch self {
    case .segment: Self.segmentKeys
    case .writerStart: Self.writerStartKeys
    case .dropped: Self.droppedKeys
    case .attemptStart: Self.identityKeys
    case .attempt: Self.attemptKeys
    case .operation: Self.operationKeys
    case .writerStop, .unknown: []
    }
  }

  // Made once, for each line asks.
  private static let segmentKeys: [(key: Key, expected: SchemaExpectation)] = [(.number, .count)]
  private static let writerStartKeys: [(key: Key, expected: SchemaExpectation)] = [
    (.host, .text), (.pid, .integer),
  ]
  private static let droppedKeys: [(key: Key, expected: SchemaExpectation)] = [(.reason, .text)]
  private static let identityKeys: [(key: Key, expected: SchemaExpectation)] = [
    (.account, .text), (.parentID, .text),
  ]
  private static let operationKeys: [(key: Key, expected: SchemaExpectation)] =
    identityKeys + [
      (.httpStatus, .integer), (.errorClass, .text), (.errorType, .text), (.errorCode, .text),
    ]
  private static let attemptKeys: [(key: Key, expected: SchemaExpectation)] =
    operationKeys + [
      (.sleptMs, .amount), (.sleptSource, .text), (.retryReason, .text), (.retryAfterMs, .amount),
      (.backoffMs, .amount), (.quotaName, .text), (.quotaLimit, .number),
      (.quotaRemaining, .number), (.quotaReset, .time), (.audioSeconds, .amount),
    ]
}

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

public import AttemptLog

extension Record {
  /// A record of a random kind with random keys, such as this project's writer may get.
  public static func random(using generator: inout some RandomNumberGenerator) -> Record {
    Record(
      time: Timestamp(
        microseconds: .random(
          in: Timestamp.earliest.microseconds...Timestamp.latest.microseconds, using: &generator)),
      writer: text(&generator), seq: .random(in: 1...Int64.max, using: &generator),
      event: event(&generator))
  }

  private static func event(_ generator: inout some RandomNumberGenerator) -> Event {
    switch Int.random(in: 0..<9, using: &generator) {
    case 0: .segment(Segment(id: text(&generator), number: maybe(&generator) { count(&$0) }))
    case 1:
      .writerStart(
        WriterStart(
          version: maybe(&generator) { text(&$0) }, host: maybe(&generator) { text(&$0) },
          pid: maybe(&generator) { .random(in: .min ... .max, using: &$0) },
          process: maybe(&generator) { text(&$0) }))
    case 2:
      .attemptStart(AttemptStart(identity: identity(&generator), attempt: ordinal(&generator)))
    case 3: .dropped(count: count(&generator), reason: maybe(&generator) { text(&$0) })
    case 4: .writerStop
    case 5, 6: .attempt(attempt(&generator))
    default: .operation(operation(&generator))
    }
  }

  private static func attempt(_ generator: inout some RandomNumberGenerator) -> AttemptRecord {
    var attempt = AttemptRecord(
      identity: identity(&generator), attempt: ordinal(&generator),
      maxAttempts: maybe(&generator) { .random(in: .min ... .max, using: &$0) },
      outcome: member(&generator), latencyMilliseconds: amount(&generator),
      decision: member(&generator))
    if attempt.attempt > 1 {
      attempt.sleptSource = member(&generator)
      attempt.retryReason = member(&generator)
      attempt.sleptMilliseconds = amount(&generator)
    }
    attempt.error = ErrorFacts(
      httpStatus: maybe(&generator) { .random(in: .min ... .max, using: &$0) },
      layer: maybe(&generator) { member(&$0) }, type: maybe(&generator) { text(&$0) },
      code: maybe(&generator) { text(&$0) }, parameter: maybe(&generator) { text(&$0) },
      message: maybe(&generator) { text(&$0) })
    if attempt.outcome == .failure { attempt.error.errorClass = member(&generator) }
    attempt.retryAfterMilliseconds = maybe(&generator) { amount(&$0) }
    attempt.retryAfterSource = maybe(&generator) { member(&$0) }
    attempt.backoffMilliseconds = maybe(&generator) { amount(&$0) }
    attempt.backoffSource = maybe(&generator) { member(&$0) }
    attempt.requestSent = maybe(&generator) { member(&$0) }
    attempt.quota = Quota(
      name: maybe(&generator) { text(&$0) }, limit: maybe(&generator) { -amount(&$0) },
      remaining: maybe(&generator) { amount(&$0) },
      reset: maybe(&generator) {
        Timestamp(microseconds: .random(in: 0..<1 << 50, using: &$0))
      })
    attempt.requestID = maybe(&generator) { text(&$0) }
    attempt.jobID = maybe(&generator) { text(&$0) }
    attempt.audioSeconds = maybe(&generator) { amount(&$0) }
    attempt.traceID = maybe(&generator) { text(&$0) }
    attempt.spanID = maybe(&generator) { text(&$0) }
    return attempt
  }

  private static func operation(_ generator: inout some RandomNumberGenerator) -> OperationRecord {
    var operation = OperationRecord(
      identity: identity(&generator), outcome: member(&generator),
      retried: .random(using: &generator), attempts: count(&generator),
      durationMilliseconds: amount(&generator), sleptMilliseconds: amount(&generator))
    operation.httpStatus = maybe(&generator) { .random(in: 100..<600, using: &$0) }
    if operation.outcome != .success { operation.errorClass = maybe(&generator) { member(&$0) } }
    operation.errorType = maybe(&generator) { text(&$0) }
    operation.errorCode = maybe(&generator) { text(&$0) }
    operation.jobID = maybe(&generator) { text(&$0) }
    operation.audioSeconds = maybe(&generator) { amount(&$0) }
    operation.traceID = maybe(&generator) { text(&$0) }
    return operation
  }

  private static func identity(
    _ generator: inout some RandomNumberGenerator
  ) -> OperationIdentity {
    OperationIdentity(
      provider: text(&generator), account: maybe(&generator) { text(&$0) },
      operation: text(&generator), operationID: text(&generator),
      parentID: maybe(&generator) { text(&$0) })
  }

  private static func maybe<Value, Generator: RandomNumberGenerator>(
    _ generator: inout Generator, _ value: (inout Generator) -> Value
  ) -> Value? {
    Bool.random(using: &generator) ? value(&generator) : nil
  }

  private static func member<Set: ClosedSet>(
    _ generator: inout some RandomNumberGenerator
  ) -> Set {
    Set.allCases.filter(\.isWritten).randomElement(using: &generator) ?? .substitute
  }

  private static func ordinal(_ generator: inout some RandomNumberGenerator) -> Int64 {
    .random(in: 1...(Bool.random(using: &generator) ? 3 : .max), using: &generator)
  }

  private static func count(_ generator: inout some RandomNumberGenerator) -> Int64 {
    .random(in: 0...(Bool.random(using: &generator) ? 3 : .max), using: &generator)
  }

  /// Whole milliseconds, microseconds, or any finite double that is not negative.
  private static func amount(_ generator: inout some RandomNumberGenerator) -> Double {
    switch Int.random(in: 0..<4, using: &generator) {
    case 0: return Double(Int.random(in: 0..<100_000, using: &generator))
    case 1: return Double(Int.random(in: 0..<1_000_000_000, using: &generator)) / 1000
    case 2: return Double.random(in: 0..<1, using: &generator)
    default:
      let bits = UInt64.random(in: 0..<Double.infinity.bitPattern, using: &generator)
      return Double(bitPattern: bits)
    }
  }

  /// Short texts of plain, quoted, control, wide and combined characters.
  private static func text(_ generator: inout some RandomNumberGenerator) -> String {
    let alphabet: [String] = [
      "a", "Z", "7", " ", "\"", "\\", "/", "\n", "\r", "\t", "\0", "\u{1B}", "\u{7F}", "\u{9B}",
      "é", "e\u{301}", "ሰላም", "☕", "😀", "\u{202E}", "\u{2028}", "{", "}", #"{"v":1,"kind":""#,
    ]
    return (0..<Int.random(in: 0..<12, using: &generator)).map { _ in
      alphabet.randomElement(using: &generator) ?? ""
    }.joined()
  }
}

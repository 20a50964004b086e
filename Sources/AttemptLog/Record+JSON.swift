/// Turns records into lines of the log.
///
/// Keys stand in the order of the schema's tables, without white space; a key without a value is
/// left out. Every line begins with `LineWriter.prefix`, which cannot occur inside a JSON string, so
/// that a reader finds the next record even behind a torn one.
public struct LineWriter: Sendable {
  /// The longest line, with its newline.
  public static let lineBytesMax = 4000
  /// The longest `error_message`, in Unicode scalars.
  public static let messageScalarsMax = 256
  /// What every line begins with.
  public static let prefix: [UInt8] = Array(#"{"v":1,"kind":""#.utf8)

  /// The optional keys that a line which is too long gives up, in this order.
  static let expendable: [Key] = [
    .errorMessage, .errorParam, .spanID, .traceID, .requestID, .account, .errorCode, .errorType,
    .quotaName, .jobID, .parentID, .process, .host, .version,
  ]

  public init() {}

  /// Appends the line of a record with its newline; if it throws, `bytes` are as before.
  public func append(_ record: Record, to bytes: inout [UInt8]) throws(LineWriterError) {
    let start = bytes.count
    var omitted = KeySet()
    do throws(LineWriterError) {
      try Line.append(record, omitting: omitted, to: &bytes)
      for key in Self.expendable where bytes.count - start > Self.lineBytesMax {
        omitted.insert(key)
        bytes.removeSubrange(start...)
        try Line.append(record, omitting: omitted, to: &bytes)
      }
      let count = bytes.count - start
      if count > Self.lineBytesMax { throw .tooLarge(bytes: count) }
    } catch {
      bytes.removeSubrange(start...)
      throw error
    }
  }
}

/// Why a record cannot be written.
public enum LineWriterError: Error, Equatable, CustomStringConvertible {
  /// Without its optional keys the line still has so many bytes.
  case tooLarge(bytes: Int)
  /// A reader would reject a line with this value.
  case outOfRange(Key)

  public var description: String {
    switch self {
    case .tooLarge(let bytes):
      "record too large: \(bytes) bytes, at most \(LineWriter.lineBytesMax)"
    case .outOfRange(let key):
      "\(key.name) out of range: the schema has no such value"
    }
  }
}

/// One line in the making.
private struct Line: ~Copyable {
  var bytes: [UInt8]
  let omitted: KeySet
  var error: LineWriterError?
  private let table = KeyTable.shared

  static func append(
    _ record: Record, omitting omitted: KeySet, to bytes: inout [UInt8]
  ) throws(LineWriterError) {
    var line = Line(bytes: [], omitted: omitted)
    swap(&line.bytes, &bytes)
    line.append(record)
    swap(&line.bytes, &bytes)
    if let error = line.error { throw error }
  }

  private init(bytes: [UInt8], omitted: KeySet) {
    self.bytes = bytes
    self.omitted = omitted
  }

  private mutating func append(_ record: Record) {
    bytes += LineWriter.prefix
    bytes += record.event.kind.rawValue.utf8
    bytes += #"","time":""#.utf8
    record.time.append(to: &bytes)
    bytes.append(UInt8(ascii: "\""))
    field(.writer, record.writer)
    ordinal(.seq, record.seq)
    switch record.event {
    case .segment(let segment):
      field(.segment, segment.id)
      count(.number, segment.number)
    case .writerStart(let start):
      field(.version, start.version)
      field(.host, start.host)
      integer(.pid, start.pid)
      field(.process, start.process)
    case .attemptStart(let start):
      identity(start.identity)
      ordinal(.attempt, start.attempt)
    case .attempt(let attempt): fields(attempt)
    case .operation(let operation): fields(operation)
    case .dropped(let count): self.count(.count, count)
    case .writerStop: break
    }
    bytes.append(UInt8(ascii: "}"))
    bytes.append(UInt8(ascii: "\n"))
  }

  private mutating func identity(_ identity: OperationIdentity) {
    field(.provider, identity.provider)
    field(.account, identity.account)
    field(.operation, identity.operation)
    field(.operationID, identity.operationID)
    field(.parentID, identity.parentID)
  }

  private mutating func fields(_ attempt: AttemptRecord) {
    identity(attempt.identity)
    ordinal(.attempt, attempt.attempt)
    integer(.maxAttempts, attempt.maxAttempts)
    field(.outcome, attempt.outcome.rawValue)
    amount(.latencyMs, attempt.latencyMilliseconds)
    amount(.sleptMs, attempt.sleptMilliseconds)
    field(.sleptSource, attempt.sleptSource?.rawValue)
    field(.retryReason, attempt.retryReason?.rawValue)
    integer(.httpStatus, attempt.error.httpStatus)
    field(.errorLayer, attempt.error.layer?.rawValue)
    field(.errorClass, attempt.error.errorClass?.rawValue)
    field(.errorType, attempt.error.type)
    field(.errorCode, attempt.error.code)
    field(.errorParam, attempt.error.parameter)
    field(.errorMessage, attempt.error.message, scalarsMax: LineWriter.messageScalarsMax)
    amount(.retryAfterMs, attempt.retryAfterMilliseconds)
    field(.retryAfterSource, attempt.retryAfterSource?.rawValue)
    field(.decision, attempt.decision.rawValue)
    amount(.backoffMs, attempt.backoffMilliseconds)
    field(.backoffSource, attempt.backoffSource?.rawValue)
    field(.requestSent, attempt.requestSent?.rawValue)
    field(.quotaName, attempt.quota.name)
    number(.quotaLimit, attempt.quota.limit)
    number(.quotaRemaining, attempt.quota.remaining)
    time(.quotaReset, attempt.quota.reset)
    field(.requestID, attempt.requestID)
    field(.jobID, attempt.jobID)
    amount(.audioSeconds, attempt.audioSeconds)
    field(.traceID, attempt.traceID)
    field(.spanID, attempt.spanID)
  }

  private mutating func fields(_ operation: OperationRecord) {
    identity(operation.identity)
    if operation.outcome.isWritten {
      field(.outcome, operation.outcome.rawValue)
    } else {
      error = .outOfRange(.outcome)
    }
    if key(.retried) { bytes += (operation.retried ? "true" : "false").utf8 }
    count(.attempts, operation.attempts)
    amount(.durationMs, operation.durationMilliseconds)
    amount(.sleptMs, operation.sleptMilliseconds)
    integer(.httpStatus, operation.httpStatus)
    field(.errorClass, operation.errorClass?.rawValue)
    field(.errorType, operation.errorType)
    field(.errorCode, operation.errorCode)
    field(.jobID, operation.jobID)
    amount(.audioSeconds, operation.audioSeconds)
    field(.traceID, operation.traceID)
  }
}

// MARK: - Values

extension Line {
  /// Begins a field; false if the key is left out.
  private mutating func key(_ key: Key) -> Bool {
    if omitted.contains(key) { return false }
    table.appendFieldStart(key, to: &bytes)
    return true
  }

  private mutating func field(_ key: Key, _ text: String?, scalarsMax: Int = .max) {
    guard let text, self.key(key) else { return }
    bytes.appendJSONString(text, scalarsMax: scalarsMax)
  }

  private mutating func time(_ key: Key, _ time: Timestamp?) {
    guard let time, self.key(key) else { return }
    bytes.append(UInt8(ascii: "\""))
    time.append(to: &bytes)
    bytes.append(UInt8(ascii: "\""))
  }

  private mutating func integer(_ key: Key, _ value: Int64?, atLeast least: Int64 = .min) {
    guard let value else { return }
    guard value >= least else { return error = .outOfRange(key) }
    if self.key(key) { bytes += String(value).utf8 }
  }

  private mutating func count(_ key: Key, _ value: Int64?) {
    integer(key, value, atLeast: 0)
  }

  private mutating func ordinal(_ key: Key, _ value: Int64) {
    integer(key, value, atLeast: 1)
  }

  private mutating func number(_ key: Key, _ value: Double?) {
    guard let value else { return }
    guard value.isFinite else { return error = .outOfRange(key) }
    if self.key(key) { bytes.appendJSONNumber(value) }
  }

  private mutating func amount(_ key: Key, _ value: Double?) {
    guard let value else { return }
    guard value >= 0 else { return error = .outOfRange(key) }
    number(key, value)
  }
}

extension Event {
  public var kind: RecordKind {
    switch self {
    case .segment: .segment
    case .writerStart: .writerStart
    case .attemptStart: .attemptStart
    case .attempt: .attempt
    case .operation: .operation
    case .dropped: .dropped
    case .writerStop: .writerStop
    }
  }
}

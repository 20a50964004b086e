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
    var omitted = KeySet()
    var given = 0
    while let problem = write(record, omitting: omitted, to: &bytes) {
      guard problem == .tooLarge, given < Self.expendable.count else { throw problem }
      omitted.insert(Self.expendable[given])
      given += 1
    }
  }

  /// Appends a line that fits, or nothing.
  private func write(
    _ record: Record, omitting omitted: KeySet, to bytes: inout [UInt8]
  ) -> LineWriterError? {
    var line = Line(omitted: omitted)
    bytes.append(addingCapacity: Self.lineBytesMax) { (output: inout OutputSpan<UInt8>) in
      line.write(record.head, to: &output)
      line.write(record.event, to: &output)
      if line.problem != nil { output.removeAll() }
    }
    return line.problem
  }

  /// Appends what a line begins with.
  func append(_ head: LineHead, to output: inout OutputSpan<UInt8>) {
    var line = Line(omitted: KeySet())
    line.write(head, to: &output)
    precondition(line.problem == nil, "a head fits and has a number, got \(head)")
  }

  /// Gives `use` what follows the head of the event's line, with its newline, so that head and body
  /// are a line that is not too long.
  func withBody(
    of event: borrowing Event, headBytes: Int, _ use: (Span<UInt8>) -> Void
  ) throws(LineWriterError) {
    let room = max(0, Self.lineBytesMax - headBytes)
    // Most bodies fit what is taken from the stack; more memory costs an allocation.
    if room > Self.stackBytesMax,
      write(event, omitting: KeySet(), room: Self.stackBytesMax, use) == nil
    {
      return
    }
    var omitted = KeySet()
    var given = 0
    while let problem = write(event, omitting: omitted, room: room, use) {
      guard problem == .tooLarge, given < Self.expendable.count else { throw problem }
      omitted.insert(Self.expendable[given])
      given += 1
    }
  }

  /// What `withUnsafeTemporaryAllocation` takes from the stack.
  private static let stackBytesMax = 1024

  /// Gives `use` a body that fits, or nothing.
  private func write(
    _ event: borrowing Event, omitting omitted: KeySet, room: Int, _ use: (Span<UInt8>) -> Void
  ) -> LineWriterError? {
    unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: room) { memory in
      var output = unsafe OutputSpan(buffer: memory, initializedCount: 0)
      var line = Line(omitted: omitted)
      line.write(event, to: &output)
      if line.problem == nil { use(output.span) }
      return line.problem
    }
  }
}

/// What every line begins with, up to its `seq`.
struct LineHead {
  var kind: RecordKind
  var time: Timestamp
  var writer: String
  var seq: Int64

  /// With a writer of 16 hex digits, in bytes.
  static let bytesMax = 160

  /// How long it is, with a writer of 16 hex digits, in bytes.
  static func bytes(_ kind: RecordKind, seq: Int64) -> Int {
    let fixed = LineWriter.prefix.count + #"","time":"","writer":"","seq":"#.utf8.count
    return fixed + kind.rawValue.utf8.count + Timestamp.rfc3339BytesMax + 16
      + seq.magnitude.decimalDigitCount
  }
}

extension Record {
  var head: LineHead { LineHead(kind: event.kind, time: time, writer: writer, seq: seq) }
}

/// Why a record cannot be written.
public enum LineWriterError: Error, Equatable, CustomStringConvertible {
  /// Without its optional keys the line is still too long.
  case tooLarge
  /// A reader would reject a line with this value.
  case outOfRange(Key)

  public var description: String {
    switch self {
    case .tooLarge:
      "record too large: more than \(LineWriter.lineBytesMax) bytes without its optional keys"
    case .outOfRange(let key):
      "\(key.name) out of range: the schema has no such value"
    }
  }
}

/// One line in the making.
///
/// It writes into memory that is there already: a line costs neither an allocation nor a reference
/// count for each piece.
private struct Line: ~Copyable {
  let omitted: KeySet
  /// What ended it; nothing is written after that.
  private(set) var problem: LineWriterError?
  private let starts = KeyTable.shared.fieldStarts
  private let counts = KeyTable.shared.fieldCounts

  init(omitted: KeySet) {
    self.omitted = omitted
  }

  mutating func write(_ head: LineHead, to output: inout OutputSpan<UInt8>) {
    let prefix = LineWriter.prefix
    append(prefix.span, to: &output)
    append(head.kind.rawValue.utf8.span, to: &output)
    append(#"","time":""#.utf8.span, to: &output)
    if hasRoom(Timestamp.rfc3339BytesMax + 1, in: output) {
      head.time.append(to: &output, .six)
      output.append(UInt8(ascii: "\""))
    }
    field(.writer, head.writer, &output)
    ordinal(.seq, head.seq, &output)
  }

  mutating func write(_ event: borrowing Event, to output: inout OutputSpan<UInt8>) {
    switch event {
    case .segment(let segment):
      field(.segment, segment.id, &output)
      count(.number, segment.number, &output)
    case .writerStart(let start):
      field(.version, start.version, &output)
      field(.host, start.host, &output)
      integer(.pid, start.pid, &output)
      field(.process, start.process, &output)
    case .attemptStart(let start):
      identity(start.identity, &output)
      ordinal(.attempt, start.attempt, &output)
    case .attempt(let attempt): fields(attempt, &output)
    case .operation(let operation): fields(operation, &output)
    case .dropped(let count, let reason):
      self.count(.count, count, &output)
      field(.reason, reason, &output)
    case .writerStop: break
    }
    append("}\n".utf8.span, to: &output)
  }

  private mutating func identity(
    _ identity: borrowing OperationIdentity, _ output: inout OutputSpan<UInt8>
  ) {
    field(.provider, identity.provider, &output)
    field(.account, identity.account, &output)
    field(.operation, identity.operation, &output)
    field(.operationID, identity.operationID, &output)
    field(.parentID, identity.parentID, &output)
  }

  private mutating func fields(
    _ attempt: borrowing AttemptRecord, _ output: inout OutputSpan<UInt8>
  ) {
    identity(attempt.identity, &output)
    ordinal(.attempt, attempt.attempt, &output)
    integer(.maxAttempts, attempt.maxAttempts, &output)
    field(.outcome, attempt.outcome.rawValue, &output)
    amount(.latencyMs, attempt.latencyMilliseconds, &output)
    amount(.sleptMs, attempt.sleptMilliseconds, &output)
    field(.sleptSource, attempt.sleptSource?.rawValue, &output)
    field(.retryReason, attempt.retryReason?.rawValue, &output)
    integer(.httpStatus, attempt.error.httpStatus, &output)
    field(.errorLayer, attempt.error.layer?.rawValue, &output)
    field(.errorClass, attempt.error.errorClass?.rawValue, &output)
    field(.errorType, attempt.error.type, &output)
    field(.errorCode, attempt.error.code, &output)
    field(.errorParam, attempt.error.parameter, &output)
    field(.errorMessage, attempt.error.message, &output, scalarsMax: LineWriter.messageScalarsMax)
    amount(.retryAfterMs, Self.known(attempt.retryAfterMilliseconds, atLeast: 0), &output)
    field(.retryAfterSource, attempt.retryAfterSource?.rawValue, &output)
    field(.decision, attempt.decision.rawValue, &output)
    amount(.backoffMs, attempt.backoffMilliseconds, &output)
    field(.backoffSource, attempt.backoffSource?.rawValue, &output)
    field(.requestSent, attempt.requestSent?.rawValue, &output)
    field(.quotaName, attempt.quota.name, &output)
    number(.quotaLimit, Self.known(attempt.quota.limit), &output)
    number(.quotaRemaining, Self.known(attempt.quota.remaining), &output)
    time(.quotaReset, attempt.quota.reset, &output)
    field(.requestID, attempt.requestID, &output)
    field(.jobID, attempt.jobID, &output)
    amount(.audioSeconds, Self.known(attempt.audioSeconds, atLeast: 0), &output)
    field(.traceID, attempt.traceID, &output)
    field(.spanID, attempt.spanID, &output)
  }

  private mutating func fields(
    _ operation: borrowing OperationRecord, _ output: inout OutputSpan<UInt8>
  ) {
    identity(operation.identity, &output)
    if operation.outcome.isWritten {
      field(.outcome, operation.outcome.rawValue, &output)
    } else {
      refuse(.outOfRange(.outcome))
    }
    if key(.retried, &output) {
      append((operation.retried ? "true" : "false").utf8.span, to: &output)
    }
    count(.attempts, operation.attempts, &output)
    amount(.durationMs, operation.durationMilliseconds, &output)
    amount(.sleptMs, operation.sleptMilliseconds, &output)
    integer(.httpStatus, operation.httpStatus, &output)
    field(.errorClass, operation.errorClass?.rawValue, &output)
    field(.errorType, operation.errorType, &output)
    field(.errorCode, operation.errorCode, &output)
    field(.jobID, operation.jobID, &output)
    amount(.audioSeconds, Self.known(operation.audioSeconds, atLeast: 0), &output)
    field(.traceID, operation.traceID, &output)
  }
}

// MARK: - Values

extension Line {
  private mutating func refuse(_ problem: LineWriterError) {
    self.problem = self.problem ?? problem
  }

  private mutating func hasRoom(_ count: Int, in output: borrowing OutputSpan<UInt8>) -> Bool {
    if count > output.freeCapacity { refuse(.tooLarge) }
    return problem == nil
  }

  private mutating func append(_ bytes: Span<UInt8>, to output: inout OutputSpan<UInt8>) {
    if hasRoom(bytes.count, in: output) { output.append(bytes) }
  }

  /// Begins a field; false if the key is left out or the line has ended.
  private mutating func key(_ key: Key, _ output: inout OutputSpan<UInt8>) -> Bool {
    if problem != nil || omitted.contains(key) { return false }
    let index = Int(key.rawValue)
    let count = counts[index]
    if hasRoom(count, in: output) { output.append(starts.span, row: index, count: count) }
    return problem == nil
  }

  private mutating func field(
    _ key: Key, _ text: String?, _ output: inout OutputSpan<UInt8>, scalarsMax: Int = .max
  ) {
    guard let text, self.key(key, &output) else { return }
    if !output.appendJSONString(text, scalarsMax: scalarsMax) { refuse(.tooLarge) }
  }

  private mutating func time(
    _ key: Key, _ time: Timestamp?, _ output: inout OutputSpan<UInt8>
  ) {
    guard let time, self.key(key, &output) else { return }
    guard hasRoom(Timestamp.rfc3339BytesMax + 2, in: output) else { return }
    output.append(UInt8(ascii: "\""))
    time.append(to: &output, .six)
    output.append(UInt8(ascii: "\""))
  }

  private mutating func integer(
    _ key: Key, _ value: Int64?, atLeast least: Int64 = .min, _ output: inout OutputSpan<UInt8>
  ) {
    guard let value else { return }
    guard value >= least else { return refuse(.outOfRange(key)) }
    guard self.key(key, &output) else { return }
    let count = value.magnitude.decimalDigitCount + (value < 0 ? 1 : 0)
    if hasRoom(count, in: output) { output.appendInteger(value) }
  }

  private mutating func count(
    _ key: Key, _ value: Int64?, _ output: inout OutputSpan<UInt8>
  ) {
    integer(key, value, atLeast: 0, &output)
  }

  private mutating func ordinal(
    _ key: Key, _ value: Int64, _ output: inout OutputSpan<UInt8>
  ) {
    integer(key, value, atLeast: 1, &output)
  }

  private mutating func number(
    _ key: Key, _ value: Double?, _ output: inout OutputSpan<UInt8>
  ) {
    guard let value else { return }
    guard value.isFinite else { return refuse(.outOfRange(key)) }
    guard self.key(key, &output) else { return }
    if output.freeCapacity >= Double.jsonBytesMax {
      output.appendJSONNumber(value)
    } else {
      // Near the end of the longest line its own length decides.
      var text: [UInt8] = []
      text.appendJSONNumber(value)
      append(text.span, to: &output)
    }
  }

  /// Nil for what a caller may note who does not know it, such as a NaN: an optional key is left out rather
  /// than a whole line.
  private static func known(_ value: Double?, atLeast least: Double = -.infinity) -> Double? {
    value.flatMap { $0.isFinite && $0 >= least ? $0 : nil }
  }

  private mutating func amount(
    _ key: Key, _ value: Double?, _ output: inout OutputSpan<UInt8>
  ) {
    guard let value else { return }
    guard value >= 0 else { return refuse(.outOfRange(key)) }
    number(key, value, &output)
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

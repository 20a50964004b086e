import AttemptLog

/// An accepted line as it is counted: its texts are numbers, for which a `LineNames` has the texts.
///
/// What only some kinds have stands in an `EventList`.
struct LogEvent: Sendable {
  let kind: RecordKind
  /// Keys with a value outside their closed set.
  var unmapped = UnmappedKeys()
  /// What the line tells, if it does: of an operation for the three kinds that are about one, of a
  /// process for a `writer_start`.
  fileprivate(set) var hasContent = false
  /// Whether the operation has a parent.
  fileprivate(set) var hasParent = false
  fileprivate var narrowWriter: UInt32
  fileprivate var narrowScope: UInt32 = 0
  let time: Timestamp
  /// From 1.
  let seq: Int64
  /// Of an `attempt_start` the attempt's number, of a `dropped` how many.
  fileprivate(set) var number: Int64 = 0
  fileprivate(set) var id = ByteHasher.Key.zero
  fileprivate var parentID = ByteHasher.Key.zero

  init(_ fields: borrowing LineScanner, writer: Int) {
    kind = fields.kind
    time = fields.time
    seq = fields.seq
    narrowWriter = UInt32(writer)
  }

  var writer: Int { Int(narrowWriter) }
  /// Number of the (provider, operation) pair.
  var scope: Int { Int(narrowScope) }
  var parent: ByteHasher.Key? { hasParent ? parentID : nil }
  /// Of a `writer_start` with content.
  var process: WriterProcess { WriterProcess(id: id, host: parentID) }
}

/// The lines of a part of a log, in their order.
struct EventList: Sendable {
  private(set) var lines: [LogEvent] = []
  /// Those of the lines of their kind that have content, in the same order.
  private(set) var attempts: [AttemptEvent] = []
  private(set) var operations: [OperationEvent] = []
  private(set) var dropReasons: [DropReason] = []
  /// The ids of the attempts and operations that failed, in the order of their lines.
  private(set) var failureIDs: [OperationID] = []

  mutating func append(_ line: LogEvent) {
    lines.append(line)
  }

  mutating func append(_ line: LogEvent, _ subject: Subject, startOf number: Int64) {
    append(line, subject)
    lines[lines.count - 1].number = number
  }

  /// - Parameter id: only asked for if the attempt failed.
  mutating func append(
    _ line: LogEvent, _ subject: Subject, _ attempt: AttemptEvent,
    id: @autoclosure () -> OperationID
  ) {
    append(line, subject)
    attempts.append(attempt)
    if attempt.hasFailed { failureIDs.append(id()) }
  }

  /// - Parameter id: only asked for if the operation did not succeed.
  mutating func append(
    _ line: LogEvent, _ subject: Subject, _ operation: OperationEvent,
    id: @autoclosure () -> OperationID
  ) {
    append(line, subject)
    operations.append(operation)
    if operation.hasFailed { failureIDs.append(id()) }
  }

  mutating func append(_ line: LogEvent, _ process: WriterProcess) {
    append(line)
    lines[lines.count - 1].hasContent = true
    lines[lines.count - 1].id = process.id
    lines[lines.count - 1].parentID = process.host
  }

  mutating func append(_ line: LogEvent, dropped: Int64, _ reason: DropReason) {
    append(line)
    lines[lines.count - 1].hasContent = true
    lines[lines.count - 1].number = dropped
    dropReasons.append(reason)
  }

  private mutating func append(_ line: LogEvent, _ subject: Subject) {
    var line = line
    line.hasContent = true
    line.id = subject.id
    line.parentID = subject.parent ?? .zero
    line.hasParent = subject.parent != nil
    line.narrowScope = UInt32(subject.scope)
    lines.append(line)
  }

  mutating func removeAll() {
    lines.removeAll(keepingCapacity: true)
    attempts.removeAll(keepingCapacity: true)
    operations.removeAll(keepingCapacity: true)
    dropReasons.removeAll(keepingCapacity: true)
    failureIDs.removeAll(keepingCapacity: true)
  }

  /// An empty list with room for as many.
  func emptied() -> EventList {
    var list = EventList()
    list.lines.reserveCapacity(lines.count)
    list.attempts.reserveCapacity(attempts.count)
    list.operations.reserveCapacity(operations.count)
    return list
  }
}

/// The `operation_id` of a failure, as an example that leads to lines of the log.
///
/// Only one that is printable ASCII without quotes and backslashes, and not long: a part of it, or
/// another spelling, would lead to no line.
public struct OperationID: Hashable, Sendable {
  public static let bytesMax = 64

  /// Empty if it is no example.
  private(set) var bytes: [UInt8] = []

  init() {}

  init(_ text: Span<UInt8>) {
    guard text.count <= Self.bytesMax else { return }
    for index in 0..<text.count where !Self.isPlain(text[index]) { return }
    bytes = [UInt8](copying: text)
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
  }

  /// Nil if it is no example.
  public var text: String? { bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self) }
}

extension OperationID: StateCoded {
  mutating func code(with coder: inout StateCoder) {
    coder.code(&bytes)
    coder.check(bytes.count <= Self.bytesMax && bytes.allSatisfy(Self.isPlain))
  }
}

/// The process of a writer.
public struct WriterProcess: Sendable {
  /// Stands for the host and the process id on it.
  let id: ByteHasher.Key
  /// Stands for the name of the host.
  let host: ByteHasher.Key
}

/// Which operation a line is about.
struct Subject: Sendable {
  let id: ByteHasher.Key
  let parent: ByteHasher.Key?
  /// Number of the (provider, operation) pair.
  let scope: Int
}

/// A set of `LogLedger.restrictedKeys`.
struct UnmappedKeys: OptionSet, Sendable {
  let rawValue: UInt8

  static func key(at index: Int) -> Self { Self(rawValue: 1 << UInt8(index)) }
}

/// An `attempt` line.
struct AttemptEvent: Sendable {
  /// When it ended.
  var time: Timestamp
  var figures: AttemptFigures
  /// The planned sleep, if the decision is to retry.
  var plannedBackoffMilliseconds: Double?
  /// There was a response.
  var hasStatus: Bool
  /// Number of how the provider names the error; nil for a success.
  var error: UInt32?
  /// Number of the provider and account; nil if neither a quota nor a key can be judged by it.
  var account: UInt32?
  var signal: QuotaSignal?
  var reading: QuotaReading?

  /// Time − latency.
  var began: Timestamp { time.advanced(byMilliseconds: -figures.latencyMilliseconds) }

  /// The end of the planned sleep.
  var plannedUntil: Timestamp? {
    plannedBackoffMilliseconds.map { time.advanced(byMilliseconds: $0) }
  }

  var hasFailed: Bool { figures.errorClass != nil }

  /// Whether the provider answered and no quota refused: what ends an episode.
  var isAccepted: Bool {
    hasStatus && figures.errorClass?.quota == nil && figures.errorClass != .cancelled
  }

  /// Whether it begins, goes on with or ends an episode of a quota.
  var concernsQuota: Bool { signal != nil || isAccepted }
}

/// What tallies count of an attempt.
struct AttemptFigures: Sendable {
  /// From 1.
  var number: Int64
  var latencyMilliseconds: Double
  var sleptMilliseconds: Double?
  var audioSeconds: Double?
  /// Nil for a success.
  var errorClass: ErrorClass?
  /// Of a retry.
  var retryReason: ErrorClass
  var sleptSource: DelaySource

  var result: CallResult { errorClass == nil ? .success : .failure }
}

/// An `operation` line, or an operation without an end.
struct OperationEvent: Sendable {
  var outcome: OperationOutcome
  /// When it ended, or its last sign of life.
  var time: Timestamp
  var isRetried: Bool
  var attempts: Int64
  /// Nil if it is abandoned.
  var durationMilliseconds: Double?
  var sleptMilliseconds: Double
  /// Of a failure.
  var errorClass: ErrorClass?
  /// Number of how the provider names the error; nil for a success.
  var error: UInt32?

  var result: CallResult { outcome == .success ? .success : .failure }

  var hasFailed: Bool { outcome != .success }

  /// Whether it is in O′ and did not succeed.
  var isFailure: Bool { outcome != .success && outcome.isFateKnown }
}

extension OperationEvent {
  /// An operation that was given up silently.
  init(abandonedAt time: Timestamp, attempts: Int64, isRetried: Bool) {
    self.init(
      outcome: .abandoned, time: time, isRetried: isRetried, attempts: attempts,
      durationMilliseconds: nil, sleptMilliseconds: 0, errorClass: nil, error: nil)
  }
}

/// What a response said of a quota.
struct QuotaReading: Sendable {
  /// Number of its name; nil if it has none.
  var quota: UInt32?
  var limit: Double?
  var remaining: Double?
}

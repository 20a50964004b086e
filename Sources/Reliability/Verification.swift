public import AttemptLog

/// Whether every line of some logs is sound and none is missing.
///
/// What is wrong is kept as findings until they are taken, a bounded number of each reason; the
/// totals are exact.
public struct Verification: RecordSink {
  public private(set) var log: LogLedger
  /// Records that share their line with something else: those behind a torn one, say.
  public private(set) var recovered = 0
  public private(set) var blankLines = 0
  public private(set) var files = 0
  /// Lines as newlines end them.
  public private(set) var lines = 0
  /// Of complete lines.
  public private(set) var bytes: Int64 = 0
  /// Ends of active files that are no lines yet.
  public private(set) var unfinished: [UnfinishedLine] = []
  /// Values that do not count as they stand, in reading order, though the lines that have them are sound:
  /// the first few outside the closed set of each key, and optional keys of another type.
  public private(set) var oddValues: [OddValue] = []
  /// Findings that were not kept because there were too many of their reason.
  public private(set) var leftOut: [RejectionReason: Int] = [:]
  /// Files of which the rest cannot be read.
  public private(set) var damagedFiles = 0

  private var findings: [Finding] = []
  private var kept: [RejectionReason: Int] = [:]
  private var follower: LogFollower?
  private var reader: EventReader
  private var map = NameMap()
  /// Only used while one line is accepted.
  private var events = EventList()

  /// Findings of each reason that are kept.
  public static let findingsMax = 50
  /// Values outside a closed set that are kept of each key.
  public static let unmappedValuesMax = 5
  /// What is read between two looks at the findings.
  static let bytesOfPass = 4 << 20

  /// Bytes behind the last newline of a file that may grow.
  public struct UnfinishedLine: Equatable, Sendable {
    public let path: String
    /// Where it begins.
    public let position: LinePosition
    public let bytes: Int
  }

  /// A value that does not count as it stands.
  public struct OddValue: Equatable, Sendable {
    public enum Cause: Equatable, Sendable {
      /// This untrusted value is outside the closed set; the format says as what it counts.
      case unmapped(String)
      /// Not of the expected type, so that the key counts as absent.
      case illTyped(expected: SchemaExpectation)

      /// The one outside a closed set.
      public var value: String? { if case .unmapped(let value) = self { value } else { nil } }
    }

    public let key: Key
    public let cause: Cause
    /// Where it is met first.
    public let path: String
    public let position: LinePosition
    /// Lines that have it.
    public fileprivate(set) var count = 1
  }

  public init() {
    let hasher = ByteHasher()
    log = LogLedger(limits: .mostWriters, hasher: hasher)
    reader = EventReader(hasher: hasher)
  }

  /// Nothing was rejected, is missing, was lost by its writer or could not be checked.
  public var isSound: Bool {
    damagedFiles == 0 && !log.isIncomplete && log.duplicates == 0 && log.unchecked == 0
  }

  /// Reads some of a log.
  ///
  /// - Returns: whether there is more.
  public mutating func read(_ follower: LogFollower) throws(LogReadError) -> Bool {
    self.follower = follower
    defer { self.follower = nil }
    do throws(LogReadError) {
      return try follower.read(atLeast: Self.bytesOfPass, into: &self)
    } catch {
      guard error.costsOnlyRest else { throw error }
      damagedFiles += 1
      if damagedFiles <= Self.findingsMax { findings.append(.file(error)) }
      return true
    }
  }

  /// Counts what was read of a log; no more of it is read.
  public mutating func close(_ follower: LogFollower) {
    files += follower.filesRead
    lines += follower.linesRead
    bytes += follower.bytesRead
    if let (position, bytes) = follower.unfinishedLine {
      unfinished.append(
        UnfinishedLine(path: follower.path, position: position, bytes: bytes))
    }
  }

  /// What was found since the last time, in reading order.
  public mutating func takeFindings() -> [Finding] {
    defer { findings = [] }
    return findings
  }

  public mutating func accept(
    _ fields: LineScanner, _ line: Span<UInt8>, at position: LinePosition
  ) {
    if reader.renumberIfFull() { map = NameMap() }
    events.removeAll()
    reader.read(fields, line, into: &events)
    guard events.lines.allSatisfy({ log.accept($0, events.dropReasons.first, reader.names, &map) })
    else {
      let writer = fields.string(.writer, in: line) ?? ""
      return add(.duplicate(writer: writer, seq: fields.seq), line, at: position)
    }
    if position.isPiece { recovered += 1 }
    if let unmapped = events.lines.first?.unmapped, !unmapped.isEmpty {
      for (index, key) in LogLedger.restrictedKeys.enumerated()
      where unmapped.contains(.key(at: index)) {
        note(key, .unmapped(fields.string(key, in: line) ?? ""), at: position)
      }
    }
    for (key, expected) in fields.illTypedKeys(in: line) {
      note(key, .illTyped(expected: expected), at: position)
    }
  }

  private mutating func note(_ key: Key, _ cause: OddValue.Cause, at position: LinePosition) {
    if let known = oddValues.firstIndex(where: { $0.key == key && $0.cause == cause }) {
      oddValues[known].count += 1
      return
    }
    let isFull =
      cause.value != nil
      && oddValues.count(where: { $0.key == key && $0.cause.value != nil })
        >= Self.unmappedValuesMax
    guard !isFull else { return }
    oddValues.append(
      OddValue(key: key, cause: cause, path: follower?.path ?? "", position: position))
  }

  public mutating func reject(
    _ error: LineError, _ line: Span<UInt8>, at position: LinePosition
  ) {
    log.reject(error.reason)
    add(.rejected(error), line, at: position)
  }

  public mutating func passBlankLine(at position: LinePosition) {
    blankLines += 1
  }
}

extension Verification {
  private mutating func add(
    _ cause: RejectedLine.Cause, _ line: Span<UInt8>, at position: LinePosition
  ) {
    guard kept[cause.reason, default: 0] < Self.findingsMax else {
      leftOut[cause.reason, default: 0] += 1
      return
    }
    kept[cause.reason, default: 0] += 1
    let path = follower?.path ?? ""
    findings.append(
      .line(RejectedLine(path: path, position: position, cause: cause, line: line)))
  }
}

// As its follower.
@available(*, unavailable)
extension Verification: Sendable {}

extension LogLedger {
  /// Counts a line and the loss that it reports, unless it was read before.
  fileprivate mutating func accept(
    _ event: LogEvent, _ reason: DropReason?, _ names: LineNames, _ map: inout NameMap
  ) -> Bool {
    let writer = writer(event, names, &map)
    guard accept(event, writer: writer) else { return false }
    if let reason { countLoss(event, reason, writer: writer) }
    return true
  }
}

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
  /// What is read between two looks at the findings.
  static let bytesOfPass = 4 << 20

  /// Bytes behind the last newline of a file that may grow.
  public struct UnfinishedLine: Equatable, Sendable {
    public let path: String
    /// Where it begins.
    public let position: LinePosition
    public let bytes: Int
  }

  public init() {
    let hasher = ByteHasher()
    log = LogLedger(limits: .mostWriters, hasher: hasher)
    reader = EventReader(hasher: hasher)
  }

  /// Nothing was rejected, is missing, was lost by its writer or could not be checked.
  public var isSound: Bool {
    damagedFiles == 0 && log.damaged == 0 && log.duplicates == 0 && log.missing == 0
      && log.dropped == 0 && log.unchecked == 0 && truncations == 0
  }

  /// How often a writer saw that somebody else had cut its file.
  public var truncations: Int { log.losses[.truncatedByOthers]?.reports ?? 0 }

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

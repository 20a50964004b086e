public import AttemptLog

/// Where events are counted: over the life of the monitor, or by the windows of a report.
///
/// Numbers in events are those of a reader's names; a map says what they are here.
public protocol EventCounts: Sendable {
  /// Whether attempts are counted only when it is known where their operation ended.
  static var keepsAttempts: Bool { get }
  /// The number of the (provider, operation) pair with this name.
  mutating func scope(named name: ArraySlice<UInt8>) -> Int
  /// Takes note that a line was accepted.
  mutating func noteRecord(at time: Timestamp)
  /// Takes note of the process of a writer, of which lines may follow.
  mutating func noteProcess(_ process: WriterProcess, of writer: Int)
  /// Counts that a line is about a pair.
  mutating func noteLine(of scope: Int, at time: Timestamp)
  /// Counts an attempt, or gives what is to be kept until it is settled.
  mutating func count(
    _ attempt: AttemptLine, _ names: LineNames, _ map: inout NameMap
  ) -> KeptAttempt?
  mutating func count(_ operation: OperationLine, _ names: LineNames, _ map: inout NameMap)
  /// Counts an operation that was given up silently.
  mutating func countAbandoned(_ operation: OperationLine)
  /// Takes the attempts of an operation that is forgotten; it has an end if one was read.
  mutating func settle(_ attempts: SettledAttempts)
  /// Takes note that lines were lost, at about this time.
  mutating func noteLoss(_ loss: LineLoss, at time: Timestamp)
  /// Concludes what depends on all that was read, and on the present time.
  mutating func judge(at now: Timestamp)
}

extension EventCounts {
  public mutating func noteRecord(at time: Timestamp) {}
  public mutating func noteProcess(_ process: WriterProcess, of writer: Int) {}
  public mutating func noteLoss(_ loss: LineLoss, at time: Timestamp) {}
}

/// How a line can be lost.
public enum LineLoss: CaseIterable, Hashable, Sendable {
  /// Read, but not accepted.
  case rejected
  /// Its number is missing.
  case missing
  /// Its writer could not write it.
  case dropped
}

/// An `attempt` line with where it belongs.
public struct AttemptLine: Sendable {
  let event: AttemptEvent
  let scope: Int
  /// Number of the pair's name in the reader's names.
  let scopeName: Int
  let hasParent: Bool
  /// Nil if there is no room for it.
  let writer: Int?
  /// Of a failure.
  let id: OperationID?
}

/// An `operation` line with where it belongs, or an operation without one.
public struct OperationLine: Sendable {
  let event: OperationEvent
  let scope: Int
  let hasParent: Bool
  /// Of one that did not succeed; nil if it was given up silently.
  let id: OperationID?
}

/// The attempts of one operation, in the order in which they were read.
public struct SettledAttempts: Sendable {
  let attempts: KeptAttempts
  /// Nil if its end is not known.
  let end: OperationEnd?
}

/// What batches are folded into, one after the other.
public protocol BatchFold {
  /// For the readers.
  var hasher: ByteHasher { get }
  mutating func fold(_ batch: EventBatch)
}

/// What a log says, folded line by line: the one place where an attempt is counted.
///
/// Memory is bounded, however long the log is and whatever it says (`OperationTable.Limits`,
/// `LogLedger.Limits`).
public struct Aggregate<Counts: EventCounts>: RecordSink, BatchFold, Sendable {
  private var fold: EventFold<Counts>
  private var reader: EventReader
  private var map = NameMap()
  /// Only used while one line is accepted.
  private var events = EventList()
  /// By the number of the reader of a batch.
  private var maps: [NameMap] = []
  /// For the readers whose batches are folded.
  public let hasher: ByteHasher

  public init(_ counts: Counts) {
    self.init(counts, limits: OperationTable.Limits())
  }

  init(_ counts: Counts, limits: OperationTable.Limits, hasher: ByteHasher = ByteHasher()) {
    self.hasher = hasher
    fold = EventFold(counts, limits: limits, hasher: hasher)
    reader = EventReader(hasher: hasher)
  }

  public var log: LogLedger { fold.log }
  public var counts: Counts { fold.counts }
  /// Operations that were given up because too many were open at once.
  public var operationsGivenUp: Int { fold.operations.givenUp }
  /// Operations without an end whose lines came so late that it may have been forgotten; they are not
  /// taken for abandoned.
  public var operationsUndecided: Int { fold.operations.undecided }
  /// Attempts that count at their own time, as too many waited for the ends of their operations.
  public var attemptsSettledEarly: Int { fold.settledEarly }

  public mutating func reject(
    _ error: LineError, _ line: Span<UInt8>, at position: LinePosition
  ) {
    fold.reject(error.reason, after: fold.newestTime)
  }

  @specialized(where Counts == WindowedCounts)
  @specialized(where Counts == LifetimeCounts)
  @specialized(where Counts == CheckCounts)
  public mutating func accept(
    _ fields: LineScanner, _ line: Span<UInt8>, at position: LinePosition
  ) {
    if reader.renumberIfFull() { map = NameMap() }
    reader.read(fields, line, into: &events)
    fold.fold(events, reader.names, &map)
    events.removeAll()
  }

  /// Folds what a reader made of a part of the log.
  @specialized(where Counts == WindowedCounts)
  @specialized(where Counts == LifetimeCounts)
  @specialized(where Counts == CheckCounts)
  public mutating func fold(_ batch: EventBatch) {
    while maps.count <= batch.source { maps.append(NameMap()) }
    if batch.isRenumbered { maps[batch.source] = NameMap() }
    let before = fold.newestTime
    fold.fold(batch.events, batch.names, &maps[batch.source])
    for (reason, count) in batch.rejected {
      fold.reject(reason, count: count, after: batch.timeBeforeLastRejected ?? before)
    }
  }

  /// Looks at what is open at this time, after everything available was read.
  public mutating func judge(at now: Timestamp) {
    fold.judge(at: now)
  }
}

/// What is known of all events.
private struct EventFold<Counts: EventCounts>: Sendable {
  var log: LogLedger
  var counts: Counts
  var operations: OperationTable
  /// Attempts that were counted before it was known where their operation ended.
  var settledEarly = 0
  /// Of the line that was folded last.
  private(set) var newestTime = Timestamp.earliest

  init(_ counts: Counts, limits: OperationTable.Limits, hasher: ByteHasher) {
    self.counts = counts
    log = LogLedger(limits: .mostWriters, hasher: hasher)
    operations = OperationTable(limits: limits)
  }

  /// - Parameter time: of the accepted line before, for a rejected one has none to trust.
  mutating func reject(_ reason: RejectionReason, count: Int = 1, after time: Timestamp) {
    log.reject(reason, count: count)
    counts.noteLoss(.rejected, at: time)
  }

  mutating func fold(_ events: EventList, _ names: LineNames, _ map: inout NameMap) {
    newestTime = events.lines.last?.time ?? newestTime
    var attempts = events.attempts.startIndex
    var operations = events.operations.startIndex
    var dropReasons = events.dropReasons.startIndex
    var ids = events.failureIDs[...]
    for event in events.lines {
      let writer = log.writer(event, names, &map)
      let gapsBefore = log.gapCount
      let isNew = log.accept(event, writer: writer)
      if isNew { counts.noteRecord(at: event.time) }
      if log.gapCount > gapsBefore { counts.noteLoss(.missing, at: event.time) }
      guard event.hasContent else {
        if isNew, event.kind == .writerStop, let writer { self.operations.writerStopped(writer) }
        continue
      }
      switch event.kind {
      case .attempt:
        let attempt = events.attempts[attempts]
        let id = attempt.hasFailed ? ids.popFirst() : nil
        if isNew { fold(event, attempt, id: id, writer: writer, names, &map) }
        attempts += 1
      case .operation:
        let operation = events.operations[operations]
        let id = operation.hasFailed ? ids.popFirst() : nil
        if isNew { fold(event, operation, id: id, names, &map) }
        operations += 1
      case .attemptStart: if isNew { foldStart(event, writer: writer, names, &map) }
      case .writerStart:
        if isNew, let writer {
          self.operations.writerStarted(writer, process: event.process.id, at: event.time)
          counts.noteProcess(event.process, of: writer)
        }
      case .dropped:
        if isNew {
          log.countLoss(event, events.dropReasons[dropReasons], writer: writer)
          counts.noteLoss(.dropped, at: event.time)
        }
        dropReasons += 1
      case .segment, .writerStop, .unknown: break
      }
    }
  }

  private mutating func foldStart(
    _ event: LogEvent, writer: Int?, _ names: LineNames, _ map: inout NameMap
  ) {
    let line = OperationTable.Line(
      scope: scope(of: event, names, &map), hasParent: event.hasParent, time: event.time,
      started: event.time, writer: writer, isAttempt: false, number: event.number)
    noteSignOfLife(event)
    _ = operations.note(event.id, line)
    trim()
  }

  private mutating func fold(
    _ event: LogEvent, _ attempt: AttemptEvent, id: OperationID?, writer: Int?,
    _ names: LineNames, _ map: inout NameMap
  ) {
    let line = AttemptLine(
      event: attempt, scope: scope(of: event, names, &map), scopeName: event.scope,
      hasParent: event.hasParent, writer: writer, id: id)
    let kept = counts.count(line, names, &map)
    noteSignOfLife(event)
    let isKept = operations.note(
      event.id, OperationTable.Line(line), keeping: kept)
    if !isKept, let kept {
      settledEarly += 1
      counts.settle(SettledAttempts(attempts: KeptAttempts(kept), end: nil))
    }
    trim()
  }

  private mutating func fold(
    _ event: LogEvent, _ operation: OperationEvent, id: OperationID?, _ names: LineNames,
    _ map: inout NameMap
  ) {
    let line = OperationLine(
      event: operation, scope: scope(of: event, names, &map), hasParent: event.hasParent, id: id)
    noteSignOfLife(event)
    operations.finish(
      event.id,
      OperationEnd(time: operation.time, isLost: operation.isFailure && !line.hasParent),
      scope: line.scope, hasParent: line.hasParent)
    counts.count(line, names, &map)
    trim()
  }

  private mutating func scope(
    of event: LogEvent, _ names: LineNames, _ map: inout NameMap
  ) -> Int {
    let scope = map.scopes.number(of: event.scope) {
      counts.scope(named: names.scopes.bytes(event.scope))
    }
    counts.noteLine(of: scope, at: event.time)
    return scope
  }

  private mutating func noteSignOfLife(_ event: LogEvent) {
    if let parent = event.parent { operations.noteSignOfLife(parent, at: event.time) }
  }

  private mutating func trim() {
    guard operations.isFull else { return }
    operations.trim { counts.settle($0, isGivenUp: $1, $2) }
  }

  mutating func judge(at now: Timestamp) {
    let abandoned = operations.takeAbandoned(at: now) { counts.settle($0, isGivenUp: $1, $2) }
    for entry in abandoned { counts.countAbandoned(OperationLine(abandoned: entry)) }
    if Counts.keepsAttempts {
      operations.forgetAll { counts.settle($0, isGivenUp: $1, $2) }
    }
    counts.judge(at: now)
  }
}

extension EventCounts {
  fileprivate mutating func settle(
    _ entry: OperationTable.Entry, isGivenUp: Bool, _ attempts: KeptAttempts
  ) {
    if isGivenUp { countAbandoned(OperationLine(abandoned: entry)) }
    if Self.keepsAttempts { settle(SettledAttempts(attempts: attempts, end: entry.end)) }
  }
}

extension OperationLine {
  fileprivate init(abandoned entry: OperationTable.Entry) {
    self.init(
      event: OperationEvent(
        abandonedAt: entry.lastSign, attempts: entry.attempts, isRetried: entry.isRetried),
      scope: entry.scope, hasParent: entry.hasParent, id: nil)
  }
}

extension OperationTable.Line {
  fileprivate init(_ line: AttemptLine) {
    self.init(
      scope: line.scope, hasParent: line.hasParent, time: line.event.time,
      started: line.event.began, writer: line.writer, isAttempt: true,
      number: line.event.figures.number, plannedUntil: line.event.plannedUntil)
  }
}

/// The unfinished operations of one pair.
public struct OpenScope: Hashable, Sendable {
  public var attempting = 0
  public var backingOff = 0
  /// The start of the oldest; nil if there is none.
  public var oldest: Timestamp?

  public init() {}
}

extension Aggregate {
  /// The unfinished operations by the number of their pair.
  public func openOperations(at now: Timestamp) -> [Int: OpenScope] {
    var scopes: [Int: OpenScope] = [:]
    for (entry, state) in fold.operations.open(at: now) {
      var scope = scopes[entry.scope] ?? OpenScope()
      switch state {
      case .attempting: scope.attempting += 1
      case .backingOff: scope.backingOff += 1
      }
      scope.oldest = min(scope.oldest ?? entry.started, entry.started)
      scopes[entry.scope] = scope
    }
    return scopes
  }
}

extension Aggregate<LifetimeCounts> {
  /// As `LifetimeCounts` has it.
  public mutating func expect(provider: String, operation: String, at now: Timestamp) {
    fold.counts.expect(provider: provider, operation: operation, at: now)
  }

  /// As `LifetimeCounts` has it.
  public mutating func noteBirths(_ birth: LifetimeCounts.Birth) {
    fold.counts.noteBirths(birth)
  }

  /// As `LifetimeCounts` has it.
  public mutating func forgetBirths(olderThan microseconds: Int64, at now: Timestamp) {
    fold.counts.forgetBirths(olderThan: microseconds, at: now)
  }
}

// MARK: - State

extension Aggregate<LifetimeCounts> {
  /// Writes all that is known, so that what is folded into what `init(_:state:)` makes of it gives
  /// the same as if it were folded here.
  public func appendState(to coder: inout StateCoder) {
    var (hasher, fold) = (hasher, fold)
    Self.codeSizes(with: &coder)
    hasher.code(with: &coder)
    fold.code(with: &coder)
  }

  /// Reads what `appendState` wrote; `finish()` of the coder tells whether it could be read.
  ///
  /// - Parameters:
  ///   - counts: empty ones with the limits of those that were written.
  ///   - coder: holds the bytes, and what is behind them.
  public init(_ counts: LifetimeCounts, state coder: inout StateCoder) {
    self.init(counts, limits: OperationTable.Limits(), state: &coder)
  }

  init(_ counts: LifetimeCounts, limits: OperationTable.Limits, state coder: inout StateCoder) {
    var hasher = ByteHasher()
    Self.codeSizes(with: &coder)
    hasher.code(with: &coder)
    self.init(counts, limits: limits, hasher: hasher)
    fold.code(with: &coder)
  }

  /// The sizes of the closed sets and of the histograms, with which the layout changes.
  private static func codeSizes(with coder: inout StateCoder) {
    for size in [
      RecordKind.allCases.count, RejectionReason.allCases.count, DropReason.allCases.count,
      ErrorClass.allCases.count, OperationOutcome.allCases.count, DelaySource.allCases.count,
      QuotaName.allCases.count, LogLedger.restrictedKeys.count, Distribution.bounds.count,
      Tally.AttemptsHistogram.bounds.count,
    ] {
      var coded = size
      coder.code(&coded)
      coder.check(coded == size)
    }
  }
}

extension EventFold<LifetimeCounts> {
  mutating func code(with coder: inout StateCoder) {
    log.code(with: &coder)
    counts.code(with: &coder)
    operations.code(with: &coder, scopeCount: counts.scopes.count)
  }
}

public import AttemptLog

/// Where events are counted: over the life of the monitor, or by the windows of a report.
public protocol EventCounts: Sendable {
  /// How many ended operations it must know, to tell late lines from new operations.
  static var finishedOperationsMax: Int { get }
  /// The number of a line's (provider, operation) pair.
  mutating func scope(_ fields: LineScanner, _ line: Span<UInt8>) -> Int
  mutating func count(_ attempt: AttemptLine, _ fields: LineScanner, _ line: Span<UInt8>)
  mutating func count(_ operation: OperationLine, _ fields: LineScanner, _ line: Span<UInt8>)
  /// Counts an operation that was given up silently.
  mutating func countAbandoned(_ operation: OperationLine)
  /// Concludes what depends on all that was read, and on the present time.
  mutating func judge(at now: Timestamp)
}

/// An `attempt` line with where it belongs.
public struct AttemptLine: Sendable {
  let event: AttemptEvent
  let id: ByteHasher.Key
  let scope: Int
  let hasParent: Bool
}

/// An `operation` line with where it belongs, or an operation without one.
public struct OperationLine: Sendable {
  let event: OperationEvent
  /// Nil if it is abandoned.
  let id: ByteHasher.Key?
  let scope: Int
  let hasParent: Bool
}

/// What a log says, folded line by line: the one place where an attempt is counted.
public struct Aggregate<Counts: EventCounts>: RecordSink, Sendable {
  public private(set) var log = LogLedger()
  public private(set) var counts: Counts
  private var open = OpenOperations(finishedMax: Counts.finishedOperationsMax)
  private let hasher = ByteHasher()

  public init(_ counts: Counts) {
    self.counts = counts
  }

  public mutating func reject(
    _ error: LineError, _ line: Span<UInt8>, at position: LinePosition
  ) {
    log.reject(error.reason)
  }

  public mutating func accept(
    _ fields: LineScanner, _ line: Span<UInt8>, at position: LinePosition
  ) {
    guard case .new(let writer) = log.accept(fields, line) else { return }
    switch fields.kind {
    case .attemptStart, .attempt, .operation: acceptLine(of: writer, fields, line)
    case .writerStop: open.writerStopped(writer)
    case .writerStart:
      if let host = fields.string(.host, in: line), let pid = fields.integer(.pid, in: line) {
        open.writerStarted(writer, host: host, pid: pid, at: fields.time)
      }
    case .segment, .dropped, .unknown: break
    }
  }

  private mutating func acceptLine(
    of writer: Int, _ fields: LineScanner, _ line: Span<UInt8>
  ) {
    guard let id = fields.withText(.operationID, in: line, hasher.hash128) else { return }
    let parent = fields.withText(.parentID, in: line, hasher.hash128)
    let scope = counts.scope(fields, line)
    if let parent { open.noteSignOfLife(parent, at: fields.time) }
    switch fields.kind {
    case .attempt:
      guard let event = AttemptEvent(fields, line, &log) else { return }
      let attempt = AttemptLine(event: event, id: id, scope: scope, hasParent: parent != nil)
      counts.count(attempt, fields, line)
      open.note(id, .init(event, scope: scope, parent: parent, writer: writer))
    case .operation:
      guard let event = OperationEvent(fields, line, &log) else { return }
      open.finish(id)
      counts.count(
        OperationLine(event: event, id: id, scope: scope, hasParent: parent != nil), fields, line)
    default:
      open.note(
        id,
        .init(
          scope: scope, parent: parent, time: fields.time, started: fields.time, writer: writer,
          isAttempt: false, number: fields.ordinal(.attempt, in: line) ?? 1))
    }
  }

  /// Concludes which operations are abandoned at this time and what else depends on it, after
  /// everything available was read.
  public mutating func judge(at now: Timestamp) {
    for entry in open.takeAbandoned(at: now) {
      let event = OperationEvent(
        abandonedAt: entry.lastSign, attempts: entry.attempts, isRetried: entry.isRetried)
      counts.countAbandoned(
        OperationLine(event: event, id: nil, scope: entry.scope, hasParent: entry.hasParent))
    }
    counts.judge(at: now)
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
    for (entry, state) in open.open(at: now) {
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

extension OpenOperations.Line {
  fileprivate init(_ event: AttemptEvent, scope: Int, parent: OpenOperations.ID?, writer: Int) {
    self.init(
      scope: scope, parent: parent, time: event.time,
      started: event.time.advanced(byMilliseconds: -event.latencyMilliseconds), writer: writer,
      isAttempt: true, number: event.number,
      plannedUntil: event.plannedBackoffMilliseconds.map {
        event.time.advanced(byMilliseconds: $0)
      })
  }
}

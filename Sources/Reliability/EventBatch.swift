public import AttemptLog

/// The lines of a part of a log as events, ready to be folded.
public struct EventBatch: Sendable {
  /// The number of the reader that made it; batches of one reader are folded in the order in which it
  /// made them.
  let source: Int
  let events: EventList
  /// Those of the reader as they were behind the last event.
  let names: LineNames
  /// Names are numbered anew from here on.
  let isRenumbered: Bool
  let rejected: [RejectionReason: Int]
  /// Of the accepted line before the last one that was rejected; nil if no line is before it here.
  let timeBeforeLastRejected: Timestamp?
  /// The first line that was rejected, and where it stands.
  public let firstRejected: (error: LineError, position: LinePosition)?

  public var rejectedCount: Int { rejected.values.reduce(0, +) }
}

/// Reads whole lines into batches: one of several that may read parts of a log at the same time.
public struct BatchReader: Sendable {
  private let source: Int
  private var collector: Collector
  private var parser = LogParser()

  /// - Parameters:
  ///   - source: its number among the readers of one fold, from 0.
  ///   - hasher: that of the fold.
  public init(source: Int, hasher: ByteHasher) {
    self.source = source
    collector = Collector(reader: EventReader(hasher: hasher))
  }

  /// The events of these lines, of which the first stands at a position.
  public mutating func batch(_ lines: Span<UInt8>, at position: LinePosition) -> EventBatch {
    let isRenumbered = collector.reader.renumberIfFull()
    parser.move(to: position)
    parser.feed(lines, to: &collector)
    return batch(isRenumbered: isRenumbered)
  }

  /// The event of one line that a scanner accepted.
  public mutating func batch(_ fields: LineScanner, _ line: Span<UInt8>) -> EventBatch {
    let isRenumbered = collector.reader.renumberIfFull()
    collector.reader.read(fields, line, into: &collector.events)
    return batch(isRenumbered: isRenumbered)
  }

  /// One line that was rejected.
  public mutating func batch(_ error: LineError, at position: LinePosition) -> EventBatch {
    collector.reject(error, at: position)
    return batch(isRenumbered: false)
  }

  private mutating func batch(isRenumbered: Bool) -> EventBatch {
    defer { collector.clear() }
    return EventBatch(
      source: source, events: collector.events, names: collector.reader.names,
      isRenumbered: isRenumbered, rejected: collector.rejected,
      timeBeforeLastRejected: collector.timeBeforeLastRejected,
      firstRejected: collector.firstRejected)
  }
}

/// What a batch is made of, while it is made.
private struct Collector: RecordSink, Sendable {
  var reader: EventReader
  var events = EventList()
  private(set) var rejected: [RejectionReason: Int] = [:]
  private(set) var timeBeforeLastRejected: Timestamp?
  private(set) var firstRejected: (error: LineError, position: LinePosition)?

  init(reader: EventReader) {
    self.reader = reader
  }

  mutating func accept(_ fields: LineScanner, _ line: Span<UInt8>, at position: LinePosition) {
    reader.read(fields, line, into: &events)
  }

  mutating func reject(_ error: LineError, _ line: Span<UInt8>, at position: LinePosition) {
    reject(error, at: position)
  }

  mutating func reject(_ error: LineError, at position: LinePosition) {
    rejected[error.reason, default: 0] += 1
    timeBeforeLastRejected = events.lines.last?.time
    if firstRejected == nil { firstRejected = (error, position) }
  }

  mutating func clear() {
    // As many come again.
    events = events.emptied()
    rejected = [:]
    timeBeforeLastRejected = nil
    firstRejected = nil
  }
}

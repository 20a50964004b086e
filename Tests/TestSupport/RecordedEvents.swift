public import AttemptLog

/// Keeps the events of a test in the order in which they were recorded.
public final class RecordedEvents: Sendable {
  private let events = Locked([Event]())

  public init() {}

  public var record: @Sendable (Event) -> Void {
    { event in self.events.withLock { $0.append(event) } }
  }

  public var all: [Event] { events.withLock { $0 } }

  public var attempts: [AttemptRecord] {
    all.compactMap { if case .attempt(let record) = $0 { record } else { nil } }
  }

  public var operations: [OperationRecord] {
    all.compactMap { if case .operation(let record) = $0 { record } else { nil } }
  }

  /// One line for each event: what a test compares whole.
  public var lines: [String] { all.map(Self.line) }

  private static func line(_ event: Event) -> String {
    switch event {
    case .attemptStart(let start):
      "start \(start.identity.operation) \(start.attempt)"
    case .attempt(let record):
      "attempt \(record.identity.operation) \(record.attempt) \(ending(record)) \(next(record))"
    case .operation(let record):
      "operation \(record.identity.operation) \(record.outcome.rawValue) \(record.attempts)"
    default:
      "other"
    }
  }

  private static func ending(_ record: AttemptRecord) -> String {
    record.outcome == .success ? "success" : record.error.errorClass?.rawValue ?? "unclassified"
  }

  private static func next(_ record: AttemptRecord) -> String {
    guard let backoff = record.backoffMilliseconds else { return record.decision.rawValue }
    return "\(record.decision.rawValue) in \(backoff)"
  }
}

public import AttemptLog

/// Counts events by the windows in which they belong: what the report shows.
///
/// An operation belongs to the window in which it ended, and its attempts go with it; where the end
/// is comes later in the log, so attempts are kept until all is read, and so are the ends of operations
/// for the incidents. Memory grows with the log: about 270 bytes a line.
public struct WindowedCounts: EventCounts {
  public static let finishedOperationsMax = Int.max

  /// Disjoint, in order.
  public let windows: [Window]
  /// The windows whose errors are listed; the rest only has tallies.
  private let detailed: Range<Int>

  private var names = ScopeNames(capacity: .max, nameBytesMax: .max)
  private var texts = Interner()
  private var attempts: [PendingAttempt] = []
  private var endOf: [ByteHasher.Key: End] = [:]
  private var quotas = QuotaHistory()
  private var incidentHistory = IncidentHistory()
  private var isJudged = false
  private var tallies: [Cell: Tally] = [:]
  private var errors: [ErrorKey: ErrorCount] = [:]
  /// Of the whole log, by their start.
  public private(set) var quotaEpisodes: [QuotaEpisodeRow] = []
  public private(set) var incidents: [Incident] = []

  public init(windows: [Window], detailed: Range<Int>) {
    self.windows = windows
    self.detailed = detailed
  }

  private struct PendingAttempt: Sendable {
    let line: AttemptLine
    // Narrow, as there are many; an `Interner` gives no larger numbers.
    let type: UInt32?
    let code: UInt32?
    /// Where its quotas are followed; nil if no episode can need it.
    let account: UInt32?
  }

  /// Of an operation's last line.
  private struct End: Sendable {
    let time: Timestamp
    /// Whether it has no parent and failed.
    let isLost: Bool
  }

  private struct Cell: Hashable, Sendable {
    let scope: Int
    let hasParent: Bool
    let window: Int
  }

  private struct ErrorKey: Hashable, Sendable {
    let scope: Int
    let errorClass: ErrorClass
    let type: Int?
    let code: Int?
    let httpStatus: Int64?
  }

  private struct ErrorCount: Sendable {
    var attempts = 0
    var final = 0
  }

  public mutating func scope(_ fields: LineScanner, _ line: Span<UInt8>) -> Int {
    guard let number = names.number(fields, line) else {
      preconditionFailure("names without a bound have room")
    }
    return number
  }

  public mutating func count(
    _ attempt: AttemptLine, _ fields: LineScanner, _ line: Span<UInt8>
  ) {
    let isFailure = attempt.event.errorClass != nil
    let account = quotas.note(attempt.event, place: attempts.count, fields, line)
    attempts.append(
      PendingAttempt(
        line: attempt,
        type: isFailure ? text(.errorType, fields, line).map { UInt32($0) } : nil,
        code: isFailure ? text(.errorCode, fields, line).map { UInt32($0) } : nil,
        account: account.map { UInt32($0) }))
  }

  public mutating func count(
    _ operation: OperationLine, _ fields: LineScanner, _ line: Span<UInt8>
  ) {
    let event = operation.event
    let isFailure = event.outcome != .success && event.outcome.isFateKnown
    if let id = operation.id {
      endOf[id] = End(time: event.time, isLost: isFailure && !operation.hasParent)
    }
    incidentHistory.note(
      event, scope: operation.scope, error: isFailure ? errorName(event, fields, line) : nil)
    guard let window = window(of: event.time) else { return }
    tally(operation, in: window)
    guard isFailure, let errorClass = event.errorClass, detailed.contains(window) else { return }
    let key = ErrorKey(
      scope: operation.scope, errorClass: errorClass, type: text(.errorType, fields, line),
      code: text(.errorCode, fields, line), httpStatus: event.httpStatus)
    errors[key, default: ErrorCount()].final += 1
  }

  public mutating func countAbandoned(_ operation: OperationLine) {
    guard let window = window(of: operation.event.time) else { return }
    tally(operation, in: window)
  }

  /// Counts the attempts, now that the ends of their operations are known.
  public mutating func judge(at now: Timestamp) {
    precondition(!isJudged, "a report is made once, after all is read")
    isJudged = true
    incidents = incidentHistory.incidents(names, texts)
    quotaEpisodes = concludeQuotas()
    for attempt in attempts {
      let line = attempt.line
      guard let window = window(of: endOf[line.id]?.time ?? line.event.time) else { continue }
      let cell = Cell(scope: line.scope, hasParent: line.hasParent, window: window)
      tallies[cell, default: Tally()].count(line.event, listsNumber: true)
      guard let errorClass = line.event.errorClass, errorClass != .cancelled,
        detailed.contains(window)
      else { continue }
      let key = ErrorKey(
        scope: line.scope, errorClass: errorClass, type: attempt.type.map { Int($0) },
        code: attempt.code.map { Int($0) },
        httpStatus: line.event.httpStatus)
      errors[key, default: ErrorCount()].attempts += 1
    }
    attempts = []
  }

  private mutating func tally(_ operation: OperationLine, in window: Int) {
    let cell = Cell(scope: operation.scope, hasParent: operation.hasParent, window: window)
    tallies[cell, default: Tally()].count(operation.event)
  }

  private func concludeQuotas() -> [QuotaEpisodeRow] {
    let concerned = attempts.indices.filter { place in
      attempts[place].account.map { quotas.hasRefused(Int($0)) } ?? false
    }
    // In reading order where times are equal: the sort is stable.
    let places = concerned.sorted { attempts[$0].line.event.time < attempts[$1].line.event.time }
    return quotas.episodes(
      places.lazy.compactMap { place in
        attempts[place].account.map {
          quotas.attempt(attempts[place].line, account: Int($0), place: place)
        }
      }, isLost: lostWith())
  }

  /// Tells whether the attempt at a place was the last one of an operation that was lost.
  private func lostWith() -> (Int) -> Bool {
    var last: [ByteHasher.Key: (number: Int64, place: Int)] = [:]
    for (place, attempt) in attempts.enumerated() where endOf[attempt.line.id]?.isLost == true {
      let number = attempt.line.event.number
      if number >= last[attempt.line.id]?.number ?? 0 { last[attempt.line.id] = (number, place) }
    }
    let places = Set(last.values.map(\.place))
    return { places.contains($0) }
  }

  /// The code, else the type, else the class.
  private mutating func errorName(
    _ event: OperationEvent, _ fields: LineScanner, _ line: Span<UInt8>
  ) -> Int? {
    for key in [Key.errorCode, .errorType]
    where fields.withText(key, in: line, { !$0.isEmpty }) == true {
      return text(key, fields, line)
    }
    guard let name = event.errorClass.map({ Array($0.rawValue.utf8) }) else { return nil }
    return texts.number(name.span)
  }

  private mutating func text(_ key: Key, _ fields: LineScanner, _ line: Span<UInt8>) -> Int? {
    fields.withText(key, in: line) { texts.number($0) } ?? nil
  }

  private func window(of time: Timestamp) -> Int? {
    var low = 0
    var high = windows.count
    while low < high {
      let middle = (low + high) / 2
      if windows[middle].to <= time { low = middle + 1 } else { high = middle }
    }
    return low < windows.count && windows[low].contains(time) ? low : nil
  }
}

// MARK: - Reading

extension WindowedCounts {
  /// All operations without a parent that belong to these windows: the headline figures.
  public func headline(_ windows: Range<Int>) -> Tally {
    merged(tallies.keys.filter { !$0.hasParent && windows.contains($0.window) })
  }

  /// All operations of the detailed windows by pair, in the order of their names.
  public func byScope() -> [ScopeTally] {
    let cells = tallies.keys.filter { detailed.contains($0.window) }
    return Dictionary(grouping: cells, by: \.scope).map { scope, cells in
      ScopeTally(
        provider: names.provider(scope), operation: names.operation(scope), tally: merged(cells))
    }.sorted { [$0.provider, $0.operation].precedes([$1.provider, $1.operation]) }
  }

  /// The errors of the detailed windows, the most frequent first, then by text.
  public func errorRows() -> [ErrorRow] {
    var failedOfScope: [Int: Int] = [:]
    for (key, count) in errors { failedOfScope[key.scope, default: 0] += count.attempts }
    return errors.map { key, count in
      let failed = failedOfScope[key.scope, default: 0]
      return ErrorRow(
        provider: names.provider(key.scope), operation: names.operation(key.scope),
        errorClass: key.errorClass, type: key.type.map(texts.text), code: key.code.map(texts.text),
        httpStatus: key.httpStatus, attempts: count.attempts,
        share: failed == 0 ? 0 : Double(count.attempts) / Double(failed), final: count.final)
    }.sorted { $0.precedes($1) }
  }

  private func merged(_ cells: [Cell]) -> Tally {
    // In a fixed order: sums of doubles must not depend on that of a dictionary.
    let cells = cells.sorted {
      ($0.scope, $0.window, $0.hasParent ? 1 : 0) < ($1.scope, $1.window, $1.hasParent ? 1 : 0)
    }
    return cells.reduce(into: Tally()) { sum, cell in
      if let tally = tallies[cell] { sum.merge(tally) }
    }
  }
}

/// The tally of one pair.
public struct ScopeTally: Sendable {
  public let provider: String
  public let operation: String
  public let tally: Tally
}

/// One kind of error of one pair.
public struct ErrorRow: Sendable {
  public let provider: String
  public let operation: String
  public let errorClass: ErrorClass
  public let type: String?
  public let code: String?
  public let httpStatus: Int64?
  /// Failed attempts in A′.
  public let attempts: Int
  /// Of the pair's failed attempts.
  public let share: Double
  /// Operations that ended with it.
  public let final: Int

  fileprivate func precedes(_ other: ErrorRow) -> Bool {
    if attempts != other.attempts { return attempts > other.attempts }
    return texts.precedes(other.texts)
  }

  private var texts: [String] {
    [
      provider, operation, errorClass.rawValue, type ?? "", code ?? "",
      httpStatus.map { String($0) } ?? "",
      // An absent part before an empty one: no two rows are equal.
      type == nil ? "" : "present", code == nil ? "" : "present",
    ]
  }
}

extension [String] {
  /// Order by code points, which is the same everywhere; Swift's `<` normalizes first.
  public func precedes(_ other: [String]) -> Bool {
    lexicographicallyPrecedes(other) { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}

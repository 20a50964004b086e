public import AttemptLog

/// Counts events by the windows in which they belong: what the report shows.
///
/// An operation belongs to the window in which it ended, and its attempts go with it.
public struct WindowedCounts: EventCounts {
  public static let keepsAttempts = true
  /// Pairs of provider and operation, names of errors, and rows of the table of errors, that are there
  /// each by itself; the later ones are `_other`.
  static let scopesMax = 250
  static let errorsMax = 10_000
  static let errorRowsMax = 10_000

  /// Disjoint, in order.
  public let windows: [Window]
  /// The windows whose errors are listed; the rest only has tallies.
  private let detailed: Range<Int>

  private var scopeNames: BoundedNames
  private var errorNames: BoundedNames
  private var quotas: QuotaHistory
  private var incidentHistory: IncidentHistory
  private var isJudged = false
  /// Of each window, those without a parent.
  private var headlines = TallyList()
  /// Of each pair, those of the detailed windows.
  private var scopeTallies = TallyList()
  private var errors: [ErrorKey: ErrorCount] = [:]
  /// Of each error the first operation in the log that had it in the detailed windows.
  private var examples: [ErrorKey: String] = [:]
  /// Attempts in A′ of the window before the detailed ones: of each error, of each pair.
  ///
  /// An error of which only operations tell is there with 0.
  private var earlierErrors: [ErrorKey: Int] = [:]
  private var earlierAttempts: [Int: Int] = [:]
  /// Of each pair, in the detailed windows: success in O′ / O′ of the operations without a parent.
  private var customerSuccess: [Int: Ratio] = [:]
  private var keys: KeyHistory
  /// Those of the detailed windows without a parent.
  private var hours: HourCounts
  /// The window that a time was found in last.
  private var newestWindow = 0
  /// Of all logs; nil if nothing was accepted.
  public private(set) var oldestRecord: Timestamp?
  /// Those that have a part in the windows, by their start.
  public private(set) var quotaEpisodes: [QuotaEpisodeRow] = []
  public private(set) var incidents: [Incident] = []

  /// - Parameters:
  ///   - windows: at least one; disjoint and in order.
  ///   - detailed: those whose errors, incidents and quota episodes are listed; at least one.
  ///   - hours: those of the detailed windows whose operations are told apart, in order.
  public init(windows: [Window], detailed: Range<Int>, hours: [LocalHour] = []) {
    guard let first = windows[detailed].first, let last = windows[detailed].last else {
      preconditionFailure("a report has a window")
    }
    self.windows = windows
    self.detailed = detailed
    self.hours = HourCounts(hours)
    let span = Window(from: first.from, to: last.to)
    quotas = QuotaHistory(span: span)
    incidentHistory = IncidentHistory(span: span)
    keys = KeyHistory(window: span)
    let overflow = BoundedNames.overflow
    scopeNames = BoundedNames(
      capacity: Self.scopesMax, overflow: overflow + [LineNames.separator] + overflow)
    errorNames = BoundedNames(capacity: Self.errorsMax, overflow: ErrorName.overflow)
  }

  /// Lines that stood too far from the place of their time for incidents and quota episodes to be
  /// exact.
  public var lateLines: Int { quotas.late + incidentHistory.late }
  /// Operations of incidents whose error is known by its class only.
  public var unnamedErrors: Int { incidentHistory.unnamed }
  /// Incidents and quota episodes for which there was no room.
  public var unlistedEpisodes: Int { quotas.unlisted + incidentHistory.unlisted }

  private struct ErrorKey: Hashable, Sendable {
    let scope: Int
    let errorClass: ErrorClass
    let error: Int
  }

  fileprivate struct ErrorCount: Sendable {
    var attempts = 0
    var final = 0
    /// Of them those without a parent.
    var lost = 0
    /// When the first and the last of the attempts ended; `latest` before `earliest` without any.
    var first = Timestamp.latest
    var last = Timestamp.earliest
  }

  public mutating func scope(named name: ArraySlice<UInt8>) -> Int {
    let name = NamePair(name).cut(bytesMax: BoundedNames.textBytesMax)
    return scopeNames.number(name[...])
  }

  public mutating func noteLine(of scope: Int, at time: Timestamp) {}

  public mutating func noteRecord(at time: Timestamp) {
    oldestRecord = min(oldestRecord ?? time, time)
  }

  public mutating func noteProcess(_ process: WriterProcess, of writer: Int) {
    keys.note(process.host, of: writer)
  }

  public mutating func count(
    _ attempt: AttemptLine, _ names: LineNames, _ map: inout NameMap
  ) -> KeptAttempt? {
    let error = attempt.event.error.map { errorNames.number(ofError: Int($0), names, &map) }
    if let error { noteFailure(attempt, error) }
    var refusal: KeptAttempt.Refusal?
    if let account = quotas.account(attempt, names, &map) {
      keys.note(attempt, account: account)
      refusal = quotas.note(attempt, account: account, names, &map)
    }
    return KeptAttempt(attempt, error: error, refusal: refusal)
  }

  private mutating func noteFailure(_ attempt: AttemptLine, _ error: Int) {
    guard let errorClass = attempt.event.figures.errorClass, errorClass != .cancelled,
      let window = window(of: attempt.event.time), detailed.contains(window)
    else { return }
    let key = ErrorKey(scope: attempt.scope, errorClass: errorClass, error: error)
    guard examples[key] == nil, examples.count < Self.errorRowsMax else { return }
    examples[key] = attempt.id?.text
  }

  public mutating func count(
    _ operation: OperationLine, _ names: LineNames, _ map: inout NameMap
  ) {
    let event = operation.event
    var error: Int?
    if event.isFailure, let number = event.error {
      error = errorNames.number(ofError: Int(number), names, &map)
    }
    if event.outcome.isFateKnown {
      incidentHistory.note(event, scope: operation.scope, error: error)
    }
    guard let window = window(of: event.time) else { return }
    count(operation, in: window)
    guard let error, let errorClass = event.errorClass else { return }
    let key = ErrorKey(scope: operation.scope, errorClass: errorClass, error: error)
    if window == detailed.lowerBound - 1 { noteEarlier(key, attempts: 0) }
    guard detailed.contains(window) else { return }
    errors[listed(key), default: ErrorCount()].countEnd(hasParent: operation.hasParent)
  }

  private mutating func count(_ operation: OperationLine, in window: Int) {
    let event = operation.event
    if !operation.hasParent { headlines[window].count(event) }
    guard detailed.contains(window) else { return }
    scopeTallies[operation.scope].count(event)
    if !operation.hasParent, event.outcome.isFateKnown {
      let before = customerSuccess[operation.scope] ?? Ratio(hits: 0, of: 0)
      customerSuccess[operation.scope] = Ratio(
        hits: before.hits + (event.outcome == .success ? 1 : 0), of: before.of + 1)
      hours.count(at: event.time, hasSucceeded: event.outcome == .success)
    }
  }

  /// Where an error is counted.
  private func listed(_ key: ErrorKey) -> ErrorKey {
    if errors.count < Self.errorRowsMax || errors[key] != nil { return key }
    return ErrorKey(
      scope: key.scope, errorClass: key.errorClass, error: errorNames.overflowNumber)
  }

  public mutating func countAbandoned(_ operation: OperationLine) {
    guard let window = window(of: operation.event.time) else { return }
    count(operation, in: window)
  }

  public mutating func settle(_ settled: SettledAttempts) {
    var last: KeptAttempt?
    for attempt in settled.attempts {
      if attempt.figures.number >= last?.figures.number ?? 0 { last = attempt }
      settle(attempt, at: settled.end?.time ?? attempt.time)
    }
    if let last, let refusal = last.refusal, settled.end?.isLost == true {
      quotas.noteLoss(account: refusal.account, quota: refusal.quota, at: last.time)
    }
  }

  private mutating func settle(_ attempt: KeptAttempt, at time: Timestamp) {
    guard let window = window(of: time) else { return }
    let figures = attempt.figures
    if !attempt.hasParent { headlines[window].count(figures, listsNumber: true) }
    if window == detailed.lowerBound - 1 { countEarlier(attempt) }
    guard detailed.contains(window) else { return }
    scopeTallies[attempt.scope].count(figures, listsNumber: true)
    guard let errorClass = figures.errorClass, errorClass != .cancelled, let error = attempt.error
    else { return }
    let key = ErrorKey(scope: attempt.scope, errorClass: errorClass, error: error)
    errors[listed(key), default: ErrorCount()].countAttempt(at: attempt.time)
  }

  private mutating func countEarlier(_ attempt: KeptAttempt) {
    let errorClass = attempt.figures.errorClass
    guard errorClass != .cancelled else { return }
    earlierAttempts[attempt.scope, default: 0] += 1
    guard let errorClass, let error = attempt.error else { return }
    noteEarlier(
      ErrorKey(scope: attempt.scope, errorClass: errorClass, error: error), attempts: 1)
  }

  private mutating func noteEarlier(_ key: ErrorKey, attempts: Int) {
    if earlierErrors.count < Self.errorRowsMax || earlierErrors[key] != nil {
      earlierErrors[key, default: 0] += attempts
    }
  }

  public mutating func judge(at now: Timestamp) {
    precondition(!isJudged, "a report is made once, after all is read")
    isJudged = true
    incidents = incidentHistory.conclude(
      scopeName: { scopeNames.name($0) }, errorName: { errorNames.name($0) })
    quotaEpisodes = quotas.conclude()
  }

  private mutating func window(of time: Timestamp) -> Int? {
    if windows[newestWindow].contains(time) { return newestWindow }
    let index = windows.partitioningIndex { time < $0.to }
    guard index < windows.count, windows[index].contains(time) else { return nil }
    newestWindow = index
    return index
  }
}

// MARK: - Reading

extension WindowedCounts {
  /// All operations without a parent that belong to these windows: the headline figures.
  public func headline(_ windows: Range<Int>) -> Tally {
    windows.reduce(into: Tally()) { sum, window in
      if let tally = headlines.tally(of: window) { sum.merge(tally) }
    }
  }

  /// All operations of the detailed windows by pair, in the order of their names.
  public func byScope() -> [ScopeTally] {
    (0..<scopeTallies.end).compactMap { scope in
      guard let tally = scopeTallies.tally(of: scope) else { return nil }
      let name = NamePair(scopeNames.name(scope))
      return ScopeTally(
        provider: name.first.text, operation: name.second?.text ?? "", tally: tally,
        customerSuccess: customerSuccess[scope] ?? Ratio(hits: 0, of: 0),
        attemptsBefore: earlierAttempts[scope, default: 0])
    }.sorted { [$0.provider, $0.operation].precedes([$1.provider, $1.operation]) }
  }

  /// The errors of the detailed windows, the most frequent first, then by text.
  public func errorRows() -> [ErrorRow] {
    var failedOfScope: [Int: Int] = [:]
    for (key, count) in errors { failedOfScope[key.scope, default: 0] += count.attempts }
    return errors.map { key, count in
      errorRow(key, count, failed: failedOfScope[key.scope, default: 0])
    }.sorted { $0.precedes($1) }
  }

  /// The errors that the window before had and the detailed ones have not, likewise.
  public func goneErrors() -> [ErrorRow] {
    earlierErrors.filter { $0.value > 0 && errors[$0.key] == nil }.map {
      errorRow($0.key, ErrorCount(), failed: 0)
    }.sorted { $0.precedes($1) }
  }

  private func errorRow(_ key: ErrorKey, _ count: ErrorCount, failed: Int) -> ErrorRow {
    let scope = NamePair(scopeNames.name(key.scope))
    let name = ErrorName(errorNames.name(key.error))
    return ErrorRow(
      provider: scope.first.text, operation: scope.second?.text ?? "",
      errorClass: key.errorClass, type: name.type?.text, code: name.code?.text,
      httpStatus: name.httpStatus.flatMap { Int64($0.text) }, attempts: count.attempts,
      share: failed == 0 ? 0 : Double(count.attempts) / Double(failed), final: count.final,
      lost: count.lost, attemptsBefore: earlierErrors[key, default: 0],
      isNew: earlierErrors[key] == nil,
      seen: count.attempts == 0 ? nil : count.first...count.last,
      example: count.attempts == 0 ? nil : examples[key])
  }

  /// Keys of which the detailed windows have refusals with which they end, the most attempts first.
  public var keyRefusals: [KeyRefusal] { keys.refusals { quotas.accountName($0) } }

  /// Success in O′ / O′ of each hour, in their order.
  public var successByHour: [Ratio] { hours.ratios }
}

extension WindowedCounts.ErrorCount {
  fileprivate mutating func countEnd(hasParent: Bool) {
    final += 1
    if !hasParent { lost += 1 }
  }

  fileprivate mutating func countAttempt(at time: Timestamp) {
    attempts += 1
    first = min(first, time)
    last = max(last, time)
  }
}

/// Tallies by a number, made when something is first counted.
private struct TallyList: Sendable {
  /// Places in `tallies`; -1 where nothing was counted.
  private var places: [Int32] = []
  private var tallies: [Tally] = []

  /// Behind the highest number that something was counted for.
  var end: Int { places.count }

  func tally(of number: Int) -> Tally? {
    number < places.count && places[number] >= 0 ? tallies[Int(places[number])] : nil
  }

  subscript(number: Int) -> Tally {
    get { tally(of: number) ?? Tally() }
    _modify {
      while places.count <= number { places.append(-1) }
      if places[number] < 0 {
        places[number] = Int32(tallies.count)
        tallies.append(Tally())
      }
      yield &tallies[Int(places[number])]
    }
  }
}

/// The tally of one pair.
public struct ScopeTally: Sendable {
  public let provider: String
  public let operation: String
  public let tally: Tally
  /// Of the operations without a parent success in O′ / O′.
  public let customerSuccess: Ratio
  /// In A′, in the window before.
  public let attemptsBefore: Int
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
  /// Of them those without a parent.
  public let lost: Int
  /// Failed attempts in A′ in the window before.
  public let attemptsBefore: Int
  /// Neither an attempt nor an operation of the window before ended with it.
  public let isNew: Bool
  /// From the end of its first attempt to that of its last; nil without any.
  public let seen: ClosedRange<Timestamp>?
  /// The `operation_id` of the first such attempt in the log, if it ended in the window itself and its
  /// id is an example (`OperationID`).
  public let example: String?

  fileprivate func precedes(_ other: ErrorRow) -> Bool {
    if attempts != other.attempts { return attempts > other.attempts }
    // Only where neither has any now: the order of the others is fixed.
    if attempts == 0, final == 0, attemptsBefore != other.attemptsBefore {
      return attemptsBefore > other.attemptsBefore
    }
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

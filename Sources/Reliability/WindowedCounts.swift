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
  /// The window that a time was found in last.
  private var newestWindow = 0
  /// Those that have a part in the windows, by their start.
  public private(set) var quotaEpisodes: [QuotaEpisodeRow] = []
  public private(set) var incidents: [Incident] = []

  /// - Parameter windows: at least one.
  public init(windows: [Window], detailed: Range<Int>) {
    guard let first = windows.first, let last = windows.last else {
      preconditionFailure("a report has a window")
    }
    self.windows = windows
    self.detailed = detailed
    let span = Window(from: first.from, to: last.to)
    quotas = QuotaHistory(span: span)
    incidentHistory = IncidentHistory(span: span)
    let overflow = BoundedNames.overflow
    scopeNames = BoundedNames(
      capacity: Self.scopesMax, overflow: overflow + [LineNames.separator] + overflow)
    errorNames = BoundedNames(capacity: Self.errorsMax, overflow: ErrorName.overflow)
  }

  /// Lines that stood too far from the place of their time for incidents and quota episodes to be
  /// exact.
  public var lateLines: Int { quotas.late + incidentHistory.late }
  /// Incidents and quota episodes for which there was no room.
  public var unlistedEpisodes: Int { quotas.unlisted + incidentHistory.unlisted }

  private struct ErrorKey: Hashable, Sendable {
    let scope: Int
    let errorClass: ErrorClass
    let error: Int
  }

  private struct ErrorCount: Sendable {
    var attempts = 0
    var final = 0
  }

  public mutating func scope(named name: ArraySlice<UInt8>) -> Int {
    let name = NamePair(name).cut(bytesMax: BoundedNames.textBytesMax)
    return scopeNames.number(name[...])
  }

  public mutating func noteLine(of scope: Int) {}

  public mutating func count(
    _ attempt: AttemptLine, _ names: LineNames, _ map: inout NameMap
  ) -> KeptAttempt? {
    let error = attempt.event.error.map { self.error(Int($0), names, &map) }
    return KeptAttempt(attempt, error: error, refusal: noteQuota(attempt, names, &map))
  }

  /// Of a signal: of what.
  private mutating func noteQuota(
    _ attempt: AttemptLine, _ names: LineNames, _ map: inout NameMap
  ) -> KeptAttempt.Refusal? {
    guard let account = attempt.event.account.map({ Int($0) }) else { return nil }
    let number = map.accounts.number(of: account) {
      let name = NamePair(names.accounts.bytes(account)).cut(bytesMax: BoundedNames.textBytesMax)
      return quotas.account(named: name[...])
    }
    var signal = attempt.event.signal
    if let name = signal?.quota {
      signal?.quota = map.quotas.number(of: name) {
        quotas.quota(
          named: names.quotas.bytes(name).prefix(textBytesMax: BoundedNames.textBytesMax))
      }
    }
    quotas.note(
      QuotaAttempt(attempt.event, account: number, operation: attempt.scope, signal: signal))
    return signal.map { .init(account: number, quota: $0.quota) }
  }

  private mutating func error(
    _ number: Int, _ names: LineNames, _ map: inout NameMap
  ) -> Int {
    map.errors.number(of: number) {
      let name = ErrorName(names.errors.bytes(number)).cut(bytesMax: BoundedNames.textBytesMax)
      return errorNames.number(name[...])
    }
  }

  public mutating func count(
    _ operation: OperationLine, _ names: LineNames, _ map: inout NameMap
  ) {
    let event = operation.event
    var error: Int?
    if event.isFailure, let number = event.error { error = self.error(Int(number), names, &map) }
    if event.outcome.isFateKnown {
      incidentHistory.note(event, scope: operation.scope, error: error)
    }
    guard let window = window(of: event.time) else { return }
    count(operation, in: window)
    guard let error, let errorClass = event.errorClass, detailed.contains(window) else { return }
    let key = ErrorKey(scope: operation.scope, errorClass: errorClass, error: error)
    errors[listed(key), default: ErrorCount()].final += 1
  }

  private mutating func count(_ operation: OperationLine, in window: Int) {
    if !operation.hasParent { headlines[window].count(operation.event) }
    if detailed.contains(window) { scopeTallies[operation.scope].count(operation.event) }
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
    guard detailed.contains(window) else { return }
    scopeTallies[attempt.scope].count(figures, listsNumber: true)
    guard let errorClass = figures.errorClass, errorClass != .cancelled, let error = attempt.error
    else { return }
    let key = ErrorKey(scope: attempt.scope, errorClass: errorClass, error: error)
    errors[listed(key), default: ErrorCount()].attempts += 1
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
        provider: name.first.text, operation: name.second?.text ?? "", tally: tally)
    }.sorted { [$0.provider, $0.operation].precedes([$1.provider, $1.operation]) }
  }

  /// The errors of the detailed windows, the most frequent first, then by text.
  public func errorRows() -> [ErrorRow] {
    var failedOfScope: [Int: Int] = [:]
    for (key, count) in errors { failedOfScope[key.scope, default: 0] += count.attempts }
    return errors.map { key, count in
      let failed = failedOfScope[key.scope, default: 0]
      let scope = NamePair(scopeNames.name(key.scope))
      let name = ErrorName(errorNames.name(key.error))
      return ErrorRow(
        provider: scope.first.text, operation: scope.second?.text ?? "",
        errorClass: key.errorClass, type: name.type?.text, code: name.code?.text,
        httpStatus: name.httpStatus.flatMap { Int64($0.text) }, attempts: count.attempts,
        share: failed == 0 ? 0 : Double(count.attempts) / Double(failed), final: count.final)
    }.sorted { $0.precedes($1) }
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

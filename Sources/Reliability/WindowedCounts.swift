public import AttemptLog

/// Counts events by the windows in which they belong: what the report shows.
///
/// An operation belongs to the window in which it ended, and its attempts go with it.
public struct WindowedCounts: EventCounts {
  public static let keepsAttempts = true
  /// Pairs of provider and operation, and errors as the provider names them, that are listed each by
  /// itself; the later ones are `_other`.
  static let scopesMax = 1000
  static let errorsMax = 10_000

  /// Disjoint, in order.
  public let windows: [Window]
  /// The windows whose errors are listed; the rest only has tallies.
  private let detailed: Range<Int>

  private var scopeNames: BoundedNames
  private var errorNames: BoundedNames
  private var quotas: QuotaHistory
  private var incidentHistory: IncidentHistory
  private var isJudged = false
  private var tallies: [Tally] = []
  /// For each pair, without a parent and with one, the places of the windows' tallies; -1 if nothing
  /// was counted.
  private var cells: [[Int32]] = []
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
    tallies[cell(operation.scope, operation.hasParent, window)].count(event)
    guard let error, let errorClass = event.errorClass, detailed.contains(window) else { return }
    let key = ErrorKey(scope: operation.scope, errorClass: errorClass, error: error)
    errors[key, default: ErrorCount()].final += 1
  }

  public mutating func countAbandoned(_ operation: OperationLine) {
    guard let window = window(of: operation.event.time) else { return }
    tallies[cell(operation.scope, operation.hasParent, window)].count(operation.event)
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
    let scope = attempt.scope
    tallies[cell(scope, attempt.hasParent, window)].count(attempt.figures, listsNumber: true)
    guard let errorClass = attempt.figures.errorClass, errorClass != .cancelled,
      let error = attempt.error, detailed.contains(window)
    else { return }
    let key = ErrorKey(scope: scope, errorClass: errorClass, error: error)
    errors[key, default: ErrorCount()].attempts += 1
  }

  public mutating func judge(at now: Timestamp) {
    precondition(!isJudged, "a report is made once, after all is read")
    isJudged = true
    incidents = incidentHistory.conclude(
      scopeName: { scopeNames.name($0) }, errorName: { errorNames.name($0) })
    quotaEpisodes = quotas.conclude()
  }

  /// The place of a tally, which is made if it is not there.
  private mutating func cell(_ scope: Int, _ hasParent: Bool, _ window: Int) -> Int {
    let row = scope * 2 + (hasParent ? 1 : 0)
    while cells.count <= row { cells.append([]) }
    if cells[row].isEmpty { cells[row] = [Int32](repeating: -1, count: windows.count) }
    if cells[row][window] < 0 {
      cells[row][window] = Int32(tallies.count)
      tallies.append(Tally())
    }
    return Int(cells[row][window])
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
    merged(stride(from: 0, to: cells.count, by: 2).map { $0 }, windows)
  }

  /// All operations of the detailed windows by pair, in the order of their names.
  public func byScope() -> [ScopeTally] {
    (0..<(cells.count + 1) / 2).compactMap { scope in
      let rows = [scope * 2, scope * 2 + 1].filter { $0 < cells.count }
      let tally = merged(rows, detailed)
      guard !tally.isEmpty else { return nil }
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

  /// In the order of pairs and windows, so that sums of doubles are the same every time.
  private func merged(_ rows: [Int], _ windows: Range<Int>) -> Tally {
    rows.reduce(into: Tally()) { sum, row in
      guard !cells[row].isEmpty else { return }
      for window in windows where cells[row][window] >= 0 {
        sum.merge(tallies[Int(cells[row][window])])
      }
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

public import AttemptLog

/// Counts what happened in the hours before one moment, and what has not ended by then: what
/// `relmon check` judges.
///
/// An operation counts at its end and an attempt at its own end; what the log tells of later moments is
/// left out.
public struct CheckCounts: EventCounts {
  public static let keepsAttempts = false

  /// The moment of judgement.
  let now: Timestamp
  /// How far back the slices of time reach, in seconds; ascending.
  private let reaches: [Int64]
  private var names: BoundedNames
  private var errorNames: BoundedNames
  private(set) var pairs: [Pair] = []
  /// Those without a parent, by slice.
  private var headline: [Tally]
  private var quotas: QuotaHistory
  private var incidentHistory: IncidentHistory
  private(set) var quotaEpisodes: [QuotaEpisodeRow] = []
  /// Failures in a row that no success has ended.
  private(set) var streaks: [Incident] = []
  /// Of the newest line that is not later than now: one that is tells of a clock.
  private(set) var lastRecord: Timestamp?
  /// When lines were lost last, by the way in which they were.
  private(set) var losses: [LineLoss: Timestamp] = [:]

  /// What is known of one pair of provider and operation.
  struct Pair: Sendable {
    fileprivate var slices: [Tally]
    /// Event times.
    var lastAttempt: Timestamp?
    var lastSuccess: Timestamp?
    /// The first attempt in A′ that is known to have failed after the last success.
    var firstFailureSince: Timestamp?
  }

  /// - Parameters:
  ///   - now: when the spans end.
  ///   - rules: whose spans are counted.
  public init(now: Timestamp, rules: CheckRules) {
    self.now = now
    reaches = Set(rules.spans).sorted()
    let overflow = BoundedNames.overflow
    names = BoundedNames(
      capacity: WindowedCounts.scopesMax, overflow: overflow + [LineNames.separator] + overflow)
    errorNames = BoundedNames(
      capacity: WindowedCounts.errorsMax, overflow: ErrorName.overflow)
    headline = Self.noTallies(reaches)
    // A span has an end that is not in it, and what happens now counts.
    let end = now.advanced(byMicroseconds: 1)
    quotas = QuotaHistory(
      span: Window(from: now.advanced(bySeconds: -rules.sustainedSeconds), to: end))
    incidentHistory = IncidentHistory(span: Window(from: now, to: end))
  }

  private static func noTallies(_ reaches: [Int64]) -> [Tally] {
    [Tally](repeating: Tally(), count: reaches.count)
  }

  public mutating func scope(named name: ArraySlice<UInt8>) -> Int {
    let number = names.number(NamePair(name).cut(bytesMax: LifetimeCounts.labelBytesMax)[...])
    while pairs.count <= number { pairs.append(Pair(slices: Self.noTallies(reaches))) }
    return number
  }

  public mutating func noteLine(of scope: Int, at time: Timestamp) {}

  public mutating func noteRecord(at time: Timestamp) {
    if time <= now { lastRecord = max(lastRecord ?? time, time) }
  }

  public mutating func count(
    _ attempt: AttemptLine, _ names: LineNames, _ map: inout NameMap
  ) -> KeptAttempt? {
    let event = attempt.event
    guard event.time <= now else { return nil }
    let last = pairs[attempt.scope].lastAttempt
    pairs[attempt.scope].lastAttempt = max(last ?? event.time, event.time)
    if let errorClass = event.figures.errorClass, errorClass != .cancelled {
      pairs[attempt.scope].noteFailure(at: event.time)
    }
    if let account = quotas.account(attempt, names, &map) {
      _ = quotas.note(attempt, account: account, names, &map)
    }
    if let slice = slice(of: event.time) {
      pairs[attempt.scope].slices[slice].count(event.figures, listsNumber: false)
    }
    return nil
  }

  public mutating func count(
    _ operation: OperationLine, _ names: LineNames, _ map: inout NameMap
  ) {
    let event = operation.event
    guard event.time <= now else { return }
    if event.outcome == .success { pairs[operation.scope].noteSuccess(at: event.time) }
    if event.outcome.isFateKnown {
      let error = event.isFailure ? event.error : nil
      incidentHistory.note(
        event, scope: operation.scope,
        error: error.map { errorNames.number(ofError: Int($0), names, &map) })
    }
    count(operation)
  }

  public mutating func countAbandoned(_ operation: OperationLine) {
    count(operation)
  }

  private mutating func count(_ operation: OperationLine) {
    guard let slice = slice(of: operation.event.time) else { return }
    pairs[operation.scope].slices[slice].count(operation.event)
    if !operation.hasParent { headline[slice].count(operation.event) }
  }

  public mutating func settle(_ attempts: SettledAttempts) {}

  public mutating func noteLoss(_ loss: LineLoss, at time: Timestamp) {
    guard time <= now else { return }
    losses[loss] = max(losses[loss] ?? time, time)
  }

  public mutating func judge(at now: Timestamp) {
    streaks = incidentHistory.conclude(
      scopeName: { names.name($0) }, errorName: { errorNames.name($0) })
    quotaEpisodes = quotas.conclude()
  }

  /// The slice of a time that is not too long ago, nor later than now.
  private func slice(of time: Timestamp) -> Int? {
    let age = now.microseconds - time.microseconds
    guard age >= 0 else { return nil }
    return reaches.firstIndex { age < $0 * Timestamp.microsecondsPerSecond }
  }
}

extension CheckCounts.Pair {
  fileprivate mutating func noteFailure(at time: Timestamp) {
    if time > lastSuccess ?? .earliest { firstFailureSince = min(firstFailureSince ?? time, time) }
  }

  fileprivate mutating func noteSuccess(at time: Timestamp) {
    guard time > lastSuccess ?? .earliest else { return }
    lastSuccess = time
    if let first = firstFailureSince, first <= time { firstFailureSince = nil }
  }
}

// MARK: - Reading

extension CheckCounts {
  /// All operations without a parent that ended in the last seconds.
  func headline(last seconds: Int64) -> Tally { sum(headline, seconds) }

  /// What a pair did in the last seconds.
  func tally(of pair: Int, last seconds: Int64) -> Tally { sum(pairs[pair].slices, seconds) }

  private func sum(_ slices: [Tally], _ seconds: Int64) -> Tally {
    zip(reaches, slices).reduce(into: Tally()) { sum, slice in
      if slice.0 <= seconds { sum.merge(slice.1) }
    }
  }

  func name(of pair: Int) -> (provider: String, operation: String) {
    let name = NamePair(names.name(pair))
    return (name.first.text, name.second?.text ?? "")
  }
}

extension Timestamp {
  /// The time so many seconds later, held within what RFC 3339 can write.
  func advanced(bySeconds seconds: Int64) -> Timestamp {
    let (microseconds, overflow) = seconds.multipliedReportingOverflow(
      by: Self.microsecondsPerSecond)
    if overflow { return seconds < 0 ? .earliest : .latest }
    return advanced(byMicroseconds: microseconds)
  }
}

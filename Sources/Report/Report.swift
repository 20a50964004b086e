public import AttemptLog
public import Reliability

/// What a report says, computed once; the renderers compute nothing.
public struct Report: Sendable {
  public let window: Window
  /// Whose days and weeks are meant.
  public let zone: Zone
  /// When it was made; silence was judged at this time.
  public let generatedAt: Timestamp
  public let log: LogSummary
  public let totals: Tally
  /// Of the window of equal length before; nil if nothing happened in it.
  public let previous: Tally?
  public let operations: [ScopeTally]
  public let errors: [ErrorRow]
  /// Those that overlap the window, whole.
  public let incidents: [Incident]
  public let quotaEpisodes: [QuotaEpisodeRow]
  public let days: [Day]
  /// The windows of equal length up to this one, from the first in which something happened; this one
  /// is the last.
  public let trend: [Span]
  /// In order; none for a window of more than 31 days.
  public let hours: [Hour]
  /// Those that the window before had and this one has not.
  public let goneErrors: [ErrorRow]
  /// The most attempts first.
  public let keyRefusals: [KeyRefusal]
  public let slo: Objective
  /// Why figures may not be exact, where the log says more than is remembered; nil if they are.
  public let inexactness: String?

  public struct Day: Sendable {
    public let date: CivilDate
    public let tally: Tally
  }

  public struct Span: Sendable {
    public let window: Window
    public let tally: Tally
  }

  public struct Hour: Sendable {
    public let hour: LocalHour
    /// Success in O′ / O′, of operations without a parent.
    public let success: Ratio
  }

  /// Windows in the trend.
  static let trendMax = 13
  /// Beyond so many days their hours are not told apart.
  static let hourlyDaysMax = 31

  /// About everything that was read, whatever the window.
  public struct LogSummary: Equatable, Sendable {
    public let records: Int
    public let attempts: Int
    public let operations: Int
    /// Without duplicates.
    public let rejected: Int
    public let missing: Int64
    public let dropped: Int64
    public let duplicates: Int
    /// How often somebody else cut a file that a writer wrote to, as the writers say.
    public let truncations: Int
    /// How often a writer could not make its lines durable.
    public let failedSyncs: Int
    /// Accepted lines of which nobody knows whether they were read twice.
    public let unchecked: Int
    /// How often the clock of a writer was set back (`LogLedger.clockSteps`).
    public let clockSteps: Int
    /// Files that could not be read to their end.
    public let damagedFiles: Int
    /// The time of the oldest line.
    public let firstRecord: Timestamp?
    /// Of the newest line.
    public let lastRecord: Timestamp?

    /// Lines were rejected or are missing, or may be.
    public let isIncomplete: Bool
  }

  /// The error budget of the window.
  public struct Objective: Sendable {
    public static let standard = 0.995

    /// A fraction above 0 and at most 1.
    public let objective: Double
    /// Operations that may fail.
    public let budget: Double
    /// Operations of O′ that did not succeed.
    public let failed: Int
    /// Failed / budget; nil if the budget is 0.
    public var consumed: Double? { budget == 0 ? nil : Double(failed) / budget }

    /// (1 − objective) × count, of an objective with up to nine decimals without an error of binary
    /// fractions: of ten operations 0.9 lets one fail, and not a little less.
    static func budget(_ objective: Double, ofOperations count: Int) -> Double {
      let rate = 1 - objective
      let billionths = (rate * 1e9).rounded()
      guard abs(billionths / 1e9 - rate) < 1e-12 else { return rate * Double(count) }
      let product = Int128(billionths) * Int128(count)
      let (whole, part) = product.quotientAndRemainder(dividingBy: 1_000_000_000)
      return Double(whole) + Double(part) / 1e9
    }
  }
}

/// What a report needs of the log while it is read.
public struct ReportInput: RecordSink, BatchFold, Sendable {
  private let window: Window
  private let zone: Zone
  private let hours: [LocalHour]
  /// Windows before this one that are counted.
  private let earlierCount: Int
  private let objective: Double
  private var aggregate: Aggregate<WindowedCounts>

  /// - Parameters:
  ///   - window: what the report is about.
  ///   - zone: whose days and weeks are meant.
  ///   - objective: of the success rate, a fraction above 0 and at most 1.
  public init(
    window: Window, zone: Zone = .utc, objective: Double = Report.Objective.standard
  ) {
    self.window = window
    self.zone = zone
    self.objective = objective
    var earlier: [Window] = []
    while earlier.count < Report.trendMax - 1,
      let before = (earlier.first ?? window).previous(in: zone)
    {
      earlier.insert(before, at: 0)
    }
    earlierCount = earlier.count
    let days = window.days(in: zone).map(\.window)
    hours = days.count <= Report.hourlyDaysMax ? window.localHours(in: zone) : []
    let windows = earlier + days
    aggregate = Aggregate(
      WindowedCounts(windows: windows, detailed: earlierCount..<windows.count, hours: hours))
  }

  public mutating func accept(
    _ fields: LineScanner, _ line: Span<UInt8>, at position: LinePosition
  ) {
    aggregate.accept(fields, line, at: position)
  }

  public mutating func reject(
    _ error: LineError, _ line: Span<UInt8>, at position: LinePosition
  ) {
    aggregate.reject(error, line, at: position)
  }

  /// For the readers whose batches are folded.
  public var hasher: ByteHasher { aggregate.hasher }

  /// Folds what a reader made of a part of the log.
  public mutating func fold(_ batch: EventBatch) {
    aggregate.fold(batch)
  }

  /// The report, after all is read.
  ///
  /// - Parameters:
  ///   - now: when silence is judged.
  ///   - damagedFiles: those that could not be read to their end.
  public consuming func report(at now: Timestamp, damagedFiles: Int = 0) -> Report {
    aggregate.judge(at: now)
    let counts = aggregate.counts
    let first = earlierCount
    let totals = counts.headline(first..<counts.windows.count)
    let previous = counts.headline(max(0, first - 1)..<first)
    let earlier = (0..<first).map {
      Report.Span(window: counts.windows[$0], tally: counts.headline($0..<$0 + 1))
    }.drop { $0.tally.isEmpty }
    let success = totals.successRate
    return Report(
      window: window, zone: zone, generatedAt: now,
      log: Report.LogSummary(
        aggregate.log, oldestRecord: counts.oldestRecord, damagedFiles: damagedFiles),
      totals: totals,
      previous: previous.isEmpty ? nil : previous, operations: counts.byScope(),
      errors: counts.errorRows(),
      incidents: counts.incidents.filter { window.overlaps($0.from, $0.to) },
      quotaEpisodes: counts.quotaEpisodes.filter {
        window.overlaps($0.episode.start, $0.episode.end)
      },
      days: window.days(in: zone).enumerated().map { index, day in
        Report.Day(date: day.date, tally: counts.headline(first + index..<first + index + 1))
      }, trend: earlier + [Report.Span(window: window, tally: totals)],
      hours: zip(hours, counts.successByHour).map { Report.Hour(hour: $0, success: $1) },
      goneErrors: counts.goneErrors(), keyRefusals: counts.keyRefusals,
      slo: Report.Objective(
        objective: objective,
        budget: Report.Objective.budget(objective, ofOperations: success.of),
        failed: success.of - success.hits),
      inexactness: aggregate.inexactness)
  }
}

extension Aggregate<WindowedCounts> {
  fileprivate var inexactness: String? {
    let reasons = [
      (operationsGivenUp, "operations were taken for abandoned, as too many were open at once"),
      (operationsUndecided, "operations have lines too late to tell whether they had ended"),
      (attemptsSettledEarly, "attempts count at their own time, as too many waited for an end"),
      (
        counts.lateLines,
        "lines stand too far from the place of their time for incidents and quota episodes"
      ),
      (counts.unlistedEpisodes, "more incidents or quota episodes are not listed"),
      (counts.unnamedErrors, "errors are known by their class only where an incident names one"),
    ].filter { $0.0 > 0 }
    guard !reasons.isEmpty else { return nil }
    return "not exact: " + reasons.map { "\($0.0) \($0.1)" }.joined(separator: "; ")
  }
}

extension Report.LogSummary {
  fileprivate init(_ ledger: LogLedger, oldestRecord: Timestamp?, damagedFiles: Int) {
    records = ledger.recordCount
    attempts = ledger.records[.attempt, default: 0]
    operations = ledger.records[.operation, default: 0]
    rejected = ledger.damaged
    missing = ledger.missing
    dropped = ledger.dropped
    duplicates = ledger.duplicates
    truncations = ledger.truncations
    failedSyncs = ledger.losses[.syncFailed]?.reports ?? 0
    unchecked = ledger.unchecked
    clockSteps = ledger.clockSteps
    self.damagedFiles = damagedFiles
    isIncomplete = damagedFiles > 0 || ledger.isIncomplete
    firstRecord = oldestRecord
    lastRecord = ledger.lastRecord
  }
}

extension Report {
  /// Whether anything happened in the window.
  public var isEmpty: Bool { totals.isEmpty && operations.isEmpty }

  /// The six ratios against the window before; empty without one.
  public var changes: [(name: RatioName, change: RatioChange)] {
    guard let previous else { return [] }
    return RatioName.allCases.map {
      ($0, RatioChange(before: previous[$0], after: totals[$0]))
    }
  }

  /// Retries by the error class that caused them, of each pair that had any.
  public var retries: [(scope: ScopeTally, reason: ErrorClass, retries: Tally.Retries)] {
    operations.flatMap { scope in
      ErrorClass.allCases.sorted { [$0.rawValue].precedes([$1.rawValue]) }.compactMap { reason in
        let retries = scope.tally.retries[reason]
        return retries.ratio.of == 0 ? nil : (scope, reason, retries)
      }
    }
  }

  /// Retries by the number of the attempt, of each pair that had any.
  public var retriesByAttempt: [(scope: ScopeTally, attempt: Int64, retries: Tally.Retries)] {
    operations.flatMap { scope in
      scope.tally.retriesByAttempt.sorted { $0.key < $1.key }.compactMap { attempt, retries in
        retries.ratio.of == 0 ? nil : (scope, attempt, retries)
      }
    }
  }
}

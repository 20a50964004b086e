public import AttemptLog
public import Reliability

/// The aggregate as a page that Prometheus scrapes.
///
/// For every pair that was met, all members of the closed label sets are there from the start with
/// 0, so that `increase()` sees a first event.
public struct MetricsPage: Sendable {
  public let aggregate: Aggregate<LifetimeCounts>
  /// What the gauges of open operations are judged by.
  public let now: Timestamp
  /// Numbers that no accepted line has; the owner sees to it that it does not go back.
  public let missing: Int64
  public let bytesRead: Int64
  public let unreadBytes: Int64
  /// A fraction; its metric is left out without one.
  public let objective: Double?
  public let version: String
  /// Its metrics are left out without a state.
  public let state: StateFigures?
  /// So long a series that was born in a live log is 0, so that `increase()` sees what it was born
  /// with.
  public let zeroMicroseconds: Int64
  private let identity = Identity()

  private final class Identity: Sendable {}

  public init(
    aggregate: Aggregate<LifetimeCounts>, now: Timestamp, missing: Int64, bytesRead: Int64,
    unreadBytes: Int64,
    objective: Double? = nil, version: String, state: StateFigures? = nil,
    zeroMicroseconds: Int64 = 0
  ) {
    self.aggregate = aggregate
    self.now = now
    self.missing = missing
    self.bytesRead = bytesRead
    self.unreadBytes = unreadBytes
    self.objective = objective
    self.version = version
    self.state = state
    self.zeroMicroseconds = zeroMicroseconds
  }

  /// Whether this is a copy of the other: then so are its bytes.
  public func isCopy(of other: MetricsPage) -> Bool { identity === other.identity }

  /// The whole page; the same state gives the same bytes.
  public func bytes(as format: ExpositionFormat) -> [UInt8] {
    var page = PageWriter(format)
    write(to: &page)
    page.end()
    return page.bytes
  }

  /// All that comes before what `ServingMetrics` says.
  public func beginning(as format: ExpositionFormat) -> [UInt8] {
    var page = PageWriter(format)
    write(to: &page)
    return page.bytes
  }

  private func write(to page: inout PageWriter) {
    let scopes = sortedScopes()
    writeAttempts(scopes, to: &page)
    writeOperations(scopes, to: &page)
    writeRetries(scopes, to: &page)
    Self.writeGauges(scopes, to: &page)
    writeOpenOperations(scopes, to: &page)
    writeQuotas(to: &page)
    writeLog(to: &page)
  }

  /// A pair with what is said of it.
  struct Labelled {
    let index: Int
    let scope: LifetimeCounts.Scope
    let labels: LabelSet
    /// It was just born: its counters are still 0.
    let isHeld: Bool
    /// What was counted, or nothing as long as it is held.
    let tally: Tally
  }

  private func sortedScopes() -> [Labelled] {
    aggregate.counts.scopes.enumerated()
      .sorted {
        [$0.element.provider, $0.element.operation]
          .precedes([$1.element.provider, $1.element.operation])
      }
      .map { index, scope in
        let isHeld = isHeld(scope.birth)
        return Labelled(
          index: index, scope: scope,
          labels: LabelSet(["provider", "operation"], [scope.provider, scope.operation]),
          isHeld: isHeld, tally: isHeld ? Tally() : scope.tally)
      }
  }

  /// Whether what was born then is still shown as 0.
  func isHeld(_ birth: LifetimeCounts.Birth) -> Bool {
    birth.isWithin(microseconds: zeroMicroseconds, before: now)
  }
}

// MARK: - Gauges and the log

extension MetricsPage {
  private static func writeGauges(_ scopes: [Labelled], to page: inout PageWriter) {
    page.begin(.consecutiveFailures)
    for scope in scopes {
      page.sample(scope.labels, .integer(scope.scope.consecutiveFailures ?? 0))
    }
    page.begin(.lastSuccess)
    for scope in scopes {
      if let time = scope.scope.lastSuccess { page.sample(scope.labels, .number(time.seconds)) }
    }
    page.begin(.lastAttempt)
    for scope in scopes {
      if let time = scope.scope.lastAttempt { page.sample(scope.labels, .number(time.seconds)) }
    }
  }

  private func writeOpenOperations(_ scopes: [Labelled], to page: inout PageWriter) {
    let open = aggregate.openOperations(at: now)
    page.begin(.openOperations)
    for scope in scopes {
      let counts = open[scope.index] ?? OpenScope()
      page.sample(scope.labels.adding("state", "attempting"), .integer(counts.attempting))
      page.sample(scope.labels.adding("state", "backing_off"), .integer(counts.backingOff))
    }
    page.begin(.oldestOpenOperation)
    for scope in scopes {
      if let oldest = open[scope.index]?.oldest {
        page.sample(scope.labels, .number(oldest.seconds))
      }
    }
  }

  private func writeLog(to page: inout PageWriter) {
    let log = aggregate.log
    page.begin(.logRecords)
    for kind in RecordKind.allCases {
      let labels = LabelSet(["kind"], [kind.rawValue])
      page.sample(
        labels, .integer(log.records[kind, default: 0]), created: log.firstRecord?.seconds)
    }
    page.begin(.logRejected)
    for reason in RejectionReason.allCases {
      let labels = LabelSet(["reason"], [reason.rawValue])
      page.sample(
        labels, .integer(log.rejected[reason, default: 0]), created: log.firstRecord?.seconds)
    }
    page.single(.logMissing, .integer(Int(missing)), created: log.firstRecord?.seconds)
    page.single(.logDropped, .integer(Int(log.dropped)), created: log.firstRecord?.seconds)
    page.begin(.logUnmapped)
    for key in LogLedger.restrictedKeys {
      let labels = LabelSet(["key"], [key.name])
      page.sample(
        labels, .integer(log.unmapped[key, default: 0]), created: log.firstRecord?.seconds)
    }
    if let time = log.lastRecord { page.single(.logLastRecord, .number(time.seconds)) }
    page.single(.logBytesRead, .integer(Int(bytesRead)), created: log.firstRecord?.seconds)
    page.single(.logUnreadBytes, .integer(Int(unreadBytes)))
    page.begin(.labelOverflow)
    let counts = aggregate.counts
    for (label, count) in [
      ("operation", counts.scopeOverflow), ("error_code", counts.errorOverflow),
    ] {
      page.sample(LabelSet(["label"], [label]), .integer(count), created: log.firstRecord?.seconds)
    }
    if let state { write(state, to: &page) }
    if let objective { page.single(.objective, .number(objective)) }
    page.begin(.buildInfo)
    page.sample(LabelSet(["version"], [version]), .integer(1))
  }
}

extension MetricsPage {
  private func write(_ state: StateFigures, to page: inout PageWriter) {
    let created = aggregate.log.firstRecord?.seconds
    page.single(.logTruncated, .integer(state.truncated), created: created)
    page.single(
      .logDeletedUnread, .integer(Int(state.deletedUnreadBytes)), created: created)
    if let saved = state.saved { page.single(.stateSaved, .number(saved.seconds)) }
    page.single(.stateLost, .integer(state.lost), created: created)
    page.single(.stateSaveErrors, .integer(state.saveErrors), created: created)
  }
}

extension PageWriter {
  mutating func single(
    _ family: MetricFamily, _ value: SampleValue, created: Double? = nil
  ) {
    begin(family)
    sample(LabelSet(), value, created: created)
  }
}

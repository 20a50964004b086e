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
  private let identity = Identity()

  private final class Identity: Sendable {}

  public init(
    aggregate: Aggregate<LifetimeCounts>, now: Timestamp, missing: Int64, bytesRead: Int64,
    unreadBytes: Int64,
    objective: Double? = nil, version: String, state: StateFigures? = nil
  ) {
    self.aggregate = aggregate
    self.now = now
    self.missing = missing
    self.bytesRead = bytesRead
    self.unreadBytes = unreadBytes
    self.objective = objective
    self.version = version
    self.state = state
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
    Self.writeAttempts(scopes, to: &page)
    Self.writeOperations(scopes, to: &page)
    Self.writeRetries(scopes, to: &page)
    Self.writeGauges(scopes, to: &page)
    writeOpenOperations(scopes, to: &page)
    writeQuotas(to: &page)
    writeLog(to: &page)
  }

  private struct Labelled {
    let index: Int
    let scope: LifetimeCounts.Scope
    let labels: LabelSet
  }

  private func sortedScopes() -> [Labelled] {
    aggregate.counts.scopes.enumerated()
      .sorted {
        [$0.element.provider, $0.element.operation]
          .precedes([$1.element.provider, $1.element.operation])
      }
      .map { index, scope in
        Labelled(
          index: index, scope: scope,
          labels: LabelSet(["provider", "operation"], [scope.provider, scope.operation]))
      }
  }
}

// MARK: - Attempts and operations

extension MetricsPage {
  // In both formats as OpenMetrics has it, 1.0 and not 1: a series is the same whatever a scrape
  // negotiates.
  fileprivate static let durationBounds = Distribution.bounds.map { "\($0)" }
  private static let attemptsBounds = Tally.AttemptsHistogram.bounds.map { "\(Double($0))" }

  private static func writeAttempts(_ scopes: [Labelled], to page: inout PageWriter) {
    page.begin(.attempts)
    for (scope, kind) in pairs(scopes, AttemptKind.allCases) {
      page.sample(
        scope.labels.adding("attempt_kind", kind.rawValue),
        .integer(scope.scope.tally.attempts[kind].count))
    }
    page.begin(.attemptFailures)
    for (scope, kind) in pairs(scopes, AttemptKind.allCases) {
      let labels = scope.labels.adding("attempt_kind", kind.rawValue)
      for errorClass in ErrorClass.allCases {
        page.sample(
          labels.adding("error_class", errorClass.rawValue),
          .integer(scope.scope.tally.attempts[kind].failures[errorClass]))
      }
    }
    page.begin(.attemptErrors)
    for scope in scopes {
      for error in scope.scope.errors.sorted(by: { $0.labels.precedes($1.labels) }) {
        let labels = zip(["error_type", "error_code", "http_status"], error.labels)
          .reduce(scope.labels) { $0.adding($1.0, $1.1) }
        page.sample(labels, .integer(error.count))
      }
    }
    page.begin(.attemptDuration)
    for (scope, result) in pairs(scopes, CallResult.allCases) {
      page.histogram(
        scope.labels.adding("result", result.rawValue), scope.scope.tally.latency[result])
    }
  }

  private static func writeOperations(_ scopes: [Labelled], to page: inout PageWriter) {
    page.begin(.operations)
    for (scope, outcome) in pairs(scopes, OperationOutcome.allCases) {
      let counts = scope.scope.tally.operations.byOutcome[outcome]
      if outcome == .other && counts.count == 0 { continue }
      let labels = scope.labels.adding("outcome", outcome.rawValue)
      page.sample(labels.adding("retried", "false"), .integer(counts.no))
      page.sample(labels.adding("retried", "true"), .integer(counts.yes))
    }
    page.begin(.operationDuration)
    for (scope, result) in pairs(scopes, CallResult.allCases) {
      page.histogram(
        scope.labels.adding("result", result.rawValue), scope.scope.tally.duration[result])
    }
    page.begin(.operationAttempts)
    for (scope, result) in pairs(scopes, CallResult.allCases) {
      let histogram = scope.scope.tally.operations.perOperation[result]
      page.histogram(
        scope.labels.adding("result", result.rawValue), bounds: attemptsBounds,
        buckets: histogram.buckets, sum: histogram.sum.value)
    }
  }

  private static func writeRetries(_ scopes: [Labelled], to page: inout PageWriter) {
    page.begin(.retries)
    for (scope, reason) in pairs(scopes, ErrorClass.allCases) {
      let retries = scope.scope.tally.retries[reason]
      let labels = scope.labels.adding("reason", reason.rawValue)
      page.sample(labels.adding("result", "success"), .integer(retries.succeeded))
      page.sample(
        labels.adding("result", "failure"), .integer(retries.failed + retries.cancelled))
    }
    page.begin(.backoff)
    for (scope, source) in pairs(scopes, DelaySource.allCases) {
      let sleeps = scope.scope.tally.backoff[source]
      if source == .other && sleeps.count == 0 { continue }
      page.histogram(scope.labels.adding("source", source.rawValue), sleeps)
    }
    page.begin(.wastedBackoff)
    for scope in scopes {
      page.sample(scope.labels, .number(scope.scope.tally.wastedBackoffSeconds))
    }
    page.begin(.audio)
    for (scope, kind) in pairs(scopes, AttemptKind.allCases) {
      page.sample(
        scope.labels.adding("attempt_kind", kind.rawValue),
        .number(scope.scope.tally.attempts[kind].audioSeconds.value))
    }
  }

  private static func pairs<Member>(
    _ scopes: [Labelled], _ members: [Member]
  ) -> [(Labelled, Member)] {
    scopes.flatMap { scope in members.map { (scope, $0) } }
  }
}

extension PageWriter {
  fileprivate mutating func histogram(_ labels: LabelSet, _ distribution: Distribution) {
    histogram(
      labels, bounds: MetricsPage.durationBounds, buckets: distribution.buckets,
      sum: distribution.sum.value / 1000)
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
      page.sample(labels, .integer(log.records[kind, default: 0]))
    }
    page.begin(.logRejected)
    for reason in RejectionReason.allCases {
      let labels = LabelSet(["reason"], [reason.rawValue])
      page.sample(labels, .integer(log.rejected[reason, default: 0]))
    }
    page.single(.logMissing, .integer(Int(missing)))
    page.single(.logDropped, .integer(Int(log.dropped)))
    page.begin(.logUnmapped)
    for key in LogLedger.restrictedKeys {
      let labels = LabelSet(["key"], [key.name])
      page.sample(labels, .integer(log.unmapped[key, default: 0]))
    }
    if let time = log.lastRecord { page.single(.logLastRecord, .number(time.seconds)) }
    page.single(.logBytesRead, .integer(Int(bytesRead)))
    page.single(.logUnreadBytes, .integer(Int(unreadBytes)))
    page.begin(.labelOverflow)
    let counts = aggregate.counts
    page.sample(LabelSet(["label"], ["operation"]), .integer(counts.scopeOverflow))
    page.sample(LabelSet(["label"], ["error_code"]), .integer(counts.errorOverflow))
    if let state { Self.write(state, to: &page) }
    if let objective { page.single(.objective, .number(objective)) }
    page.begin(.buildInfo)
    page.sample(LabelSet(["version"], [version]), .integer(1))
  }
}

extension MetricsPage {
  private static func write(_ state: StateFigures, to page: inout PageWriter) {
    page.single(.logTruncated, .integer(state.truncated))
    page.single(.logDeletedUnread, .integer(Int(state.deletedUnreadBytes)))
    if let saved = state.saved { page.single(.stateSaved, .number(saved.seconds)) }
    page.single(.stateLost, .integer(state.lost))
    page.single(.stateSaveErrors, .integer(state.saveErrors))
  }
}

extension PageWriter {
  mutating func single(_ family: MetricFamily, _ value: SampleValue) {
    begin(family)
    sample(LabelSet(), value)
  }
}

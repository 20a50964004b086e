import AttemptLog
import Reliability

// Counters and histograms of the pairs.
extension MetricsPage {
  // In both formats as OpenMetrics has it, 1.0 and not 1: a series is the same whatever a scrape
  // negotiates.
  fileprivate static let durationBounds = Distribution.bounds.map { "\($0)" }
  private static let attemptsBounds = Tally.AttemptsHistogram.bounds.map { "\(Double($0))" }

  func writeAttempts(_ scopes: [Labelled], to page: inout PageWriter) {
    page.begin(.attempts)
    for (scope, kind) in pairs(scopes, AttemptKind.allCases) {
      page.sample(
        scope.labels.adding("attempt_kind", kind.rawValue),
        .integer(scope.tally.attempts[kind].count), created: scope.created)
    }
    page.begin(.attemptFailures)
    for (scope, kind) in pairs(scopes, AttemptKind.allCases) {
      let labels = scope.labels.adding("attempt_kind", kind.rawValue)
      for errorClass in ErrorClass.allCases {
        page.sample(
          labels.adding("error_class", errorClass.rawValue),
          .integer(scope.tally.attempts[kind].failures[errorClass]),
          created: scope.created,
          exemplar: scope.exemplar(scope.scope.failure(kind, errorClass)))
      }
    }
    page.begin(.attemptErrors)
    for scope in scopes {
      for error in scope.scope.errors.sorted(by: { $0.labels.precedes($1.labels) }) {
        let labels = zip(["error_type", "error_code", "http_status"], error.labels)
          .reduce(scope.labels) { $0.adding($1.0, $1.1) }
        let isHeld = scope.isHeld || isHeld(error.birth)
        page.sample(labels, .integer(isHeld ? 0 : error.count), created: scope.created)
      }
    }
    page.begin(.attemptDuration)
    for (scope, result) in pairs(scopes, CallResult.allCases) {
      page.histogram(
        scope.labels.adding("result", result.rawValue), scope.tally.latency[result],
        created: scope.created)
    }
  }

  func writeOperations(_ scopes: [Labelled], to page: inout PageWriter) {
    page.begin(.operations)
    for (scope, outcome) in pairs(scopes, OperationOutcome.allCases) {
      let counts = scope.tally.operations.byOutcome[outcome]
      let labels = scope.labels.adding("outcome", outcome.rawValue)
      for (isRetried, count) in [(false, counts.no), (true, counts.yes)] {
        page.sample(
          labels.adding("retried", "\(isRetried)"), .integer(count),
          created: scope.created,
          exemplar: scope.exemplar(scope.scope.failure(outcome, isRetried: isRetried)))
      }
    }
    page.begin(.operationDuration)
    for (scope, result) in pairs(scopes, CallResult.allCases) {
      page.histogram(
        scope.labels.adding("result", result.rawValue), scope.tally.duration[result],
        created: scope.created)
    }
    page.begin(.operationAttempts)
    for (scope, result) in pairs(scopes, CallResult.allCases) {
      let histogram = scope.tally.operations.perOperation[result]
      page.histogram(
        scope.labels.adding("result", result.rawValue), bounds: Self.attemptsBounds,
        buckets: histogram.buckets, sum: histogram.sum.value, created: scope.created)
    }
  }

  func writeRetries(_ scopes: [Labelled], to page: inout PageWriter) {
    page.begin(.retries)
    for (scope, reason) in pairs(scopes, ErrorClass.allCases) {
      let retries = scope.tally.retries[reason]
      let labels = scope.labels.adding("reason", reason.rawValue)
      page.sample(
        labels.adding("result", "success"), .integer(retries.succeeded),
        created: scope.created)
      page.sample(
        labels.adding("result", "failure"), .integer(retries.failed + retries.cancelled),
        created: scope.created)
    }
    page.begin(.backoff)
    for (scope, source) in pairs(scopes, DelaySource.allCases) {
      page.histogram(
        scope.labels.adding("source", source.rawValue), scope.tally.backoff[source],
        created: scope.created)
    }
    page.begin(.wastedBackoff)
    for scope in scopes {
      page.sample(
        scope.labels, .number(scope.tally.wastedBackoffSeconds), created: scope.created)
    }
    page.begin(.audio)
    for (scope, kind) in pairs(scopes, AttemptKind.allCases) {
      page.sample(
        scope.labels.adding("attempt_kind", kind.rawValue),
        .number(scope.tally.attempts[kind].audioSeconds.value), created: scope.created)
    }
  }

  private func pairs<Member>(
    _ scopes: [Labelled], _ members: [Member]
  ) -> [(Labelled, Member)] {
    scopes.flatMap { scope in members.map { (scope, $0) } }
  }
}

extension PageWriter {
  fileprivate mutating func histogram(
    _ labels: LabelSet, _ distribution: Distribution, created: Double?
  ) {
    histogram(
      labels, bounds: MetricsPage.durationBounds, buckets: distribution.buckets,
      sum: distribution.sum.value / 1000, created: created)
  }
}

extension MetricsPage.Labelled {
  fileprivate var created: Double? { scope.created?.seconds }

  /// The operation of a failure, by which it is found in the log.
  fileprivate func exemplar(_ failure: LifetimeCounts.FailureExample?) -> Exemplar? {
    guard !isHeld, let failure, let id = failure.operationID else { return nil }
    return Exemplar([("operation_id", id)], .integer(1), time: failure.time)
  }
}

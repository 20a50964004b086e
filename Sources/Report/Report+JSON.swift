import AttemptLog
import Reliability

extension Report {
  /// The report as JSON: stable, with its keys in the order of definitions.md, and behind them those
  /// that came later.
  public func json() -> [UInt8] {
    JSONTree.object([
      ("schema", .integer(1)),
      ("window", windowJSON),
      ("log", logJSON),
      ("totals", .object(totals.json)),
      ("previous", previous.map { .object($0.json) } ?? .null),
      ("changes", .array(changes.map { changeJSON($0.name, $0.change) })),
      ("operations", .array(operations.map { .object($0.names + $0.tally.json) })),
      ("errors", .array(errors.map(\.json))),
      (
        "retries",
        .array(
          retries.map { scope, reason, retries in
            .object(
              scope.names + [
                ("reason", .string(reason.rawValue)),
                ("ratio", retries.ratio.json),
                ("slept_seconds", .number(retries.slept.value / 1000)),
              ])
          })
      ),
      (
        "retries_by_attempt",
        .array(
          retriesByAttempt.map { scope, attempt, retries in
            .object(
              scope.names + [
                ("attempt", .integer(attempt)),
                ("ratio", retries.ratio.json),
                ("slept_seconds", .number(retries.slept.value / 1000)),
              ])
          })
      ),
      ("incidents", .array(incidents.map(\.json))),
      ("quota_episodes", .array(quotaEpisodes.map(\.json))),
      ("slo", slo.json),
      (
        "days",
        .array(days.map { .object([("date", .string($0.date.description))] + $0.tally.json) })
      ),
      ("findings", .array(findings.map(\.json))),
      ("hours", .array(hours.map(\.json))),
      ("trend", .array(trend.map { trendJSON($0) })),
      ("gone_errors", .array(goneErrors.map(\.goneJSON))),
      ("generated_at", .time(generatedAt)),
      ("version", .string(relmonVersion)),
    ]).rendered()
  }

  private var windowJSON: JSONTree {
    .object([
      ("label", .string(window.label(in: zone))),
      ("from", .time(window.from)),
      ("to", .time(window.to)),
      ("timezone", .string(zone.name)),
      ("hours", .number(window.lengthInHours)),
    ])
  }

  private func trendJSON(_ span: Span) -> JSONTree {
    .object([
      ("label", .string(span.window.label(in: zone))),
      ("from", .time(span.window.from)),
      ("to", .time(span.window.to)),
      ("operations", .integer(span.tally.operations.count)),
      ("success_rate", span.tally.successRate.json),
    ])
  }

  private var logJSON: JSONTree {
    .object([
      ("records", .integer(log.records)),
      ("attempts", .integer(log.attempts)),
      ("operations", .integer(log.operations)),
      ("rejected", .integer(log.rejected)),
      ("missing", .integer(log.missing)),
      ("dropped", .integer(log.dropped)),
      ("duplicates", .integer(log.duplicates)),
      ("first_record", log.firstRecord.map { .time($0) } ?? .null),
      ("last_record", log.lastRecord.map { .time($0) } ?? .null),
      ("cut_by_others", .integer(log.truncations)),
      ("failed_syncs", .integer(log.failedSyncs)),
      ("not_checked", .integer(log.unchecked)),
      ("damaged_files", .integer(log.damagedFiles)),
      ("clock_steps", .integer(log.clockSteps)),
    ])
  }

  private func changeJSON(_ name: RatioName, _ change: RatioChange) -> JSONTree {
    .object([
      ("key", .string(name.rawValue)),
      ("before", .optional(change.before.value)),
      ("after", .optional(change.after.value)),
      ("low", .optional(change.interval?.low)),
      ("high", .optional(change.interval?.high)),
      ("significant", .bool(change.isSignificant)),
    ])
  }
}

extension Report.Objective {
  var json: JSONTree {
    .object([
      ("objective", .number(objective)),
      ("budget_operations", .number(budget)),
      ("failed_operations", .integer(failed)),
      ("consumed", .optional(consumed)),
      ("left_operations", .number(left)),
    ])
  }
}

extension ScopeTally {
  fileprivate var names: [(String, JSONTree)] {
    [("provider", .string(provider)), ("operation", .string(operation))]
  }
}

extension ErrorRow {
  private var names: [(String, JSONTree)] {
    [
      ("provider", .string(provider)),
      ("operation", .string(operation)),
      ("error_class", .string(errorClass.rawValue)),
      ("error_type", .optional(type)),
      ("error_code", .optional(code)),
      ("http_status", .optional(httpStatus)),
    ]
  }

  fileprivate var json: JSONTree {
    .object(
      names + [
        ("attempts", .integer(attempts)),
        ("share", .number(share)),
        ("final", .integer(final)),
        ("attempts_before", .integer(attemptsBefore)),
        ("first_seen", seen.map { .time($0.lowerBound) } ?? .null),
        ("last_seen", seen.map { .time($0.upperBound) } ?? .null),
        ("example_operation_id", .optional(example)),
      ])
  }

  fileprivate var goneJSON: JSONTree {
    .object(names + [("attempts_before", .integer(attemptsBefore))])
  }
}

extension Report.Hour {
  /// On one line: a month has hundreds.
  fileprivate var json: JSONTree {
    .object([
      ("date", .string(hour.date.description)),
      ("hour", .integer(hour.hour)),
      ("from", .time(hour.window.from)),
      ("hits", .integer(success.hits)),
      ("of", .integer(success.of)),
    ])
  }
}

extension Report.Finding {
  fileprivate var json: JSONTree {
    .object([
      ("severity", .string(severity.rawValue)),
      ("code", .string(code.rawValue)),
      ("text", .string(text.map(\.plain).joined())),
    ])
  }
}

extension Incident {
  fileprivate var json: JSONTree {
    .object([
      ("provider", .string(provider)),
      ("operation", .string(operation)),
      ("from", .time(from)),
      ("to", to.map { .time($0) } ?? .null),
      ("failed_operations", .integer(failedOperations)),
      ("retries", .integer(retries)),
      ("error_code", .optional(error)),
    ])
  }
}

extension QuotaEpisodeRow {
  fileprivate var json: JSONTree {
    .object([
      ("provider", .string(provider)),
      ("account", .optional(account)),
      ("quota", .string(quota)),
      ("from", .time(episode.start)),
      ("to", .time(episode.end)),
      ("seconds", .number(episode.milliseconds / 1000)),
      ("censored", .bool(episode.isCensored)),
      ("signals", .integer(episode.signals)),
      ("operations_lost", .integer(operationsLost)),
      ("pointless_attempts", .integer(pointlessAttempts)),
    ])
  }
}

extension Ratio {
  var json: JSONTree {
    .object([
      ("hits", .integer(hits)),
      ("of", .integer(of)),
      ("value", .optional(value)),
      ("low", .optional(interval?.low)),
      ("high", .optional(interval?.high)),
    ])
  }
}

extension Tally {
  /// STATS of definitions.md.
  var json: [(String, JSONTree)] {
    [
      ("operations", .integer(operations.count)),
      ("outcomes", outcomesJSON),
      ("attempts", .integer(attemptCount)),
      ("failed_attempts", .integer(failedAttempts)),
    ]
      + RatioName.allCases.map { ($0.rawValue, self[$0].json) }
      + [
        ("amplification", .optional(amplification)),
        ("audio_amplification", .optional(audioAmplification)),
        ("backoff_share", .optional(backoffShare)),
        ("retried_operations", .integer(operations.retried)),
        ("rescued_operations", .integer(operations.rescued)),
        ("slept_seconds", .number(sleptSeconds)),
        ("wasted_backoff_seconds", .number(wastedBackoffSeconds)),
        ("audio_seconds", .number(audioSeconds)),
        ("attempt_latency_ms", allLatencies.json),
        ("operation_duration_ms", allDurations.json),
      ]
  }

  /// Every outcome of the closed set; `other` only if there are any.
  private var outcomesJSON: JSONTree {
    .object(
      OperationOutcome.allCases.filter { $0 != .other || operations.byOutcome[$0].count > 0 }
        .map { ($0.rawValue, .integer(operations.byOutcome[$0].count)) })
  }
}

extension Distribution {
  /// Below so many values a p99 says nothing.
  static let fewestForP99 = 100

  fileprivate var json: JSONTree {
    .object([
      ("count", .integer(count)),
      ("sum", .number(sum.value)),
      ("min", .optional(min)),
      ("max", .optional(max)),
      ("p50", .optional(quantile(percent: 50))),
      ("p90", .optional(quantile(percent: 90))),
      ("p95", .optional(quantile(percent: 95))),
      ("p99", .optional(p99)),
    ])
  }

  var p99: Double? { count >= Self.fewestForP99 ? quantile(percent: 99) : nil }
}

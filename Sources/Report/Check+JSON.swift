import AttemptLog
public import Reliability

extension Check {
  /// The same as one JSON object, with keys in a fixed order.
  public func json() -> [UInt8] {
    JSONTree.object([
      ("schema", .integer(1)),
      ("state", .string(state.word.lowercased())),
      ("summary", .string(summary)),
      ("now", .time(now)),
      ("within_seconds", .integer(rules.withinSeconds)),
      ("objective", .number(rules.objective)),
      ("last_record", lastRecord.map { .time($0) } ?? .null),
      (
        "operations",
        .object([
          ("success_rate", headline.successRate.json),
          ("retry_success_ratio", headline.retrySuccessRatio.json),
        ])
      ),
      ("findings", .array(findings.map { $0.json(at: now, rules) })),
    ]).rendered()
  }
}

extension CheckFinding {
  fileprivate func json(at now: Timestamp, _ rules: CheckRules) -> JSONTree {
    .object([
      ("severity", .string(severity.rawValue)),
      ("alert", .string(alert.rawValue)),
      ("provider", .optional(subject?.provider)),
      ("operation", .optional(subject?.operation)),
      ("account", .optional(subject?.account)),
      ("quota", .optional(subject?.quota)),
      ("text", .string(text(at: now, rules))),
      ("evidence", .object(evidence.fields(rules))),
    ])
  }
}

extension CheckFinding.Evidence {
  fileprivate func fields(_ rules: CheckRules) -> [(String, JSONTree)] {
    switch self {
    case .rescued(let within, let short, let error):
      [
        ("rescued", within.json), ("rescued_short", short.json),
        ("error_class", .optional(error?.rawValue)),
      ]
    case .rarelyRescued(let ratio, let seconds, let error):
      [
        ("rescued", ratio.json), ("seconds", .integer(seconds)),
        ("error_class", .optional(error?.rawValue)),
      ]
    case .streak(let incident):
      [
        ("failed_operations", .integer(incident.failedOperations)),
        ("retries", .integer(incident.retries)), ("from", .time(incident.from)),
        ("error", .optional(incident.error)),
      ]
    case .noSuccess(let attempts, let since, let last, let error):
      [
        ("attempts", .integer(attempts)), ("from", .time(since)),
        ("last_success", last.map { .time($0) } ?? .null),
        ("error_class", .optional(error?.rawValue)),
      ]
    case .burn(let burn, let long, let short):
      [
        ("failed", long.json), ("failed_short", short.json),
        ("long_seconds", .integer(burn.longSeconds)),
        ("short_seconds", .integer(burn.shortSeconds)), ("factor", .number(burn.factor)),
        ("limit", .number(burn.limit(objective: rules.objective))),
      ]
    case .amplification(let retries, let initial):
      [("retries", .integer(retries)), ("first_attempts", .integer(initial))]
    case .exhausted(let row):
      [
        ("from", .time(row.episode.start)), ("signals", .integer(row.episode.signals)),
        ("announced_end", row.episode.announcedEnd.map { .time($0) } ?? .null),
      ]
    case .limited(let row, let seconds, let span):
      [
        ("from", .time(row.episode.start)), ("signals", .integer(row.episode.signals)),
        ("seconds", .number(seconds)), ("of_seconds", .integer(span)),
      ]
    case .damage(let rejected, let missing, let dropped, let latest):
      [
        ("rejected", .integer(rejected)), ("missing", .integer(missing)),
        ("dropped", .integer(dropped)), ("latest", latest.map { .time($0) } ?? .null),
      ]
    case .silence(let last):
      [("last_record", .time(last))]
    }
  }
}

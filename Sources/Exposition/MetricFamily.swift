/// A metric with what the endpoint says about it.
public struct MetricFamily: Hashable, Sendable {
  public enum Kind: String, Sendable {
    case counter, gauge, histogram
  }

  public let name: String
  public let kind: Kind
  /// One sentence for `# HELP`.
  public let help: String
  /// In the order in which they are written, without `le`.
  public let labels: [String]

  /// The name that OpenMetrics gives the family of a counter, for the others the name.
  var nameWithoutTotal: Substring {
    kind == .counter && name.hasSuffix("_total") ? name.dropLast("_total".count) : name[...]
  }

  /// The base unit that the name ends with; nil without one.
  var unit: String? {
    ["seconds", "bytes", "ratio"].first { nameWithoutTotal.hasSuffix("_" + $0) }
  }
}

/// The metric catalogue, in the order of the page.
extension MetricFamily {
  static let attempts = MetricFamily(
    name: "api_client_attempts_total", kind: .counter, help: "Attempts finished.",
    labels: scope + ["attempt_kind"])
  static let attemptFailures = MetricFamily(
    name: "api_client_attempt_failures_total", kind: .counter,
    help: "Attempts finished with an error, by error class.",
    labels: scope + ["attempt_kind", "error_class"])
  static let attemptErrors = MetricFamily(
    name: "api_client_attempt_errors_total", kind: .counter,
    help: "Failed attempts as the provider names the error; bounded, the rest is _other.",
    labels: scope + ["error_type", "error_code", "http_status"])
  static let attemptDuration = MetricFamily(
    name: "api_client_attempt_duration_seconds", kind: .histogram,
    help: "Duration of one attempt, sleeps excluded.", labels: scope + ["result"])
  static let operations = MetricFamily(
    name: "api_client_operations_total", kind: .counter,
    help: "Logical operations finished, each exactly once.", labels: scope + ["outcome", "retried"])
  static let operationDuration = MetricFamily(
    name: "api_client_operation_duration_seconds", kind: .histogram,
    help: "From the start of an operation to its final answer, attempts and sleeps included.",
    labels: scope + ["result"])
  static let operationAttempts = MetricFamily(
    name: "api_client_operation_attempts", kind: .histogram,
    help: "Attempts per operation that made any.", labels: scope + ["result"])
  static let retries = MetricFamily(
    name: "api_client_retries_total", kind: .counter,
    help: "Retry attempts by the error class that caused them and by their own result.",
    labels: scope + ["reason", "result"])
  static let backoff = MetricFamily(
    name: "api_client_backoff_seconds", kind: .histogram,
    help: "Measured sleeps before retries, by who chose them.", labels: scope + ["source"])
  static let wastedBackoff = MetricFamily(
    name: "api_client_wasted_backoff_seconds_total", kind: .counter,
    help: "Sleeps inside operations that ended neither in success nor cancelled.", labels: scope)
  static let audio = MetricFamily(
    name: "api_client_audio_seconds_total", kind: .counter,
    help: "Audio sent; retry divided by initial is what retries cost.",
    labels: scope + ["attempt_kind"])
  static let consecutiveFailures = MetricFamily(
    name: "api_client_consecutive_failed_operations", kind: .gauge,
    help: "Operations that failed in a row, 0 after a success.", labels: scope)
  static let lastSuccess = MetricFamily(
    name: "api_client_last_success_timestamp_seconds", kind: .gauge,
    help: "Event time of the newest successful operation.", labels: scope)
  static let lastAttempt = MetricFamily(
    name: "api_client_last_attempt_timestamp_seconds", kind: .gauge,
    help: "Event time of the newest attempt.", labels: scope)
  static let openOperations = MetricFamily(
    name: "api_client_open_operations", kind: .gauge, help: "Unfinished operations.",
    labels: scope + ["state"])
  static let oldestOpenOperation = MetricFamily(
    name: "api_client_oldest_open_operation_timestamp_seconds", kind: .gauge,
    help: "Start of the oldest unfinished operation.", labels: scope)

  static let quotaExhausted = MetricFamily(
    name: "api_client_quota_exhausted", kind: .gauge,
    help: "1 while an exhaustion episode of a quota is open, else 0.", labels: quota)
  static let quotaEpisodes = MetricFamily(
    name: "api_client_quota_exhaustion_episodes_total", kind: .counter,
    help: "Exhaustion episodes opened, of all accounts.", labels: quota)
  static let quotaExhaustedSeconds = MetricFamily(
    name: "api_client_quota_exhausted_seconds_total", kind: .counter,
    help: "Time inside exhaustion episodes, of all accounts.", labels: quota)
  static let quotaReset = MetricFamily(
    name: "api_client_quota_reset_timestamp_seconds", kind: .gauge,
    help: "Announced end of the open episode.", labels: quota)
  static let quotaRemaining = MetricFamily(
    name: "api_client_quota_remaining", kind: .gauge,
    help: "What is left of a quota, as the newest response told.", labels: quota)
  static let quotaLimit = MetricFamily(
    name: "api_client_quota_limit", kind: .gauge,
    help: "A quota, as the newest response told.", labels: quota)

  static let logRecords = MetricFamily(
    name: "relmon_log_records_total", kind: .counter, help: "Log lines accepted.",
    labels: ["kind"])
  static let logRejected = MetricFamily(
    name: "relmon_log_records_rejected_total", kind: .counter, help: "Log lines rejected.",
    labels: ["reason"])
  static let logMissing = MetricFamily(
    name: "relmon_log_missing_records_total", kind: .counter,
    help: "Sequence numbers of writers that no accepted line has.", labels: [])
  static let logDropped = MetricFamily(
    name: "relmon_log_dropped_records_total", kind: .counter,
    help: "Losses that writers themselves reported.", labels: [])
  static let logUnmapped = MetricFamily(
    name: "relmon_log_unmapped_values_total", kind: .counter,
    help: "Values outside a closed set, counted as what stands for them.", labels: ["key"])
  static let logLastRecord = MetricFamily(
    name: "relmon_log_last_record_timestamp_seconds", kind: .gauge,
    help: "Event time of the newest record.", labels: [])
  static let logBytesRead = MetricFamily(
    name: "relmon_log_bytes_read_total", kind: .counter,
    help: "Bytes of complete log lines read, rejected ones included.", labels: [])
  static let logUnreadBytes = MetricFamily(
    name: "relmon_log_unread_bytes", kind: .gauge,
    help: "Bytes of the log that are not read yet, or no complete line yet.", labels: [])
  static let labelOverflow = MetricFamily(
    name: "relmon_label_overflow_total", kind: .counter,
    help: "Lines folded into _other because of the bound on labels.", labels: ["label"])
  static let logTruncated = MetricFamily(
    name: "relmon_log_truncated_files_total", kind: .counter,
    help: "Log files that became shorter than what was read of them.", labels: [])
  static let logDeletedUnread = MetricFamily(
    name: "relmon_log_deleted_unread_bytes_total", kind: .counter,
    help: "Known bytes of log files that were deleted unread while relmon was down.", labels: [])
  static let stateSaved = MetricFamily(
    name: "relmon_state_last_saved_timestamp_seconds", kind: .gauge,
    help: "When the state was saved last.", labels: [])
  static let stateLost = MetricFamily(
    name: "relmon_state_lost_total", kind: .counter,
    help: "States that could not be used: all counters began again at 0.", labels: [])
  static let stateSaveErrors = MetricFamily(
    name: "relmon_state_save_errors_total", kind: .counter,
    help: "How often the state could not be saved.", labels: [])
  static let objective = MetricFamily(
    name: "relmon_slo_objective_ratio", kind: .gauge,
    help: "Objective of the operation success rate.", labels: [])
  static let buildInfo = MetricFamily(
    name: "relmon_build_info", kind: .gauge, help: "Version of the monitor.", labels: ["version"])

  private static let scope = ["provider", "operation"]
  private static let quota = ["provider", "quota"]

  /// Every metric that this version exposes.
  public static let catalogue = log + serving

  private static let log = [
    attempts, attemptFailures, attemptErrors, attemptDuration, operations, operationDuration,
    operationAttempts, retries, backoff, wastedBackoff, audio, consecutiveFailures, lastSuccess,
    lastAttempt, openOperations, oldestOpenOperation, quotaExhausted, quotaEpisodes,
    quotaExhaustedSeconds, quotaReset, quotaRemaining, quotaLimit, logRecords, logRejected,
    logMissing, logDropped, logUnmapped, logLastRecord, logBytesRead, logUnreadBytes, labelOverflow,
    logTruncated, logDeletedUnread, stateSaved, stateLost, stateSaveErrors, objective,
    buildInfo,
  ]
}

import AttemptLog
public import Retry

extension AssemblyAI {
  /// What the errors of requests and jobs mean; a client's own rules go first.
  public static let rules = requestRules + jobRules + ErrorTable.standard.rules

  private static let requestRules = [
    ErrorRule(
      layer: .http, statuses: 400...400,
      messagePrefix: "Your current account balance is negative",
      .quotaExhausted, retry: .never, pattern: "negative_balance", quota: "balance"),
    ErrorRule(
      layer: .http, statuses: 400...400,
      messagePrefix: "Transcript lookup error, transcript id not found",
      .notFound, retry: .never, pattern: "transcript_not_found"),
  ]

  private static let jobRules = [
    job(
      "Internal server error. Please retry your request. If the error persists, please contact "
        + "support@assemblyai.com for more information.",
      .serverError, "server_error"),
    job("Internal server error. Please retry your request.", .serverError, "server_error"),
    job("Server error, developers have been alerted", .serverError, "server_error_legacy"),
    job("Download error", .mediaError, "download_error"),
    job("File does not appear to contain audio", .mediaError, "not_audio"),
    job(
      "Transcoding failed. File does not appear to contain audio", .mediaError, "not_audio"),
    job("Audio duration is too short", .mediaError, "audio_too_short"),
    job(
      "language_detection cannot be performed on files with no spoken audio",
      .mediaError, "no_speech"),
    ErrorRule(layer: .result, .other, retry: .never, pattern: "unknown_job_error"),
  ]

  private static func job(
    _ prefix: String, _ errorClass: ErrorClass, _ pattern: String
  ) -> ErrorRule {
    ErrorRule(
      layer: .result, messagePrefix: prefix, errorClass,
      retry: errorClass == .serverError ? .always : .never, pattern: pattern)
  }
}

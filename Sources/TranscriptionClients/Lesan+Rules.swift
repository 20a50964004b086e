import AttemptLog
public import Retry

extension Lesan {
  /// The guide's literal "always retry a 429", also where the day's quota is used up.
  ///
  /// It works in front, as one of `ClientConfiguration.rules`.
  public static let retryEvery429 = ErrorRule(
    code: "daily_quota_exceeded", .quotaExhausted, retry: .always, quota: "daily")

  /// What Lesan's codes mean; a client's own rules go first.
  public static let rules = codeRules + typeRules + ErrorTable.standard.rules

  private static let codeRules =
    [
      ErrorRule(code: "rate_limit_exceeded", .rateLimited, retry: .always, quota: "rate"),
      ErrorRule(
        code: "concurrent_limit_exceeded", .concurrencyLimited, retry: .always,
        quota: "concurrency"),
      ErrorRule(
        code: "daily_quota_exceeded", .quotaExhausted, retry: .withServerDelay, quota: "daily"),
    ]
    + codes(
      .invalidRequest, .never, "missing_required_field", "invalid_field_value",
      "invalid_audio_format", "file_too_large", "invalid_json")
    + codes(
      .auth, .never, "missing_api_key", "invalid_api_key", "expired_api_key", "revoked_api_key")
    + codes(.permission, .never, "insufficient_scope", "ip_not_allowed", "origin_not_allowed")
    + codes(.notFound, .never, "job_not_found", "webhook_not_found", "resource_not_found")
    + codes(.serverError, .always, "internal_error", "service_unavailable", "model_error")

  private static let typeRules = [
    ErrorRule(type: "invalid_request_error", .invalidRequest, retry: .never),
    ErrorRule(type: "authentication_error", .auth, retry: .never),
    ErrorRule(type: "permission_error", .permission, retry: .never),
    ErrorRule(type: "not_found_error", .notFound, retry: .never),
    ErrorRule(type: "rate_limit_error", .rateLimited, retry: .always, quota: "rate"),
    ErrorRule(type: "server_error", .serverError, retry: .always),
  ]

  private static func codes(
    _ errorClass: ErrorClass, _ retry: Retryability, _ codes: String...
  ) -> [ErrorRule] {
    codes.map { ErrorRule(code: $0, errorClass, retry: retry) }
  }
}

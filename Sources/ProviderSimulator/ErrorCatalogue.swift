import AttemptLog
import HTTPServer

/// The errors that the providers document, and the answers that say them.
enum ErrorCatalogue {
  /// The codes of a status, the usual one first; nil if the provider does not document the status.
  static func codes(_ provider: SimulatedProvider, status: Int) -> [String]? {
    switch (provider, status) {
    case (.assemblyAI, 400): ["balance", "not_found"]
    case (.assemblyAI, 401), (.assemblyAI, 403), (.assemblyAI, 422), (.assemblyAI, 429),
      (.assemblyAI, 500), (.assemblyAI, 502), (.assemblyAI, 503), (.assemblyAI, 504):
      []
    case (.lesan, 400):
      [
        "invalid_field_value", "missing_required_field", "invalid_audio_format", "file_too_large",
        "invalid_json",
      ]
    case (.lesan, 401):
      ["invalid_api_key", "missing_api_key", "expired_api_key", "revoked_api_key"]
    case (.lesan, 403): ["insufficient_scope", "ip_not_allowed", "origin_not_allowed"]
    case (.lesan, 404): ["resource_not_found", "job_not_found", "webhook_not_found"]
    case (.lesan, 429):
      ["rate_limit_exceeded", "concurrent_limit_exceeded", "daily_quota_exceeded"]
    case (.lesan, 500), (.lesan, 502), (.lesan, 503), (.lesan, 504):
      ["internal_error", "service_unavailable", "model_error"]
    default: nil
    }
  }

  /// Whether a gateway, not the provider's own service, answers so when it gives no code.
  static func isGateway(_ status: Int) -> Bool {
    (502...504).contains(status)
  }

  /// With what a job of Lesan may fail after it was accepted; the guides name none.
  static let lesanJobCodes = ["model_error", "internal_error", "invalid_audio_format"]

  static func answer(
    _ provider: SimulatedProvider, status: Int, code: String?, retryAfter: RetryAfter?,
    at now: Timestamp
  ) -> HTTPResponse {
    if code == nil && isGateway(status) {
      var response = gateway(status)
      append(retryAfter, to: &response, at: now)
      return response
    }
    switch provider {
    case .assemblyAI: return assemblyAI(status, code: code, retryAfter: retryAfter, at: now)
    case .lesan:
      let code = code ?? "internal_error"
      let usual = code == "rate_limit_exceeded" ? RetryAfter(seconds: 2) : nil
      return lesan(status, code, retryAfter: retryAfter ?? usual, at: now)
    }
  }

  private static func append(
    _ retryAfter: RetryAfter?, to response: inout HTTPResponse, at now: Timestamp
  ) {
    guard let value = retryAfter?.headerValue(at: now) else { return }
    response.headers.append("Retry-After", value)
  }

  static func json(_ status: Int, _ body: JSON) -> HTTPResponse {
    HTTPResponse(status: status, headers: ["Content-Type": "application/json"], body: body.bytes)
  }

  private static func gateway(_ status: Int) -> HTTPResponse {
    if status == 503 { return HTTPResponse(status: 503) }
    let title = status == 502 ? "502 Bad Gateway" : "504 Gateway Time-out"
    return HTTPResponse(
      status: status, headers: ["Content-Type": "text/html"],
      body: Array(
        "<html>\r\n<head><title>\(title)</title></head>\r\n<body>\r\n<center><h1>\(title)</h1></center>\r\n</body>\r\n</html>\r\n"
          .utf8))
  }
}

// MARK: - AssemblyAI

extension ErrorCatalogue {
  static func assemblyAI(_ status: Int, error: String) -> HTTPResponse {
    json(status, .object([("error", .text(error))]))
  }

  static func assemblyAI(
    _ status: Int, code: String? = nil, retryAfter: RetryAfter? = nil, at now: Timestamp
  ) -> HTTPResponse {
    let text =
      switch (status, code) {
      case (400, "not_found"): "Transcript lookup error, transcript id not found"
      case (400, _):
        "Your current account balance is negative. Please top up to continue using the API."
      case (401, _): "Authentication error, API token missing/invalid"
      case (403, _): "Forbidden"
      case (422, _): "Upload failed, please try again"
      case (429, _): "Too many requests"
      default: "Internal server error"
      }
    var response = assemblyAI(status, error: text)
    let usual = status == 429 ? RetryAfter(seconds: 5) : nil
    append(retryAfter ?? usual, to: &response, at: now)
    return response
  }
}

// MARK: - Lesan

extension ErrorCatalogue {
  /// `retryAfter` is usually a number of seconds, for which no time is needed.
  static func lesan(
    _ status: Int, _ code: String, message: String? = nil, parameter: String? = nil,
    retryAfter: RetryAfter? = nil, at now: Timestamp = .earliest
  ) -> HTTPResponse {
    let bodyValue = retryAfter?.bodyValue
    let seconds = bodyValue == nil ? nil : retryAfter?.text
    var error: [(name: String, value: JSON)] = [
      ("type", .text(lesanType(status))), ("code", .text(code)),
      ("message", .text(message ?? lesanMessage(code, retryAfter: seconds))),
    ]
    if let parameter { error.append(("param", .text(parameter))) }
    if let bodyValue { error.append(("retry_after", bodyValue)) }
    var response = json(status, .object([("error", .object(error))]))
    append(retryAfter, to: &response, at: now)
    return response
  }

  /// What a failed job says in its `error`.
  static func lesanJobError(_ code: String) -> JSON {
    let type = code == "invalid_audio_format" ? lesanType(400) : lesanType(500)
    return .object([
      ("type", .text(type)), ("code", .text(code)), ("message", .text(lesanMessage(code))),
    ])
  }

  /// A synchronous call whose job goes on; the guides do not show its body.
  static func lesanTimeout(jobID: String, status: String) -> HTTPResponse {
    let error: [(name: String, value: JSON)] = [
      ("type", .text("timeout_error")), ("code", .text("request_timeout")),
      ("message", .text("The transcription takes longer than the request may; poll the job.")),
    ]
    return json(
      408, .object([("error", .object(error)), ("id", .text(jobID)), ("status", .text(status))]))
  }

  private static func lesanType(_ status: Int) -> String {
    switch status {
    case 401: "authentication_error"
    case 403: "permission_error"
    case 404: "not_found_error"
    case 429: "rate_limit_error"
    case 500...599: "server_error"
    default: "invalid_request_error"
    }
  }

  private static func lesanMessage(_ code: String, retryAfter: String? = nil) -> String {
    switch code {
    case "missing_required_field": "A required field was not provided."
    case "invalid_field_value": "A field value is not valid."
    case "invalid_audio_format": "The audio file format is not supported."
    case "file_too_large": "The audio file exceeds the maximum size limit."
    case "invalid_json": "The request body is not valid JSON."
    case "missing_api_key": "No API key was provided."
    case "invalid_api_key": "The API key provided is invalid."
    case "expired_api_key": "The API key has expired."
    case "revoked_api_key": "The API key has been revoked."
    case "insufficient_scope": "This API key does not have the 'write' scope."
    case "ip_not_allowed": "The request's IP address is not in the key's allowlist."
    case "origin_not_allowed": "The request's origin is not in the key's allowlist."
    case "job_not_found": "The transcription job was not found."
    case "webhook_not_found": "The webhook was not found."
    case "resource_not_found": "The requested resource was not found."
    case "rate_limit_exceeded":
      "Rate limit exceeded." + (retryAfter.map { " Retry after \($0) seconds." } ?? "")
    case "concurrent_limit_exceeded": "Too many concurrent jobs."
    case "daily_quota_exceeded": "Daily usage quota reached."
    case "service_unavailable": "The service is temporarily unavailable."
    case "model_error": "The ML model encountered an error."
    default: "An internal error occurred. Please try again."
    }
  }
}

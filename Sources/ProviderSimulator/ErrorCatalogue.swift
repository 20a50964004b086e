import HTTPServer

/// The errors that the providers document, and the answers that say them.
enum ErrorCatalogue {
  /// The codes of a status, the usual one first; nil if the provider does not document the status.
  static func codes(_ provider: SimulatedProvider, status: Int) -> [String]? {
    switch (provider, status) {
    case (.assemblyAI, 400): ["balance"]
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

  static func answer(
    _ provider: SimulatedProvider, status: Int, code: String?, retryAfterSeconds: Int? = nil
  ) -> HTTPResponse {
    if code == nil && isGateway(status) { return gateway(status) }
    switch provider {
    case .assemblyAI: return assemblyAI(status, retryAfterSeconds: retryAfterSeconds)
    case .lesan:
      let code = code ?? "internal_error"
      let usual = code == "rate_limit_exceeded" ? 2 : nil
      return lesan(
        status, code, lesanMessage(code, retryAfterSeconds: retryAfterSeconds ?? usual),
        retryAfterSeconds: retryAfterSeconds ?? usual)
    }
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

  static func assemblyAI(_ status: Int, retryAfterSeconds: Int? = nil) -> HTTPResponse {
    let text =
      switch status {
      case 400: "Your current account balance is negative. Please top up to continue using the API."
      case 401: "Authentication error, API token missing/invalid"
      case 403: "Forbidden"
      case 422: "Upload failed, please try again"
      case 429: "Too many requests"
      default: "Internal server error"
      }
    var response = assemblyAI(status, error: text)
    if status == 429 { response.headers.append("Retry-After", String(retryAfterSeconds ?? 5)) }
    return response
  }
}

// MARK: - Lesan

extension ErrorCatalogue {
  static func lesan(
    _ status: Int, _ code: String, _ message: String, parameter: String? = nil,
    retryAfterSeconds: Int? = nil
  ) -> HTTPResponse {
    var error: [(name: String, value: JSON)] = [
      ("type", .text(lesanType(status))), ("code", .text(code)), ("message", .text(message)),
    ]
    if let parameter { error.append(("param", .text(parameter))) }
    if let retryAfterSeconds { error.append(("retry_after", .number(Double(retryAfterSeconds)))) }
    var response = json(status, .object([("error", .object(error))]))
    if let retryAfterSeconds { response.headers.append("Retry-After", String(retryAfterSeconds)) }
    return response
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

  private static func lesanMessage(_ code: String, retryAfterSeconds: Int?) -> String {
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
      "Rate limit exceeded." + (retryAfterSeconds.map { " Retry after \($0) seconds." } ?? "")
    case "concurrent_limit_exceeded": "Too many concurrent jobs."
    case "daily_quota_exceeded": "Daily usage quota reached."
    case "service_unavailable": "The service is temporarily unavailable."
    case "model_error": "The ML model encountered an error."
    default: "An internal error occurred. Please try again."
    }
  }

  static func lesan(
    _ status: Int, _ code: String, parameter: String? = nil, retryAfterSeconds: Int? = nil
  ) -> HTTPResponse {
    lesan(
      status, code, lesanMessage(code, retryAfterSeconds: retryAfterSeconds), parameter: parameter,
      retryAfterSeconds: retryAfterSeconds)
  }
}

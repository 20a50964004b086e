import AttemptLog
import HTTPServer

extension Fault {
  /// Takes part in what befalls a request; what struck before goes first.
  func strike(_ struck: inout Struck) {
    switch effect {
    case .jobFailure(let failure):
      if !struck.job.isSealed { struck.job.failure = failure }
    case .lesanJobFailure(let code):
      if !struck.job.isSealed { struck.job.lesanCode = code }
    case .jobStall(let stall):
      if !struck.job.isSealed { struck.job.stall = stall }
    default:
      struck.fault = struck.fault ?? self
    }
  }

  /// The answer that takes the place of the provider's, whose request then has no effect.
  func refusal(at now: Timestamp) -> HTTPResponse? {
    switch effect {
    case .answer(let status, let code):
      ErrorCatalogue.answer(
        provider, status: status, code: code, retryAfter: retryAfter, at: now)
    case .redirect(let status): HTTPResponse(status: status, headers: ["Location": location])
    case .resetBefore: .reset()
    case .resetAfter, .slow, .drip, .oversized, .syncTimeout, .syncQueued, .jobFailure,
      .lesanJobFailure, .jobStall:
      nil
    }
  }

  /// What happens to an answer on its way.
  func spoil(_ response: inout HTTPResponse) {
    // A synchronous call takes its own time in any case.
    if let delay { response.delay = max(response.delay, delay) }
    switch effect {
    case .resetAfter: response.resetsConnection = true
    case .drip: response.bodyInterval = interval
    case .oversized:
      // RFC 8259 §2: white space may follow the value, so the answer stays right.
      let missing = max(0, bytes - response.body.count)
      response.body += Array(repeating: UInt8(ascii: " "), count: missing)
    default: break
    }
  }
}

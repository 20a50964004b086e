import AttemptLog
import Retry
import Testing

struct ErrorTableTests {
  @Test(arguments: [
    (AttemptFacts(httpStatus: 400, layer: .http), ErrorClass.invalidRequest, Retryability.never),
    (AttemptFacts(httpStatus: 401, layer: .http), .auth, .never),
    (AttemptFacts(httpStatus: 403, layer: .http), .permission, .never),
    (AttemptFacts(httpStatus: 404, layer: .http), .notFound, .never),
    (AttemptFacts(httpStatus: 408, layer: .http), .timeout, .always),
    (AttemptFacts(httpStatus: 429, layer: .http), .rateLimited, .always),
    (AttemptFacts(httpStatus: 418, layer: .http), .other, .never),
    (AttemptFacts(httpStatus: 302, layer: .http), .other, .never),
    (AttemptFacts(httpStatus: 200, layer: .http), .malformedResponse, .never),
    (AttemptFacts(httpStatus: 200, layer: .result), .other, .never),
    (AttemptFacts(httpStatus: 500, layer: .http), .serverError, .always),
    (AttemptFacts(httpStatus: 599, layer: .http), .serverError, .always),
    (AttemptFacts(layer: .transport), .network, .always),
    (AttemptFacts(layer: .client), .other, .never),
    (AttemptFacts(), .other, .never),
  ])
  func `a failure without a rule of its own is judged by its status and layer`(
    facts: AttemptFacts, errorClass: ErrorClass, retry: Retryability
  ) {
    var facts = facts
    #expect(ErrorTable.standard.classify(&facts) == ErrorVerdict(errorClass, retry: retry))
    #expect(facts.verdict == ErrorVerdict(errorClass, retry: retry))
  }

  @Test func `a timeout on any layer is retried`() {
    for layer in [ErrorLayer?.none, .transport, .client] {
      var facts = AttemptFacts(layer: layer)
      facts.timedOut = true
      #expect(ErrorTable.standard.classify(&facts) == ErrorVerdict(.timeout, retry: .always))
    }
  }

  @Test(arguments: [
    ("Download error", true), ("download ERROR, unable to fetch", true),
    ("Download error.", true), ("Download erro", false), (" Download error", false), ("", false),
  ])
  func `a message matches by its beginning without case or final dot`(
    message: String, matches: Bool
  ) {
    let rule = ErrorRule(messagePrefix: "Download error.", .mediaError, retry: .never)
    #expect(rule.matches(AttemptFacts(message: message)) == matches)
    #expect(!rule.matches(AttemptFacts()))
  }

  @Test func `all conditions of a rule must hold`() {
    let rule = ErrorRule(
      layer: .http, statuses: 500...502, type: "a", code: "B", messagePrefix: "c", .other,
      retry: .never)
    let facts = AttemptFacts(httpStatus: 502, layer: .http, type: "a", code: "b", message: "Cd")
    #expect(rule.matches(facts))
    let changes: [(inout AttemptFacts) -> Void] = [
      { $0.layer = .result }, { $0.httpStatus = 503 }, { $0.httpStatus = nil }, { $0.type = "A" },
      { $0.code = nil }, { $0.message = "d" },
    ]
    for change in changes {
      var other = facts
      change(&other)
      #expect(!rule.matches(other))
    }
  }

  @Test func `a rule in front wins, names the pattern and the limit`() {
    let table =
      [
        ErrorRule(
          messagePrefix: "balance", .quotaExhausted, retry: .never, pattern: "negative_balance",
          quota: "balance")
      ] + ErrorTable.standard
    var facts = AttemptFacts(httpStatus: 429, layer: .http, message: "Balance is negative")
    facts.quota = Quota(name: "rate", limit: 60, remaining: 3)
    #expect(table.classify(&facts).errorClass == .quotaExhausted)
    #expect(facts.code == "negative_balance")
    #expect(facts.quota == Quota(name: "balance"))
  }

  @Test func `a verdict that the error brings is not judged again`() {
    let known = ErrorVerdict(.auth, retry: .always)
    var facts = AttemptFacts(httpStatus: 500, layer: .http, verdict: known)
    #expect(ErrorTable.standard.classify(&facts) == known)
  }
}

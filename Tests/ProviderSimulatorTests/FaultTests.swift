import ProviderSimulator
import Testing

struct FaultTests {
  @Test func `a fault is read with its options`() throws {
    let fault = try Fault("lesan:429:rate_limit_exceeded:retry_after=2:p=0.05:on=submit")
    #expect(fault.provider == .lesan)
    #expect(fault.effect == .answer(status: 429, code: "rate_limit_exceeded"))
    #expect(fault.retryAfterSeconds == 2)
    #expect(fault.probability == 0.05)
    #expect(fault.request == .submit)
  }

  @Test(arguments: [
    ("lesan:429", Fault.Effect.answer(status: 429, code: "rate_limit_exceeded")),
    ("lesan:500", .answer(status: 500, code: "internal_error")),
    ("lesan:502", .answer(status: 502, code: nil)),
    ("lesan:503:service_unavailable", .answer(status: 503, code: "service_unavailable")),
    ("assemblyai:503:p=0.02", .answer(status: 503, code: nil)),
    ("assemblyai:400", .answer(status: 400, code: "balance")),
    ("assemblyai:job:server_error:p=0.05", .jobFailure(.serverError)),
  ])
  func `a status without a code has the usual one`(text: String, effect: Fault.Effect) throws {
    #expect(try Fault(text).effect == effect)
  }

  @Test(arguments: [
    ("", "unknown provider \"\"; expected assemblyai or lesan"),
    ("lessan:429", "unknown provider \"lessan\"; expected assemblyai or lesan"),
    ("lesan", "expected PROVIDER:STATUS or PROVIDER:job:CODE"),
    ("lesan:200", "the provider has no fault \"200\""),
    ("lesan:+429", "the provider has no fault \"+429\""),
    ("lesan:job:server_error", "the provider has no fault \"job\""),
    (
      "lesan:500:oops",
      "unknown code \"oops\"; expected internal_error, service_unavailable, model_error"
    ),
    ("assemblyai:503:oops", "unknown code \"oops\"; expected none"),
    (
      "assemblyai:job",
      "unknown code \"\"; expected server_error, server_error_legacy, download_error, not_audio,"
        + " audio_too_short, no_speech"
    ),
    ("lesan:429:p=1.5", unusable("p=1.5")), ("lesan:429:p=nan", unusable("p=nan")),
    ("lesan:429:p=", unusable("p=")), ("lesan:429:p=0x1p-1", unusable("p=0x1p-1")),
    ("lesan:500:retry_after=2", unusable("retry_after=2")),
    ("lesan:429:retry_after=-2", unusable("retry_after=-2")),
    ("lesan:429:on=delete", unusable("on=delete")), ("lesan:429:x=1", unusable("x=1")),
    ("lesan:429:p=1:more", unusable("more")),
  ])
  func `what cannot be read says what was expected`(text: String, reason: String) {
    let error = #expect(throws: FaultError.self) { try Fault(text) }
    #expect(error?.description == "invalid fault \"\(text)\": \(reason)")
  }

  static func unusable(_ option: String) -> String {
    "unusable option \"\(option)\"; options are p=0…1, retry_after=SECONDS (of 429) and"
      + " on=upload|submit|poll|usage"
  }
}

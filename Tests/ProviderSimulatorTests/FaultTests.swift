import ProviderSimulator
import Testing

struct FaultTests {
  @Test func `a fault is read with its options`() throws {
    let fault = try Fault("lesan:429:rate_limit_exceeded:retry_after=2:p=0.05:on=submit")
    #expect(fault.provider == .lesan)
    #expect(fault.effect == .answer(status: 429, code: "rate_limit_exceeded"))
    #expect(fault.retryAfter == RetryAfter(seconds: 2))
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
    ("assemblyai:400:not_found", .answer(status: 400, code: "not_found")),
    ("assemblyai:job:server_error:p=0.05", .jobFailure(.serverError)),
    ("lesan:job:model_error", .lesanJobFailure(code: "model_error")),
    ("lesan:job:stays_queued", .jobStall(.staysQueued)),
    ("assemblyai:job:never_ends", .jobStall(.neverEnds)),
    ("assemblyai:reset", .resetBefore), ("lesan:reset:before:on=poll", .resetBefore),
    ("lesan:reset:after:delay=1", .resetAfter), ("lesan:307", .redirect(status: 307)),
    ("lesan:slow", .slow), ("assemblyai:drip:interval=0.1", .drip),
    ("lesan:oversized:bytes=9000000", .oversized), ("lesan:408:delay=300", .syncTimeout),
    ("lesan:queued", .syncQueued),
  ])
  func `a status without a code has the usual one`(text: String, effect: Fault.Effect) throws {
    #expect(try Fault(text).effect == effect)
  }

  @Test func `a location is the last option and keeps its colons`() throws {
    let fault = try Fault("lesan:302:p=0.5:location=//[::1]:99999/x?a=b")
    #expect(fault.location == "//[::1]:99999/x?a=b")
    #expect(fault.probability == 0.5)
  }

  @Test(arguments: [
    ("", "unknown provider \"\"; expected assemblyai or lesan"),
    ("lessan:429", "unknown provider \"lessan\"; expected assemblyai or lesan"),
    ("lesan", "expected PROVIDER:STATUS, PROVIDER:job:CODE or another PROVIDER:KIND"),
    ("lesan:200", "the provider has no fault \"200\""),
    ("lesan:+429", "the provider has no fault \"+429\""),
    (
      "lesan:job:server_error",
      "unknown code \"server_error\"; expected model_error, internal_error,"
        + " invalid_audio_format, stays_queued, never_ends"
    ),
    ("assemblyai:408", "the provider has no fault \"408\""),
    ("assemblyai:queued", "the provider has no fault \"queued\""),
    ("lesan:reset:during", "unknown code \"during\"; expected before, after"),
    ("lesan:slow:very", "unknown code \"very\"; expected none"),
    ("lesan:302:there", "unknown code \"there\"; expected none"),
    (
      "lesan:500:oops",
      "unknown code \"oops\"; expected internal_error, service_unavailable, model_error"
    ),
    ("assemblyai:503:oops", "unknown code \"oops\"; expected none"),
    (
      "assemblyai:job",
      "unknown code \"\"; expected server_error, server_error_legacy, download_error, not_audio,"
        + " audio_too_short, no_speech, unknown_job_error, stays_queued, never_ends"
    ),
    ("lesan:429:p=1.5", unusable("p=1.5")), ("lesan:429:p=nan", unusable("p=nan")),
    ("lesan:429:p=", unusable("p=")), ("lesan:429:p=0x1p-1", unusable("p=0x1p-1")),
    ("lesan:500:retry_after=2", unusable("retry_after=2")),
    ("lesan:429:retry_after=-2", unusable("retry_after=-2")),
    ("lesan:429:on=delete", unusable("on=delete")), ("lesan:429:x=1", unusable("x=1")),
    ("lesan:429:p=1:more", unusable("more")), ("lesan:429:as=date", unusable("as=date")),
    ("lesan:429:retry_after=1:as=x", unusable("as=x")),
    ("lesan:429:retry_after=.", unusable("retry_after=.")),
    (
      "lesan:429:retry_after=1234567890123456789012", unusable("retry_after=1234567890123456789012")
    ),
    ("lesan:job:never_ends:delay=1", unusable("delay=1")),
    ("lesan:408:on=poll", unusable("on=poll")), ("lesan:slow:delay=86401", unusable("delay=86401")),
    ("lesan:slow:delay=inf", unusable("delay=inf")),
    ("lesan:slow:interval=1", unusable("interval=1")),
    ("lesan:oversized:bytes=0", unusable("bytes=0")),
    ("lesan:oversized:bytes=268435457", unusable("bytes=268435457")),
    ("lesan:302:location=", unusable("location=")),
    ("lesan:500:location=x", unusable("location=x")),
  ])
  func `what cannot be read says what was expected`(text: String, reason: String) {
    let error = #expect(throws: FaultError.self) { try Fault(text) }
    #expect(error?.description == "invalid fault \"\(text)\": \(reason)")
  }

  static func unusable(_ option: String) -> String {
    "unusable option \"\(option)\"; options are p=0…1, on=upload|submit|poll|usage and"
      + " delay=SECONDS, of 429 and 503 retry_after=SECONDS|none with"
      + " as=number|string|header|date, of drip interval=SECONDS, of oversized bytes=NUMBER,"
      + " of a redirect location=URL as the last"
  }
}

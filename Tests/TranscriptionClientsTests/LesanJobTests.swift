import AttemptLog
import Retry
import TestSupport
import Testing

@testable import TranscriptionClients

/// Lesan's jobs that are polled, and its limits.
struct LesanJobTests {
  static let audio = "https://example.com/a.mp3"

  static func polled(_ body: String, _ status: Int = 200) -> Exchange {
    .make("GET /v1/transcriptions/job_1", status, body)
  }

  @Test(arguments: [Lesan.Route.guide, .v1])
  func `an asynchronous job is polled to its end`(route: Lesan.Route) async throws {
    let wire = WireScript([
      .make("POST \(route.rawValue)", 202, #"{"id":"job_1","status":"queued"}"#),
      Self.polled(#"{"id":"job_1","status":"processing"}"#), Self.polled(LesanTests.done),
    ])
    let transcript = try await wire.lesan(route: route)
      .transcribe(audioURL: Self.audio, language: "ti", mode: .async)
    #expect(transcript.text == "ሰላም" && transcript.jobID == "job_1")
    #expect(
      String(decoding: wire.requests[0].body ?? [], as: UTF8.self)
        == #"{"audio_url":"https://example.com/a.mp3","language":"ti","mode":"async"}"#)
    #expect(
      wire.events.lines == [
        "start transcribe 1", "attempt poll 1 success stop", "operation poll success 1",
        "attempt poll 1 success stop", "operation poll success 1",
        "attempt transcribe 1 success stop", "operation transcribe success 1",
      ])
    #expect(wire.events.attempts.last?.error.httpStatus == 200)
  }

  @Test func `a 408 whose job goes on past the limit keeps the job, and submits nothing`()
    async throws
  {
    let running = Self.polled(#"{"status":"processing"}"#)
    let wire = WireScript([
      .make("POST /transcribe", 408, #"{"job_id":"job_1"}"#), running, running,
      Self.polled(LesanTests.done),
    ])
    let lesan = wire.lesan { $0.pollLimit = .seconds(7) }
    let error = try await #require(throws: OperationError.self) {
      try await lesan.transcribe(audioURL: Self.audio, language: "am")
    }
    #expect((error.underlying as? PollLimitReached)?.jobID == "job_1")
    #expect(error.attempts == 1 && error.errorClass == .timeout)
    #expect(try await lesan.wait(forJob: "job_1").audioSeconds == 5.2)
    #expect(wire.requests.map(\.method) == ["POST", "GET", "GET", "GET"])
  }

  @Test func `a job is looked at once`() async throws {
    let wire = WireScript([
      Self.polled(#"{"status":"QUEUED"}"#),
      Self.polled(#"{"status":"failed","error":{"code":"MODEL_ERROR","message":"m"}}"#),
    ])
    #expect(try await wire.lesan().poll("job_1") == .running(status: "QUEUED"))
    #expect(
      try await wire.lesan().poll("job_1")
        == .failed(
          JobFailure(
            verdict: ErrorVerdict(.serverError, retry: .always), code: "model_error", message: "m"
          )))
  }

  @Test func `an older answer names the length of the audio differently`() async throws {
    let wire = WireScript([
      .make("POST /transcribe", #"{"text":"a","audio_duration":4.5}"#)
    ])
    let transcript = try await wire.lesan().transcribe(audioURL: Self.audio, language: "am")
    #expect(transcript.audioSeconds == 4.5)
  }

  @Test func `the usage is read as far as it is told`() async throws {
    let body =
      #"{"requests_per_minute":{"limit":60,"used":2,"remaining":58},"#
      + #""concurrent_jobs":{"limit":10},"audio_minutes_per_day":7}"#
    let wire = WireScript([.make("GET /v1/usage", 503, ""), .make("GET /v1/usage", body)])
    let usage = try await wire.lesan().usage()
    #expect(usage.requestsPerMinute == Lesan.Usage.Limit(limit: 60, used: 2, remaining: 58))
    #expect(usage.concurrentJobs == Lesan.Usage.Limit(limit: 10))
    #expect(usage.audioMinutesPerDay == nil && usage.json == Array(body.utf8))
    #expect(
      wire.events.lines.suffix(2) == ["attempt usage 2 success stop", "operation usage success 2"])
  }

  @Test func `a signature is hidden as a server reads it, too`() async throws {
    let wire = WireScript([
      .make(
        "POST /transcribe", 400,
        #"{"error":{"message":"signature x9+K3q/w8Zt+4Lm/ of x9%2BK3q%2Fw8Zt%2B4Lm%2F did not match"}}"#
      )
    ])
    let error = try await #require(throws: OperationError.self) {
      try await wire.lesan().transcribe(
        audioURL: "https://x/a?sv=2&sig=x9%2BK3q%2Fw8Zt%2B4Lm%2F", language: "am")
    }
    #expect(error.facts.message == "signature [REDACTED] of [REDACTED] did not match")
  }

  @Test func `a budget that several clients share ends their retries`() async throws {
    let budget = RetryBudget(capacity: 2)
    let down = Exchange.make("POST /transcribe", 503, #"{"error":{"message":"down"}}"#)
    for outcomes in [OperationOutcome.budgetDenied, .budgetDenied] {
      let wire = WireScript([down])
      let error = try await #require(throws: OperationError.self) {
        try await wire.lesan { $0.budget = budget }.transcribe(audioURL: Self.audio, language: "am")
      }
      #expect(error.outcome == outcomes)
      #expect(wire.unplayed.isEmpty)
    }
  }

  @Test func `a gate lets one call after the other to its job`() async throws {
    let gate = ConcurrencyGate(limit: 1)
    let wire = WireScript([
      .make("POST /transcribe", #"{"id":"1","status":"queued"}"#),
      .make("GET /v1/transcriptions/1", #"{"status":"completed","text":"a"}"#),
      .make("POST /transcribe", #"{"id":"2","status":"queued"}"#),
      .make("GET /v1/transcriptions/2", #"{"status":"completed","text":"b"}"#),
    ])
    let lesan = wire.lesan { $0.gate = gate }
    async let first = lesan.transcribe(audioURL: Self.audio, language: "am")
    async let second = lesan.transcribe(audioURL: Self.audio, language: "am")
    let texts = try await [first.text, second.text]
    #expect(texts.sorted() == ["a", "b"])
    #expect(wire.unplayed.isEmpty)
  }

  @Test func `a usage that is no object is an error`() async throws {
    let wire = WireScript([.make("GET /v1/usage", "[]")])
    let error = try await #require(throws: OperationError.self) { try await wire.lesan().usage() }
    #expect(error.errorClass == .malformedResponse)
  }
}

import AttemptLog
import Retry
import TestSupport
import Testing

@testable import TranscriptionClients

struct AssemblyAITests {
  static let audio = "https://example.com/a.mp3?X-Amz-Signature=s3cr3t"
  static let submitted = Exchange.make("POST /v2/transcript", #"{"id":"j1","status":"queued"}"#)

  static func polled(_ body: String, _ status: Int = 200, headers: [String: String] = [:])
    -> Exchange
  {
    .make("GET /v2/transcript/j1", status, body, headers: headers)
  }

  static let done = polled(
    #"{"id":"j1","status":"completed","text":"hello","audio_duration":61.5}"#)

  static func failed(_ text: String) -> Exchange {
    polled(#"{"id":"j1","status":"error","error":"\#(text)"}"#)
  }

  static let serverError =
    "Internal server error. Please retry your request. If the error persists, please contact support@assemblyai.com for more information."

  @Test func `a job is submitted, polled and told in three operations`() async throws {
    let wire = WireScript([
      Self.submitted, Self.polled(#"{"status":"processing"}"#), Self.done,
    ])
    let transcript = try await wire.assemblyAI().transcribe(audioURL: Self.audio)
    #expect(transcript.jobID == "j1" && transcript.text == "hello")
    #expect(transcript.audioSeconds == 61.5)
    #expect(
      wire.events.lines == [
        "start transcribe 1", "start submit 1", "attempt submit 1 success stop",
        "operation submit success 1", "attempt poll 1 success stop", "operation poll success 1",
        "attempt poll 1 success stop", "operation poll success 1",
        "attempt transcribe 1 success stop", "operation transcribe success 1",
      ])
    #expect(wire.clock.sleeps == [.seconds(3), .seconds(3)])
    let attempt = try #require(wire.events.attempts.last)
    #expect(attempt.latencyMilliseconds == 6030)
    #expect(attempt.jobID == "j1" && attempt.audioSeconds == 61.5)
    #expect(attempt.error.httpStatus == 200 && attempt.requestSent == .yes)
    let parents = Set(wire.events.attempts.dropLast().map(\.identity.parentID))
    #expect(parents == [attempt.identity.operationID])
    #expect(wire.events.attempts.map(\.jobID) == ["j1", "j1", "j1", "j1"])
  }

  @Test func `the request is as the provider wants it, the key last`() async throws {
    let wire = WireScript([Self.submitted, Self.done])
    _ = try await wire.assemblyAI { $0.account = "main" }.transcribe(audioURL: Self.audio)
    let submit = try #require(wire.requests.first)
    #expect(submit.headers.last?.name == "Authorization")
    #expect(submit.headers.last?.value == "key-123")
    #expect(submit.headers.map(\.name) == ["Accept", "Content-Type", "Authorization"])
    #expect(
      String(decoding: submit.body ?? [], as: UTF8.self) == #"{"audio_url":"\#(Self.audio)"}"#)
    #expect(wire.requests.last?.body == nil)
    #expect(wire.events.operations.allSatisfy { $0.identity.account == "main" })
    #expect(wire.events.operations.allSatisfy { $0.identity.provider == "assemblyai" })
  }

  @Test func `a job that fails by a server error is resubmitted once, after 5 s`() async throws {
    let wire = WireScript([
      Self.submitted, Self.failed(Self.serverError), Self.submitted, Self.done,
    ])
    _ = try await wire.assemblyAI().transcribe(audioURL: Self.audio)
    #expect(wire.clock.sleeps == [.seconds(3), .seconds(5), .seconds(3)])
    let attempts = wire.events.attempts.filter { $0.identity.operation == "transcribe" }
    #expect(
      attempts.first?.error
        == ErrorFacts(
          httpStatus: 200, layer: .result, errorClass: .serverError, type: "error",
          code: "server_error", message: Self.serverError))
    #expect(attempts.map(\.backoffMilliseconds) == [5000, nil])
    #expect(attempts.last?.retryReason == .serverError)
  }

  @Test func `after the second server error the caller is sent to the support`() async throws {
    let legacy = "Server error, developers have been alerted."
    let wire = WireScript([
      Self.submitted, Self.failed(legacy), Self.submitted, Self.failed(legacy),
    ])
    let error = try await #require(throws: OperationError.self) {
      try await wire.assemblyAI().transcribe(audioURL: Self.audio)
    }
    #expect(error.outcome == .attemptsExhausted)
    #expect(error.description.hasSuffix("; please contact support@assemblyai.com"))
    #expect(wire.events.operations.last?.errorCode == "server_error_legacy")
    #expect(wire.unplayed == [])
  }

  @Test(arguments: [
    ("Download error to https://x/", ErrorClass.mediaError, "download_error"),
    ("File does not appear to contain audio. File type is text/html", .mediaError, "not_audio"),
    ("Transcoding failed. File does not appear to contain audio.", .mediaError, "not_audio"),
    ("Audio duration is too short.", .mediaError, "audio_too_short"),
    (
      "LANGUAGE_DETECTION cannot be performed on files with no spoken audio", .mediaError,
      "no_speech"
    ),
    ("Something new", .other, "unknown_job_error"),
  ])
  func `any other job error is final`(
    text: String, errorClass: ErrorClass, code: String
  ) async throws {
    let wire = WireScript([Self.submitted, Self.failed(text)])
    let error = try await #require(throws: OperationError.self) {
      try await wire.assemblyAI().transcribe(audioURL: Self.audio)
    }
    #expect(error.outcome == .notRetryable && error.advice == nil)
    let operation = try #require(wire.events.operations.last)
    #expect(operation.errorClass == errorClass && operation.errorCode == code)
    #expect(operation.errorType == "error" && operation.httpStatus == 200)
  }

  @Test(arguments: [
    (400, "Your current account balance is negative. Please top up", ErrorClass.quotaExhausted),
    (400, "audio_url should be a URL", .invalidRequest), (401, "Authentication error", .auth),
    (302, "", .other), (404, "", .notFound),
  ])
  func `a refused submit ends the job with its own class`(
    status: Int, text: String, errorClass: ErrorClass
  ) async throws {
    let wire = WireScript([
      .make("POST /v2/transcript", status, #"{"error":"\#(text)"}"#)
    ])
    await #expect(throws: OperationError.self) {
      try await wire.assemblyAI().transcribe(audioURL: Self.audio)
    }
    let attempts = wire.events.attempts
    #expect(attempts.map(\.identity.operation) == ["submit", "transcribe"])
    #expect(attempts[0].error == attempts[1].error)
    #expect(attempts[0].quota == attempts[1].quota)
    #expect(attempts[1].error.errorClass == errorClass)
    #expect((attempts[1].quota.name == "balance") == (errorClass == .quotaExhausted))
    #expect(wire.events.operations.map(\.outcome) == [.notRetryable, .notRetryable])
  }

  @Test func `a submit is retried after a 429 and a 503, no sooner than asked`() async throws {
    let wire = WireScript([
      .make("POST /v2/transcript", 429, "", headers: ["retry-after": "7"]),
      .make("POST /v2/transcript", 503, "<html>busy</html>"), Self.submitted, Self.done,
    ])
    _ = try await wire.assemblyAI().transcribe(audioURL: Self.audio)
    let submits = wire.events.attempts.filter { $0.identity.operation == "submit" }
    #expect(submits.map(\.error.errorClass) == [.rateLimited, .serverError, nil])
    #expect(submits[0].quota.name == "rate" && submits[0].retryAfterSource == .header)
    #expect(wire.clock.sleeps[0] > .seconds(7))
  }

  @Test(arguments: [
    (TransportFailure(type: "URLError.timedOut", timedOut: true), ErrorClass.timeout),
    (TransportFailure(type: "URLError.networkConnectionLost"), .network),
  ])
  func `a submit whose fate is unknown is not repeated`(
    failure: TransportFailure, errorClass: ErrorClass
  ) async throws {
    let wire = WireScript([.failing("POST /v2/transcript", failure)])
    await #expect(throws: OperationError.self) {
      try await wire.assemblyAI().transcribe(audioURL: Self.audio)
    }
    #expect(wire.events.attempts.map(\.requestSent) == [.unknown, .unknown])
    #expect(wire.events.attempts.map(\.error.errorClass) == [errorClass, errorClass])
    #expect(wire.events.operations.map(\.outcome) == [.notRetryable, .notRetryable])

    let allowing = WireScript([
      .failing("POST /v2/transcript", failure), Self.submitted, Self.done,
    ])
    _ = try await allowing.assemblyAI { $0.requestPolicy.allowsDuplicates = true }
      .transcribe(audioURL: Self.audio)
  }

  @Test func `a submit that was never sent, is repeated`() async throws {
    let wire = WireScript([
      .failing("POST /v2/transcript", TransportFailure(type: "refused", requestSent: .no)),
      Self.submitted, Self.done,
    ])
    _ = try await wire.assemblyAI().transcribe(audioURL: Self.audio)
  }

  @Test func `an accepted submit without a job is not repeated`() async throws {
    for body in ["", "[]", #"{"id":""}"#] {
      let wire = WireScript([.make("POST /v2/transcript", body)])
      await #expect(throws: OperationError.self) {
        try await wire.assemblyAI().transcribe(audioURL: Self.audio)
      }
      #expect(wire.events.attempts.last?.error.errorClass == .malformedResponse)
      #expect(wire.events.attempts.last?.requestSent == .yes)
    }
  }

  @Test func `errors while polling are met by polling again`() async throws {
    let wire = WireScript([
      Self.submitted, Self.polled("", 503), Self.polled("", 500), Self.polled("<", 502),
      Self.polled("not json"), Self.polled("", 429, headers: ["Retry-After": "600"]),
      .failing("GET /v2/transcript/j1", TransportFailure(type: "reset", requestSent: .no)),
      Self.done,
    ])
    _ = try await wire.assemblyAI().transcribe(audioURL: Self.audio)
    let polls = wire.events.operations.filter { $0.identity.operation == "poll" }
    #expect(polls.map(\.outcome) == [.attemptsExhausted, .delayTooLong, .success])
    #expect(polls.map(\.attempts) == [3, 2, 2])
    #expect(wire.clock.sleeps.contains(.seconds(600)))
    let last = try #require(wire.events.attempts.last)
    #expect(last.attempt == 1 && last.outcome == .success && last.requestSent == .yes)
  }

  @Test func `a job that is gone ends the polling`() async throws {
    let wire = WireScript([
      Self.submitted,
      Self.polled(#"{"error":"Transcript lookup error, transcript id not found"}"#, 400),
    ])
    await #expect(throws: OperationError.self) {
      try await wire.assemblyAI().transcribe(audioURL: Self.audio)
    }
    let last = try #require(wire.events.attempts.last)
    #expect(last.error.errorClass == .notFound && last.error.code == "transcript_not_found")
    #expect(last.requestSent == .yes && last.jobID == "j1")
  }

  @Test func `a job is given up at the poll limit and not resubmitted`() async throws {
    let running = Self.polled(#"{"status":"queued"}"#)
    let wire = WireScript([Self.submitted, running, running])
    let error = try await #require(throws: OperationError.self) {
      try await wire.assemblyAI { $0.pollLimit = .seconds(7) }.transcribe(audioURL: Self.audio)
    }
    #expect(error.outcome == .notRetryable && error.errorClass == .timeout)
    // No poll in work outlasts the limit, 4 s and then 1 s before it.
    let limits = wire.requests.map(\.timeLimit)
    #expect(limits.first == .some(nil))
    #expect(limits.dropFirst().compactMap(\.self).map { $0 <= .seconds(4) } == [true, true])
    #expect(limits.last.flatMap(\.self).map { $0 < .seconds(1) } == true)
    #expect(wire.events.operations.last?.errorType == "PollLimitReached")
  }

  @Test func `polls that are never sent do not make the job unsent`() async throws {
    let unsent = Exchange.failing(
      "GET /v2/transcript/j1", TransportFailure(type: "refused", requestSent: .no))
    let wire = WireScript([Self.submitted, unsent, unsent, unsent])
    await #expect(throws: OperationError.self) {
      try await wire.assemblyAI { $0.pollLimit = .seconds(5) }.transcribe(audioURL: Self.audio)
    }
    let last = try #require(wire.events.attempts.last)
    #expect(last.error.errorClass == .network && last.decision == .stop)
    #expect(last.requestSent == .yes && last.jobID == "j1")
  }

  @Test func `neither the key nor the query of the audio's URL is recorded`() async throws {
    let wire = WireScript([
      .make(
        "POST /v2/transcript", 400, #"{"error":"bad key-123 for \#(Self.audio)"}"#,
        headers: ["X-Request-ID": "r-key-123"])
    ])
    let error = try await #require(throws: OperationError.self) {
      try await wire.assemblyAI().transcribe(audioURL: Self.audio)
    }
    let recorded = "\(wire.events.all)"
    #expect(!recorded.contains("key-123") && !recorded.contains("s3cr3t"))
    #expect(!"\(error)".contains("key-123") && !"\(error)".contains("s3cr3t"))
    #expect(
      wire.events.attempts.last?.error.message
        == "bad [REDACTED] for https://example.com/a.mp3?[REDACTED]")
  }

  @Test func `a provider's id cannot lead to another route`() async throws {
    let wire = WireScript([
      .make("POST /v2/transcript", #"{"id":"../x?y"}"#),
      .make("GET /v2/transcript/%2E%2E%2Fx%3Fy", #"{"status":"completed","text":""}"#),
    ])
    _ = try await wire.assemblyAI().transcribe(audioURL: Self.audio)
  }

  @Test func `a rule in front of the table changes the verdict`() async throws {
    let wire = WireScript([
      Self.submitted, Self.failed("Download error"), Self.submitted, Self.done,
    ])
    _ = try await wire.assemblyAI { configuration in
      configuration.rules = [
        ErrorRule(
          layer: .result, messagePrefix: "download error", .mediaError, retry: .always,
          pattern: "download_error")
      ]
    }.transcribe(audioURL: Self.audio)
  }

  @Test func `a deadline ends the polling, and the log says so once`() async throws {
    let clock = ManualClock()
    let wire = WireScript([Self.submitted])
    let client = wire.assemblyAI { configuration in
      configuration.clock = MonotonicClock(clock)
      configuration.policy.deadline = .seconds(2)
    }
    let task = Task { try await client.transcribe(audioURL: Self.audio) }
    await clock.sleepers(2)
    clock.advance(by: .seconds(2))
    let error = try await #require(throws: OperationError.self) { try await task.value }
    #expect(error.outcome == .deadlineExceeded)
    #expect(
      wire.events.lines.suffix(2) == [
        "attempt transcribe 1 timeout stop", "operation transcribe deadline_exceeded 1",
      ])
    let attempt = try #require(wire.events.attempts.last)
    #expect(attempt.jobID == "j1" && attempt.requestSent == .yes)
  }

  @Test func `a task cancelled between polls ends at once`() async throws {
    let clock = ManualClock()
    let wire = WireScript([Self.submitted])
    let client = wire.assemblyAI { $0.clock = MonotonicClock(clock) }
    let task = Task { try await client.transcribe(audioURL: Self.audio) }
    await clock.sleepers()
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(
      wire.events.lines.suffix(2) == [
        "attempt transcribe 1 cancelled stop", "operation transcribe cancelled 1",
      ])
  }
}

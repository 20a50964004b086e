import AttemptLog
import Retry
import TestSupport
import Testing

@testable import TranscriptionClients

struct AdviceTests {
  @Test(arguments: [
    (Advice.checkKey(provider: "lesan", account: nil), "check the API key of Lesan"),
    (
      .checkKey(provider: "assemblyai", account: "main"),
      #"check the API key of AssemblyAI, account "main""#
    ),
    (
      .checkPermissions(provider: "lesan", account: "eu"),
      #"check the permissions of the API key of Lesan, account "eu""#
    ),
    (.fixParameters("language"), #"fix the parameter "language" of the request"#),
    (.fixParameters("a\u{1B}"), #"fix the parameter "a\u{1B}" of the request"#),
    (.fixParameters(nil), "fix the parameters of the request"),
    (.topUpBalance(provider: "assemblyai"), "top up the balance at AssemblyAI"),
    (.contactSupport, "please contact support@assemblyai.com"),
    (
      .resumeJob("j1"),
      #"job "j1" may still be running; wait for it instead of submitting again"#
    ),
  ])
  func `every advice has one text`(advice: Advice, text: String) {
    #expect(advice.description == text)
  }

  @Test func `the whole error is one line with everything known`() async throws {
    let wire = WireScript([
      .make(
        "POST /transcribe", 400,
        #"{"error":{"type":"invalid_request_error","code":"invalid_field_value","#
          + #""message":"Unsupported language 'xx'. Supported: am, ti, so, en.","#
          + #""param":"language"}}"#)
    ])
    let error = try await #require(throws: OperationError.self) {
      try await wire.lesan().transcribe(audioURL: "https://x/a", language: "xx")
    }
    #expect(error.facts.type == "invalid_request_error" && error.facts.httpStatus == 400)
    #expect(error.facts.code == "invalid_field_value" && error.facts.parameter == "language")
    #expect(error.facts.message == "Unsupported language 'xx'. Supported: am, ti, so, en.")
    #expect(error.attempts == 1 && error.provider == "lesan")
    #expect(error.advice == #"fix the parameter "language" of the request"#)
    #expect(error.description.hasSuffix("; " + (error.advice ?? "")))
  }

  @Test func `the advice names the account of the key`() async throws {
    let wire = WireScript([.make("POST /v2/transcript", 401, #"{"error":"no"}"#)])
    let error = try await #require(throws: OperationError.self) {
      try await wire.assemblyAI { $0.account = "main" }.submit(audioURL: "https://x/a")
    }
    #expect(error.operation == "submit")
    #expect(error.advice == #"check the API key of AssemblyAI, account "main""#)
    #expect(Advice(error) == .checkKey(provider: "assemblyai", account: nil))
  }

  @Test func `a deadline that strikes while a job runs leaves the job to be waited for`()
    async throws
  {
    let clock = ManualClock()
    let wire = WireScript([AssemblyAITests.submitted])
    let client = wire.assemblyAI { configuration in
      configuration.clock = MonotonicClock(clock)
      configuration.policy.deadline = .seconds(2)
    }
    let task = Task { try await client.transcribe(audioURL: "https://x/a") }
    await clock.sleepers(2)
    clock.advance(by: .seconds(2))
    let error = try await #require(throws: OperationError.self) { try await task.value }
    #expect(error.outcome == .deadlineExceeded && Advice(error) == .resumeJob("j1"))
  }

  @Test func `a deadline that forbids a resubmission leaves no job behind`() async throws {
    let wire = WireScript([
      AssemblyAITests.submitted, AssemblyAITests.failed("Something new"),
    ])
    var error = try await #require(throws: OperationError.self) {
      try await wire.assemblyAI().transcribe(audioURL: "https://x/a")
    }
    error.outcome = .deadlineExceeded
    #expect(error.facts.jobID == "j1" && Advice(error) == nil)
  }
}

import AttemptLog
import Foundation
import Retry
import TestSupport
import Testing

@testable import TranscriptionClients

/// What stands below a `transcribe`, called by itself or with a file.
struct AssemblyAIRequestsTests {
  static let uploaded = Exchange.make(
    "POST /v2/upload", #"{"upload_url":"https://cdn.assemblyai.com/upload/u1"}"#)

  /// A file of three bytes and the directory that holds it.
  static func file() throws -> (path: String, directory: TemporaryDirectory) {
    let directory = try TemporaryDirectory()
    try Data("abc".utf8).write(to: URL(filePath: directory.file("a.mp3")))
    return (directory.file("a.mp3"), directory)
  }

  static func body(_ request: TransportRequest?) -> String {
    String(decoding: request?.body ?? [], as: UTF8.self)
  }

  @Test func `a file is uploaded once, however often its job is submitted`() async throws {
    let (path, directory) = try Self.file()
    let wire = WireScript([
      Self.uploaded, AssemblyAITests.submitted,
      AssemblyAITests.failed(AssemblyAITests.serverError), AssemblyAITests.submitted,
      AssemblyAITests.done,
    ])
    let transcript = try await wire.assemblyAI().transcribe(file: path)
    withExtendedLifetime(directory) {}
    #expect(transcript.text == "hello" && wire.unplayed == [])
    let upload = wire.requests[0]
    #expect(upload.body == Array("abc".utf8))
    #expect(
      upload.headers.map(\.value) == ["application/json", "application/octet-stream", "key-123"])
    let submits = wire.requests.filter { $0.url.hasSuffix("/v2/transcript") }
    #expect(
      submits.map(Self.body)
        == Array(
          repeating: #"{"audio_url":"https://cdn.assemblyai.com/upload/u1"}"#, count: 2))
    #expect(
      wire.events.lines.prefix(4) == [
        "start transcribe 1", "attempt upload 1 success stop", "operation upload success 1",
        "start submit 1",
      ])
    let parents = wire.events.operations.dropLast().map(\.identity.parentID)
    #expect(Set(parents) == [wire.events.operations.last?.identity.operationID])
  }

  @Test func `an upload is repeated after a 422 and a lost answer`() async throws {
    let wire = WireScript([
      .make("POST /v2/upload", 422, #"{"error":"Upload failed"}"#),
      .failing("POST /v2/upload", TransportFailure(type: "reset")), Self.uploaded,
    ])
    let url = try await wire.assemblyAI().upload(Array("abc".utf8))
    #expect(url == "https://cdn.assemblyai.com/upload/u1")
    #expect(wire.events.attempts.map(\.error.errorClass) == [.serverError, .network, nil])
    #expect(wire.events.operations.map(\.identity.operation) == ["upload"])
  }

  @Test func `an upload that fails ends the job, which was never asked for`() async throws {
    let (path, directory) = try Self.file()
    let wire = WireScript([.make("POST /v2/upload", 403, #"{"error":"no"}"#)])
    let error = try await #require(throws: OperationError.self) {
      try await wire.assemblyAI().transcribe(file: path)
    }
    withExtendedLifetime(directory) {}
    #expect(error.operation == "transcribe" && error.errorClass == .permission)
    #expect(error.advice == "check the permissions of the API key of AssemblyAI")
    #expect(wire.events.attempts.map(\.requestSent) == [.yes, .no])
  }

  @Test func `an upload without a URL is not a success`() async throws {
    for body in ["", "{}", #"{"upload_url":""}"#] {
      let wire = WireScript([.make("POST /v2/upload", body)])
      await #expect(throws: OperationError.self) { try await wire.assemblyAI().upload([1]) }
      #expect(wire.events.operations.last?.errorClass == .malformedResponse)
    }
  }

  @Test func `a file that cannot be read sends and logs nothing`() async throws {
    let directory = try TemporaryDirectory()
    let wire = WireScript([])
    let missing = directory.file("none.mp3")
    await #expect(
      throws: AudioFileError(path: missing, cause: .systemCall("open", errno: ENOENT))
    ) { try await wire.assemblyAI().transcribe(file: missing) }
    await #expect(throws: AudioFileError(path: directory.path, cause: .notRegularFile)) {
      try await wire.assemblyAI().upload(file: directory.path)
    }
    #expect(wire.events.all.isEmpty)
  }

  @Test func `a file is read up to the limit and no further`() throws {
    let (path, directory) = try Self.file()
    #expect(try AudioFile.bytes(of: path, max: 3) == Array("abc".utf8))
    #expect(throws: AudioFileError(path: path, cause: .tooLarge(bytesMax: 2))) {
      try AudioFile.bytes(of: path, max: 2)
    }
    withExtendedLifetime(directory) {}
  }

  @Test(arguments: [
    (
      AudioFileError.Cause.systemCall("open", errno: 2),
      #"cannot read "a b": no such file or directory (open, errno 2)"#
    ),
    (.notRegularFile, #"cannot read "a b": not a regular file"#),
    (.tooLarge(bytesMax: 9), #"cannot read "a b": larger than 9 bytes"#),
  ])
  func `what is wrong with a file is said`(cause: AudioFileError.Cause, text: String) {
    #expect(AudioFileError(path: "a b", cause: cause).description == text)
  }

  @Test func `options are fields of the submission, typed ones before others`() async throws {
    let wire = WireScript([AssemblyAITests.submitted])
    let options = AssemblyAI.Options(
      languageCode: "am", speakerLabels: false, webhookURL: "https://w/?t=1",
      furtherFields: [
        "audio_url": "no", "language_code": "no", "speech_threshold": 0.5, "punctuate": true,
        "word_boost": ["Adwa", 7, .null], "nested": ["a": "b"],
      ])
    #expect(try await wire.assemblyAI().submit(audioURL: "https://x/a", options: options) == "j1")
    #expect(
      Self.body(wire.requests.first)
        == #"{"audio_url":"https://x/a","language_code":"am","nested":{"a":"b"},"punctuate":true,"#
        + #""speaker_labels":false,"speech_threshold":0.5,"webhook_url":"https://w/?t=1","#
        + #""word_boost":["Adwa",7,null]}"#)
  }

  @Test func `a poll is one look`() async throws {
    let wire = WireScript([
      AssemblyAITests.polled(#"{"status":"queued"}"#), AssemblyAITests.polled("", 503),
      AssemblyAITests.done, AssemblyAITests.failed("Download error, key-123, a2V5LTEyMw=="),
    ])
    let client = wire.assemblyAI()
    #expect(try await client.poll("j1") == .running(status: "queued"))
    guard case .completed(let transcript) = try await client.poll("j1") else {
      Issue.record("not completed")
      return
    }
    #expect(transcript.text == "hello" && transcript.jobID == "j1")
    #expect(
      try await client.poll("j1")
        == .failed(
          JobFailure(
            verdict: ErrorVerdict(.mediaError, retry: .never), code: "download_error",
            message: "Download error, [REDACTED], [REDACTED]w==")))
    #expect(wire.events.operations.map(\.attempts) == [1, 2, 1])
    #expect(wire.events.operations.map(\.identity.parentID) == [nil, nil, nil])
  }

  @Test func `a job that was left at the limit can be waited for, and is not paid twice`()
    async throws
  {
    let running = AssemblyAITests.polled(#"{"status":"processing"}"#)
    let wire = WireScript([AssemblyAITests.submitted, running, running, AssemblyAITests.done])
    let client = wire.assemblyAI { $0.pollLimit = .seconds(4) }
    let error = try await #require(throws: OperationError.self) {
      try await client.transcribe(audioURL: "https://x/a")
    }
    let left = try #require(error.underlying as? PollLimitReached)
    #expect(left == PollLimitReached(jobID: "j1", limit: .seconds(4)))
    #expect(error.facts.jobID == "j1" && error.attempts == 1)
    #expect(
      error.advice
        == #"job "j1" may still be running; wait for it instead of submitting again"#)
    let again = wire.assemblyAI { $0.pollLimit = .seconds(8) }
    #expect(try await again.wait(forJob: left.jobID).text == "hello")
    #expect(
      wire.events.lines.suffix(5) == [
        "operation poll success 1", "attempt poll 1 success stop", "operation poll success 1",
        "attempt wait 1 success stop", "operation wait success 1",
      ])
    #expect(wire.events.operations.last?.jobID == "j1" && wire.unplayed == [])
  }

  @Test func `a job that failed is not submitted again by who waits for it`() async throws {
    let wire = WireScript([AssemblyAITests.failed(AssemblyAITests.serverError)])
    let error = try await #require(throws: OperationError.self) {
      try await wire.assemblyAI().wait(forJob: "j1")
    }
    #expect(error.errorClass == .serverError && error.outcome == .attemptsExhausted)
    #expect(error.facts.code == "server_error" && error.advice == nil)
  }

  @Test func `no secret is recorded, wherever it comes back`() async throws {
    let options = AssemblyAI.Options(
      webhookURL: "https://w/?hook5ecret",
      furtherFields: ["webhook_auth_header_value": "head5ecret"])
    let echoed = "key-123 hook5ecret head5ecret s3cr3t"
    let wire = WireScript([
      .make(
        "POST /v2/transcript", #"{"id":"\#(echoed)"}"#, headers: ["X-Request-ID": echoed]),
      .make(
        "GET /v2/transcript/key-123%20hook5ecret%20head5ecret%20s3cr3t",
        #"{"status":"error","error":"\#(echoed)"}"#),
    ])
    let audio = "https://x/a?s3cr3t"
    let error = try await #require(throws: OperationError.self) {
      try await wire.assemblyAI().transcribe(audioURL: audio, options: options)
    }
    var dumped = ""
    dump(error, to: &dumped)
    for text in [
      "\(wire.events.all)", "\(error)", dumped, "\(String(describing: error.underlying))",
    ] {
      for secret in ["key-123", "5ecret", "s3cr3t"] { #expect(!text.contains(secret), "\(text)") }
    }
    #expect(error.facts.message == "[REDACTED] [REDACTED] [REDACTED] [REDACTED]")
  }
}

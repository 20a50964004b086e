import AttemptLog
import Foundation
import HTTPServer
import Retry
import TestSupport
import Testing

@testable import TranscriptionClients

/// Reliability fault F32: no byte of a key or of an audio's signature gets out, wherever it was sent
/// and in whatever form a provider repeats it.
@Suite(.enabled(if: reachesLoopback, "a proxy from the environment stands before loopback"))
struct PlantedSecretTests {
  @Test(arguments: QuotingProvider.Name.allCases, QuotingProvider.Place.allCases)
  func `no log and no thrown error shows a planted secret`(
    name: QuotingProvider.Name, place: QuotingProvider.Place
  ) async throws {
    let provider = try QuotingProvider(name, place)
    let directory = try TemporaryDirectory()
    let log = try LogWriter(path: directory.file("attempts.jsonl"))
    for form in PlantedSecret.Form.allCases {
      let error = try await #require(throws: OperationError.self) {
        try await transcribe(QuotingProvider.audioURL(form), by: provider, record: log.record)
      }
      for text in Self.texts(of: error) {
        #expect(provider.secret.leaks(in: text) == [], "\(form): \(text)")
      }
      if provider.quotesInMessage {
        #expect(error.facts.message?.contains("[REDACTED]") == true)
      }
    }
    log.close()
    let bytes = try Data(contentsOf: URL(filePath: directory.file("attempts.jsonl")))
    let lines = String(decoding: bytes, as: UTF8.self)
    #expect(provider.secret.leaks(in: bytes) == [], "\(lines)")
    let forms = PlantedSecret.Form.allCases.count
    let failures = lines.split(separator: "\n").filter { $0.contains(#""outcome":"failure""#) }
    #expect(failures.count >= forms)
    #expect(lines.contains("[REDACTED]") == provider.quotesInRecord)
    try checkWire(provider)
  }

  @Test(
    arguments: QuotingProvider.Name.allCases,
    QuotingProvider.Place.allCases.filter { $0 != .lostConnection })
  func `the tool shows no planted secret`(
    name: QuotingProvider.Name, place: QuotingProvider.Place
  ) throws {
    let provider = try QuotingProvider(name, place)
    let directory = try TemporaryDirectory()
    let key = PlantedSecret.key.text
    let result = try runTranscribe(
      [
        "--provider", name.rawValue, "--base-url", provider.baseURL, "--poll-interval", "0.001",
        "--format", "json", "--language", "am",
      ] + PlantedSecret.Form.allCases.map(QuotingProvider.audioURL),
      ["ASSEMBLYAI_API_KEY": key, "LESAN_API_KEY": key], in: directory)
    #expect(result.status == 1)
    let log = try String(contentsOfFile: directory.file("attempts.jsonl"), encoding: .utf8)
    for text in [result.output, result.errors, log] {
      #expect(provider.secret.leaks(in: text) == [], "\(text)")
    }
    let forms = PlantedSecret.Form.allCases.count
    #expect(result.output.split(separator: "\n").count == forms)
    let failures = result.errors.split(separator: "\n").filter { $0.contains(" failed after ") }
    #expect(failures.count == forms)
    #expect(result.errors.contains("[REDACTED]") == provider.quotesInMessage)
    try checkWire(provider)
  }

  // MARK: - Calls

  private func transcribe(
    _ audioURL: String, by provider: QuotingProvider, record: @escaping @Sendable (Event) -> Void
  ) async throws {
    func configured(_ configuration: ClientConfiguration) -> ClientConfiguration {
      var configuration = configuration
      configuration.baseURL = provider.baseURL
      configuration.clock = MonotonicClock(VirtualClock())
      return configuration
    }
    let key = APIKey(PlantedSecret.key.text)
    switch provider.name {
    case .assemblyai:
      let client = AssemblyAI(configured(.assemblyAI(key: key, record: record)))
      do {
        _ = try await client.transcribe(audioURL: audioURL)
      } catch let error as OperationError {
        try await check(error, provider) { try await client.poll($0) }
        throw error
      }
    case .lesan:
      let client = Lesan(configured(.lesan(key: key, record: record)))
      do {
        _ = try await client.transcribe(audioURL: audioURL, language: "am", mode: .async)
      } catch let error as OperationError {
        try await check(error, provider) { try await client.poll($0) }
        throw error
      }
    }
  }

  /// What one look at the failed job gives back.
  private func check(
    _ error: OperationError, _ provider: QuotingProvider,
    poll: (String) async throws -> JobProgress
  ) async throws {
    guard provider.place == .jobError else { return }
    let progress = try await poll(try #require(error.facts.jobID))
    guard case .failed(let failure) = progress else {
      Issue.record("\(progress)")
      return
    }
    #expect(provider.secret.leaks(in: "\(failure)") == [])
    #expect(failure.message?.contains("[REDACTED]") == true)
  }

  /// Every text that can be made of an error and of what is below it.
  private static func texts(of error: any Error) -> [String] {
    var values: [Any] = []
    var below: (any Error)? = error
    while let next = below {
      values.append(next)
      if let error = next as? any AttemptError { values.append(error.attemptFacts) }
      below = (next as? OperationError)?.underlying
    }
    return values.flatMap { value in
      var dumped = ""
      dump(value, to: &dumped)
      let localized = (value as? any Error)?.localizedDescription ?? ""
      return ["\(value)", String(reflecting: value), dumped, localized]
    }
  }

  // MARK: - The wire

  /// That the secret was sent and came back in every form, and went nowhere else.
  private func checkWire(_ provider: QuotingProvider) throws {
    let secret = provider.secret.text
    let submissions = provider.exchanges.filter { $0.request.method == "POST" }
    for exchange in submissions {
      let request = exchange.request
      let authorization = try #require(request.headers["Authorization"])
      #expect(authorization.hasSuffix(PlantedSecret.key.text))
      switch provider.place {
      case .urlQuery, .lostConnection: #expect(request.rawTarget.contains(secret))
      case .audioQuery: #expect(String(decoding: request.body, as: UTF8.self).contains(secret))
      case .header, .errorBody, .redirectTarget, .jobError: break
      }
    }
    for form in PlantedSecret.Form.allCases {
      let quote = provider.secret.quoted(as: form)
      let answers = provider.exchanges.filter { $0.quote == quote }.map(\.answer)
      #expect(!answers.isEmpty)
      switch provider.place {
      case .header:
        #expect(answers.allSatisfy { $0.headers["X-Request-ID"] == quote })
      case .redirectTarget:
        #expect(answers.allSatisfy { $0.headers["Location"]?.contains(quote) == true })
      case .urlQuery, .audioQuery, .errorBody, .jobError:
        #expect(answers.contains { String(decoding: $0.body, as: UTF8.self).contains(quote) })
      case .lostConnection:
        #expect(answers.allSatisfy { $0.resetsConnection })
      }
    }
    #expect(provider.elsewhere.requests == [])
  }
}

extension QuotingProvider {
  /// Whether the message of an error repeats the secret.
  fileprivate var quotesInMessage: Bool {
    switch place {
    case .urlQuery, .audioQuery, .errorBody, .jobError: true
    case .header, .redirectTarget, .lostConnection: false
    }
  }

  /// Whether something that is recorded repeats the secret.
  fileprivate var quotesInRecord: Bool {
    quotesInMessage || place == .header
  }
}

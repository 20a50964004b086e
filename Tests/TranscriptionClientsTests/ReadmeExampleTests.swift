import AttemptLog
import Retry
import Testing
import TranscriptionClients

/// The example of the README, which is not run, for it asks the real provider.
struct ReadmeExampleTests {
  private func example(key: String, log: LogWriter) async throws -> String? {
    // README begins
    let client = AssemblyAI(.assemblyAI(key: APIKey(key), record: log.record))
    let transcript = try await client.transcribe(
      audioURL: "https://example.org/audio.mp3", options: .init(languageCode: "am"))
    // README ends
    return transcript.text
  }

  @Test func `the example has a key that is no secret in the log`() {
    #expect("\(APIKey("secret"))".contains("secret") == false)
  }
}

import Retry
import TranscriptionClients

/// Several audios at once, each by one provider after the other.
struct Transcriptions: Sendable {
  /// Below the 8 connections that AsyncHTTPClient opens to a host.
  private static let audiosMax = 4

  let assemblyAI: AssemblyAI
  let lesan: Lesan

  /// How many transcriptions failed.
  func run(_ audioURLs: [String]) async -> Int {
    await withTaskGroup(of: Int.self) { group in
      var failedCount = 0
      for (index, audioURL) in audioURLs.enumerated() where !Task.isCancelled {
        if index >= Self.audiosMax { failedCount += await group.next() ?? 0 }
        group.addTask {
          var failedCount = 0
          failedCount += await show("assemblyai", audioURL) {
            try await assemblyAI.transcribe(audioURL: audioURL)
          }
          failedCount += await show("lesan", audioURL) {
            try await lesan.transcribe(audioURL: audioURL, language: "en")
          }
          return failedCount
        }
      }
      for await failed in group { failedCount += failed }
      return failedCount
    }
  }

  /// 1 if it failed.
  private func show(
    _ provider: String, _ audioURL: String, _ transcribe: () async throws -> Transcript
  ) async -> Int {
    // The query of a URL may be its signature.
    let name = "\(provider) \(audioURL.prefix { $0 != "?" })"
    do {
      // Quoted with escapes: the text is the provider's.
      print("\(name): \(try await transcribe().text.debugDescription)")
      return 0
    } catch {
      print("\(name): \(error)")
      return 1
    }
  }
}

import AttemptLog
import Glibc
import TranscriptionClients

/// Transcribes each audio by AssemblyAI and by Lesan, over AsyncHTTPClient.
@main
enum TranscribeWithBoth {
  private enum ExitCode: Int32 {
    case done = 0
    case someFailed = 1
    case usage = 2
    case inputOutput = 5
  }

  private static let usage = """
    usage: transcribe-with-both LOG AUDIO_URL…

    Every attempt goes into LOG. The keys come from $ASSEMBLYAI_API_KEY and $LESAN_API_KEY;
    $ASSEMBLYAI_BASE_URL and $LESAN_BASE_URL lead the requests elsewhere.

    """

  static func main() {
    // Blocked before any thread begins, so that every signal waits for `sigwait`.
    var signals = sigset_t()
    sigemptyset(&signals)
    for signal in [SIGTERM, SIGINT] { sigaddset(&signals, signal) }
    pthread_sigmask(SIG_BLOCK, &signals, nil)

    let words = Array(CommandLine.arguments.dropFirst())
    guard words.count >= 2, let path = words.first, let assemblyAI = key("ASSEMBLYAI_API_KEY"),
      let lesan = key("LESAN_API_KEY")
    else { end(.usage, usage) }
    let log: LogWriter
    do throws(LogWriterError) {
      log = try LogWriter(path: path)
    } catch {
      end(.inputOutput, "\(error)\n")
    }
    let caught = Locked<Int32?>(nil)
    let work = Task.detached {
      try await HTTPTransport.withAsyncHTTPClient { transport in
        let transcriptions = Transcriptions(
          assemblyAI: AssemblyAI(
            configured(
              .assemblyAI(key: assemblyAI, record: log.record), transport, "ASSEMBLYAI_BASE_URL")),
          lesan: Lesan(
            configured(.lesan(key: lesan, record: log.record), transport, "LESAN_BASE_URL")))
        return await transcriptions.run(Array(words.dropFirst()))
      }
    }
    Task.detached {
      let result = await work.result
      log.close()
      switch result {
      case .success(let failedCount):
        let code = failedCount == 0 ? ExitCode.done : .someFailed
        exit(caught.withLock { $0 }.map { 128 + $0 } ?? code.rawValue)
      case .failure(let error): end(.inputOutput, "cannot end the HTTP client: \(error)\n")
      }
    }
    var signal: Int32 = 0
    sigwait(&signals, &signal)
    caught.withLock { [signal] in $0 = signal }
    // The log is to say that the operations were cancelled; a second signal does not wait for that.
    work.cancel()
    sigwait(&signals, &signal)
    exit(128 + signal)
  }

  private static func configured(
    _ configuration: ClientConfiguration, _ transport: HTTPTransport, _ baseURLVariable: String
  ) -> ClientConfiguration {
    var configuration = configuration
    configuration.transport = transport
    configuration.baseURL = environment(baseURLVariable) ?? configuration.baseURL
    return configuration
  }

  private static func key(_ variable: String) -> APIKey? {
    environment(variable).map { APIKey($0) }
  }

  /// Nil if it is empty.
  private static func environment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
  }

  private static func end(_ code: ExitCode, _ message: String) -> Never {
    let bytes = Array(message.utf8)
    // Nobody is left to tell if this fails.
    _ = write(STDERR_FILENO, bytes, bytes.count)
    exit(code.rawValue)
  }
}

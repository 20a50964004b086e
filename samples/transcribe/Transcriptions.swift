import AttemptLog
import Foundation
import Retry
import TranscriptionClients

/// Transcribes one audio after the other.
struct Transcriptions: Sendable {
  private let options: TranscribeOptions

  init(_ options: TranscribeOptions) {
    self.options = options
  }

  func run() async -> Transcribe.ExitCode {
    let log: LogWriter
    do throws(LogWriterError) {
      log = try LogWriter(path: options.log)
    } catch {
      Terminal.complain(error.description)
      return .inputOutput
    }
    defer { log.close() }
    var result = Transcribe.ExitCode.done
    for (index, audio) in options.audios.enumerated() {
      let progress = Progress(audio: audio, number: index + 1, of: options.audios.count)
      do {
        let transcript = try await transcript(of: audio) {
          log.record($0)
          progress.show($0)
        }
        progress.done(transcript)
        try Terminal.write(line(audio, transcript))
      } catch let error as OperationError {
        progress.failed(error.description)
        if result == .done { result = .someFailed }
        do {
          if options.format == .json { try Terminal.write(json(audio, error)) }
        } catch {
          return outputFailed(error)
        }
      } catch let error as AudioFileError {
        Terminal.complain(error.description)
        result = .inputOutput
      } catch let error as Terminal.WriteFailure {
        return outputFailed(error)
      } catch {
        progress.failed("cancelled")
        return .someFailed
      }
    }
    return result
  }

  private func transcript(
    of audio: Audio, record: @escaping @Sendable (Event) -> Void
  ) async throws -> Transcript {
    switch options.provider {
    case .assemblyai:
      let client = AssemblyAI(configured(.assemblyAI(key: options.key, record: record)))
      let fields = AssemblyAI.Options(languageCode: options.language)
      return audio.isURL
        ? try await client.transcribe(audioURL: audio.operand, options: fields)
        : try await client.transcribe(file: audio.operand, options: fields)
    case .lesan:
      let client = Lesan(configured(.lesan(key: options.key, record: record)), route: .v1)
      return try await client.transcribe(
        audioURL: audio.operand, language: options.language ?? "")
    }
  }

  private func configured(_ configuration: ClientConfiguration) -> ClientConfiguration {
    var configuration = configuration
    configuration.baseURL = options.baseURL ?? configuration.baseURL
    configuration.pollInterval = options.pollInterval ?? configuration.pollInterval
    return configuration
  }

  /// A reader that has gone away, as `head` does, is no failure.
  private func outputFailed(_ error: Terminal.WriteFailure) -> Transcribe.ExitCode {
    if error.errno == EPIPE { return .done }
    Terminal.complain(
      "cannot write: \(SystemError.text(error.errno)) (write, errno \(error.errno))")
    return .inputOutput
  }

  // MARK: - Results

  private func line(_ audio: Audio, _ transcript: Transcript) -> String {
    if options.format == .json {
      return json([
        "audio": .string(audio.name), "text": .string(transcript.text),
        "job_id": transcript.jobID.map { .string($0) } ?? .null,
        "audio_seconds": transcript.audioSeconds.map { .number($0) } ?? .null,
      ])
    }
    let text = Terminal.visible(transcript.text) + "\n"
    return options.audios.count == 1 ? text : "\(Terminal.visible(audio.name)): \(text)"
  }

  private func json(_ audio: Audio, _ error: OperationError) -> String {
    let facts = error.facts
    let texts = [
      "class": error.errorClass?.rawValue, "type": facts.type, "code": facts.code,
      "message": facts.message, "param": facts.parameter, "job_id": facts.jobID,
      "advice": error.advice, "outcome": error.outcome.rawValue,
    ]
    var fields = texts.compactMapValues { $0.map { JSONValue.string($0) } }
    fields["attempts"] = .number(Double(error.attempts))
    facts.httpStatus.map { fields["http_status"] = .number(Double($0)) }
    return json(["audio": .string(audio.name), "error": .object(fields)])
  }

  /// Sorted, so that the same results are the same bytes.
  private func json(_ fields: [String: JSONValue]) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Every number in it came out of JSON, so it can be written.
    let bytes = (try? encoder.encode(fields)) ?? Data("{}".utf8)
    return String(decoding: bytes, as: UTF8.self) + "\n"
  }
}

/// Tells on standard error how one audio comes along.
private struct Progress: Sendable {
  private let label: String

  init(audio: Audio, number: Int, of count: Int) {
    label = count == 1 ? audio.name : "\(number)/\(count) \(audio.name)"
  }

  /// Retries, uploads and accepted jobs; what the log has beyond that, it has for later.
  func show(_ event: Event) {
    guard case .attempt(let attempt) = event else { return }
    let operation = attempt.identity.operation
    if attempt.decision == .retry {
      let error = attempt.error
      let status = error.httpStatus.map { "HTTP \($0), " } ?? ""
      let seconds = Int(((attempt.backoffMilliseconds ?? 0) / 1000).rounded())
      tell(
        "\(operation) failed (\(status)\(error.errorClass?.rawValue ?? "other")), "
          + "attempt \(attempt.attempt + 1) in \(seconds) s")
    } else if attempt.outcome == .success {
      if operation == "upload" { tell("uploaded") }
      if operation == "submit" { tell("job \(attempt.jobID ?? "") submitted") }
    }
  }

  func done(_ transcript: Transcript) {
    let length = transcript.audioSeconds.map { ", \($0) s of audio" } ?? ""
    tell("done\(length)")
  }

  func failed(_ description: String) {
    tell(description)
  }

  private func tell(_ text: String) {
    Terminal.complain("\(label): \(text)")
  }
}

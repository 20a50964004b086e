import AttemptLog
import Foundation
import HTTPServer
import ProviderSimulator
import TestSupport
import Testing

@testable import TranscriptionClients

/// The sample as it was built, against the simulator in this process.
@Suite(.enabled(if: reachesLoopback, "a proxy from the environment stands before loopback"))
struct TranscribeToolTests {
  static let audio = "https://example.org/a.mp3"

  @Test func `the README shows what the tool says`() throws {
    let session = try Session(faults: ["lesan:503:service_unavailable:p=0.5"], seed: 5)
    let arguments = ["--language", "am", Self.audio, "https://example.org/b.mp3"]
    let result = try session.run("lesan", arguments)
    #expect(result.status == 0)
    let readme = try String(contentsOfFile: Self.root + "/README.md", encoding: .utf8)
    let shown = """
      $ transcribe --provider lesan \(arguments.joined(separator: " "))
      \(result.errors)\(result.output)```
      """
    #expect(readme.contains(shown), "\(shown)")
  }

  @Test func `a URL is transcribed and every attempt logged`() throws {
    let session = try Session()
    let result = try session.run("assemblyai", [Self.audio + "?X-Amz-Signature=s3cr3t"])
    #expect(result.output == "Smoke from hundreds of wildfires in Canada.\n")
    #expect(result.status == 0 && !result.errors.contains("s3cr3t"))
    #expect(result.errors.hasPrefix("transcribe: \(Self.audio): job "))
    let log = try session.log()
    #expect(log.contains(#""operation":"submit""#) && log.contains(#""operation":"transcribe""#))
    #expect(log.hasSuffix("\n") && log.contains(#""kind":"writer_stop""#))
    #expect(!log.contains("s3cr3t") && !log.contains(Session.key))
  }

  @Test func `a file is uploaded, and the result is JSON`() throws {
    let session = try Session()
    try Data("abc".utf8).write(to: URL(filePath: session.directory.file("a.mp3")))
    let result = try session.run("assemblyai", ["--format=json", "a.mp3", "--language", "en_us"])
    let line = try JSONDecoder().decode(JSONValue.self, from: Data(result.output.utf8))
    #expect(line["audio"] == "a.mp3")
    #expect(line["text"] == "Smoke from hundreds of wildfires in Canada.")
    #expect(line["audio_seconds"]?.number != nil && line["job_id"]?.string != nil)
    #expect(result.errors.hasPrefix("transcribe: a.mp3: uploaded\n") && result.status == 0)
    #expect(try session.log().contains(#""operation":"upload""#))
  }

  @Test func `a failed audio is exit 1, and the others are transcribed`() throws {
    // A synchronous call is one request, so the chances do not depend on the time.
    let session = try Session(faults: ["lesan:400:invalid_field_value:p=0.5"], seed: 5)
    let audios = (1...4).map { "https://example.org/\($0).mp3" }
    let result = try session.run("lesan", ["--format", "json", "--language", "am"] + audios)
    #expect(result.status == 1)
    let lines = try result.output.split(separator: "\n").map {
      try JSONDecoder().decode(JSONValue.self, from: Data($0.utf8))
    }
    #expect(lines.map { $0["audio"]?.string } == audios)
    let errors = lines.compactMap { $0["error"] }
    #expect(!errors.isEmpty && errors.count < lines.count)
    for error in errors {
      #expect(
        error == [
          "class": "invalid_request", "type": "invalid_request_error",
          "code": "invalid_field_value", "message": "A field value is not valid.",
          "http_status": 400, "attempts": 1, "outcome": "not_retryable",
          "advice": "fix the parameters of the request",
        ])
    }
  }

  @Test func `a refused key is told with its advice`() throws {
    let session = try Session(faults: ["lesan:401:invalid_api_key"])
    let result = try session.run("lesan", ["--language", "am", Self.audio])
    #expect(result.status == 1 && result.output.isEmpty)
    #expect(result.errors.hasSuffix("; check the API key of Lesan\n"))
  }

  @Test func `a signal cancels the job in hand, and the log says so`() throws {
    let session = try Session(processing: .seconds(600))
    let result = try session.run("assemblyai", [Self.audio]) { process, errors in
      // The first line is that of the submitted job.
      #expect(!errors.availableData.isEmpty)
      process.interrupt()
    }
    #expect(result.status == 128 + SIGINT && result.output.isEmpty)
    #expect(result.errors == "transcribe: \(Self.audio): cancelled\n")
    let log = try session.log()
    #expect(log.contains(#""outcome":"cancelled""#) && log.contains(#""kind":"writer_stop""#))
  }

  @Test(arguments: [
    ([], #"option "--provider": "" is not assemblyai or lesan"#),
    (
      ["--provider", "whisper", audio],
      #"option "--provider": "whisper" is not assemblyai or lesan"#
    ),
    (["--provider", "assemblyai"], #"option "AUDIO" needs a value: a URL or a file"#),
    (
      ["--provider", "lesan", audio],
      #"option "--language" is missing: lesan needs am, ti, so or en"#
    ),
    (
      ["--provider", "lesan", "--language", "am", "a.mp3"],
      #"option "AUDIO": "a.mp3" is not a URL, and lesan takes no files"#
    ),
    (
      ["--provider", "assemblyai", "--poll-interval", "nan", audio],
      #"option "--poll-interval": "nan" is not seconds from 0 to 3600"#
    ),
    (["--provder", "lesan"], #"unknown option "--provder"; did you mean "--provider"?"#),
    (
      ["--provider", "assemblyai", audio],
      #"option "--provider": set the key in $ASSEMBLYAI_API_KEY"#
    ),
  ])
  func `a wrong command line is one line and exit 2`(arguments: [String], text: String) throws {
    let directory = try TemporaryDirectory()
    let result = try runTranscribe(arguments, [:], in: directory)
    #expect(result == ("", "transcribe: \(text)\n", 2))
  }

  @Test func `what cannot be read or written is exit 5`() throws {
    let session = try Session()
    let missing = try session.run("assemblyai", ["none.mp3", Self.audio])
    #expect(missing.status == 5 && missing.output.hasPrefix("https://example.org/a.mp3: Smoke"))
    #expect(
      missing.errors.hasPrefix(
        #"transcribe: cannot read "none.mp3": no such file or directory (open, errno 2)"#))
    let log = session.directory.file("none/log.jsonl")
    let unlogged = try session.run("assemblyai", ["--log", log, Self.audio])
    #expect(unlogged.status == 5 && unlogged.output.isEmpty)
    #expect(unlogged.errors.hasPrefix("transcribe: cannot open "))
  }

  @Test func `help is the whole help`() throws {
    let result = try runTranscribe(["--help"], [:], in: try TemporaryDirectory())
    #expect(result.status == 0 && result.output.hasPrefix("usage: transcribe --provider NAME "))
  }

  static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
}

/// A simulator of its own and a directory in which the tool runs.
private final class Session {
  static let key = "sk-planted-5ecret-0123456789"
  let directory: TemporaryDirectory
  let server: HTTPServer

  init(
    faults: [String] = [], seed: UInt64 = 1, processing: Duration = .milliseconds(1)
  ) throws {
    directory = try TemporaryDirectory()
    var configuration = ProviderSimulator.Configuration()
    configuration.seed = seed
    configuration.faults = try faults.map { try Fault($0) }
    configuration.latency = .zero ... .milliseconds(1)
    configuration.queueing = .zero ... .milliseconds(1)
    configuration.processing = processing...processing
    server = try ProviderSimulator(configuration: configuration).serve(on: .loopback(port: 0))
  }

  deinit {
    server.stop()
  }

  func run(
    _ provider: String, _ arguments: [String],
    meanwhile: (Process, FileHandle) -> Void = { _, _ in }
  ) throws -> (output: String, errors: String, status: Int32) {
    let base = "http://\(server.addresses[0])/\(provider)"
    return try runTranscribe(
      ["--provider", provider, "--base-url", base, "--poll-interval", "0.01"] + arguments,
      ["ASSEMBLYAI_API_KEY": Self.key, "LESAN_API_KEY": Self.key], in: directory,
      meanwhile: meanwhile)
  }

  func log() throws -> String {
    try String(contentsOfFile: directory.file("attempts.jsonl"), encoding: .utf8)
  }
}

/// Runs the built tool with an environment of its own: keys do not come from who runs the tests.
func runTranscribe(
  _ arguments: [String], _ environment: [String: String], in directory: TemporaryDirectory,
  meanwhile: (Process, FileHandle) -> Void = { _, _ in }
) throws -> (output: String, errors: String, status: Int32) {
  let tests = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
  let process = Process()
  process.executableURL = tests.deletingLastPathComponent().appending(path: "transcribe")
  process.arguments = arguments
  process.environment = environment
  process.currentDirectoryURL = URL(filePath: directory.path)
  let (output, errors) = (Pipe(), Pipe())
  process.standardOutput = output
  process.standardError = errors
  try process.run()
  meanwhile(process, errors.fileHandleForReading)
  // Both fit a pipe: some hundred bytes.
  process.waitUntilExit()
  let texts = try [output, errors].map {
    String(decoding: try $0.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
  }
  return (texts[0], texts[1], process.terminationStatus)
}

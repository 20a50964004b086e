import CommandLineOptions
import TranscriptionClients

/// The command line of `transcribe`.
struct TranscribeOptions: Sendable {
  enum Provider: String, CaseIterable, Sendable {
    case assemblyai, lesan

    /// The environment variable that holds the key; an option would show it to every user.
    var keyVariable: String {
      switch self {
      case .assemblyai: "ASSEMBLYAI_API_KEY"
      case .lesan: "LESAN_API_KEY"
      }
    }
  }

  enum Format: String, CaseIterable, Sendable {
    case text, json
  }

  private(set) var provider = Provider.lesan
  private(set) var key = APIKey("")
  private(set) var language: String?
  /// Nil for the provider's own.
  private(set) var baseURL: String?
  private(set) var log = "attempts.jsonl"
  private(set) var format = Format.text
  private(set) var pollInterval: Duration?
  private(set) var audios: [Audio] = []
  let showsHelp: Bool

  private static let options = [
    Option(name: "--provider", value: "NAME", help: "assemblyai or lesan"),
    Option(
      name: "--language", value: "CODE", help: "of the speech; lesan needs it: am, ti, so or en"),
    Option(name: "--base-url", value: "URL", help: "instead of the provider's"),
    Option(
      name: "--log", value: "FILE",
      help: "every attempt goes there; default: $RELMON_LOG, else attempts.jsonl"),
    Option(name: "--format", value: "FORMAT", help: "text or json, a line for each; default text"),
    Option(name: "--poll-interval", value: "SECONDS", help: "between looks at a job; default 3"),
  ]

  static let help = """
    usage: transcribe --provider NAME [OPTION…] AUDIO…

    Transcribes URLs, and with assemblyai also local files. The key comes from
    $ASSEMBLYAI_API_KEY or $LESAN_API_KEY. Progress goes to standard error.

    options:
    \(Option.table(options + [.help]))
    exit codes: 0 all done, 1 some failed, 2 wrong command line, 5 a file or an output failed

    example:
      transcribe --provider lesan --language am https://example.org/audio.mp3

    """

  init(_ words: [String], environment: (String) -> String?) throws(UsageError) {
    let arguments = try Arguments(parsing: words, by: Self.options, command: "transcribe")
    showsHelp = arguments.isGiven(Option.help.name)
    guard !showsHelp else { return }
    provider = try Self.member("--provider", arguments.value("--provider") ?? "")
    format = try arguments.value("--format").map(Self.format) ?? .text
    language = arguments.value("--language")
    baseURL = arguments.value("--base-url")
    log = arguments.value("--log") ?? environment("RELMON_LOG") ?? log
    pollInterval = try arguments.value("--poll-interval").map(Self.seconds)
    audios = arguments.operands.map { Audio($0) }
    if audios.isEmpty { throw .missingValue("AUDIO", expected: "a URL or a file") }
    if provider == .lesan {
      if language == nil {
        throw .missingOption("--language", cause: "lesan needs am, ti, so or en")
      }
      if let file = audios.first(where: { !$0.isURL }) {
        throw .invalidValue("AUDIO", file.name, expected: "a URL, and lesan takes no files")
      }
    }
    guard let secret = environment(provider.keyVariable), !secret.isEmpty else {
      throw .unusableValue("--provider", cause: "set the key in $\(provider.keyVariable)")
    }
    key = APIKey(secret)
  }

  private static func format(_ text: String) throws(UsageError) -> Format {
    try member("--format", text)
  }

  private static func member<Choice: RawRepresentable<String> & CaseIterable>(
    _ option: String, _ text: String
  ) throws(UsageError) -> Choice {
    guard let choice = Choice(rawValue: text) else {
      throw .invalidValue(
        option, text, expected: Choice.allCases.map(\.rawValue).joined(separator: " or "))
    }
    return choice
  }

  private static func seconds(_ text: String) throws(UsageError) -> Duration {
    // `Double` also reads `nan`, `inf` and hexadecimal.
    guard text.utf8.allSatisfy({ (48...57).contains($0) || $0 == UInt8(ascii: ".") }),
      let seconds = Double(text), seconds <= 3600
    else { throw .invalidValue("--poll-interval", text, expected: "seconds from 0 to 3600") }
    return .seconds(seconds)
  }
}

/// What is to be transcribed.
struct Audio: Sendable {
  let operand: String

  init(_ operand: String) {
    self.operand = operand
  }

  var isURL: Bool {
    let start = operand.prefix(8).lowercased()
    return start.hasPrefix("https://") || start.hasPrefix("http://")
  }

  /// How it is shown: the query of a URL may be its signature.
  var name: String {
    isURL ? String(operand.prefix { $0 != "?" }) : operand
  }
}

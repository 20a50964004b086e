import AttemptLog
import CommandLineOptions
import Glibc

/// The command line of the demo.
struct DemoOptions: Sendable {
  let seed: UInt64
  let transcriptions: Int
  /// The demo's traffic is that of so many weeks before.
  let now: Timestamp
  let weeks: Int
  /// A file of faults in place of the demo's own.
  let schedule: String?
  /// Nil for a file of its own among the temporary ones, which each run replaces.
  let log: String?
  let serves: Bool
  let showsHelp: Bool

  private static let weeksMax = 52

  private static let options = [
    Option(name: "--seed", value: "NUMBER", help: "the same seed gives the same log; default 7"),
    Option(name: "--transcriptions", value: "NUMBER", help: "how many; default 240"),
    Option(name: "--log", value: "FILE", help: "where the log goes; a new file"),
    Option(
      name: "--now", value: "TIME", help: "the traffic is that of the week before; default: now"),
    Option(
      name: "--weeks", value: "NUMBER", help: "or of so many weeks before, up to 52; default 1"),
    Option(
      name: "--schedule", value: "FILE", help: "what fails when, as for provider-simulator",
      values: .files),
    Option(
      name: "--serve", value: nil,
      help: "go on and serve the metrics on http://127.0.0.1:19464/metrics"),
  ]

  static let help = """
    usage: demo [OPTION…]

    Transcribes through both clients against the provider simulator, with faults, and prints the
    report. A week passes in a second: sleeps and latencies move a clock that all share.

    options:
    \(Option.table(options + [.help]))
    example:
      swift run -c release demo --serve

    """

  init(_ words: [String]) throws(UsageError) {
    let arguments = try Arguments(parsing: words, by: Self.options, command: "demo")
    if let operand = arguments.operands.first { throw .unexpectedOperand(operand) }
    seed = try arguments.number("--seed") ?? 7
    transcriptions = Int(try arguments.number("--transcriptions", as: UInt16.self) ?? 240)
    weeks = Int(try arguments.number("--weeks", as: UInt8.self) ?? 1)
    guard (1...Self.weeksMax).contains(weeks) else {
      throw .invalidValue("--weeks", "\(weeks)", expected: "a number from 1 to \(Self.weeksMax)")
    }
    schedule = arguments.value("--schedule")
    log = arguments.value("--log")
    serves = arguments.isGiven("--serve")
    showsHelp = arguments.isGiven(Option.help.name)
    guard let text = arguments.value("--now") else {
      now = .now()
      return
    }
    guard let time = Timestamp(rfc3339: text) else {
      throw .invalidValue("--now", text, expected: "an RFC 3339 time: 2026-11-23T00:00:00Z")
    }
    now = time
  }

  /// The path of a log that does not exist yet.
  func freshLog() throws(DemoError) -> String {
    if let log {
      guard unsafe access(log, F_OK) != 0 else { throw .logExists(log) }
      return log
    }
    let directory = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
    let path = "\(directory)/relmon-demo-\(getuid()).jsonl"
    guard unsafe unlink(path) == 0 || errno == ENOENT else {
      throw .cannotReplace(path, errno: errno)
    }
    return path
  }
}

enum DemoError: Error, CustomStringConvertible {
  case logExists(String)
  case cannotReplace(String, errno: Int32)
  case linesLost(Int64, String)

  var description: String {
    switch self {
    case .logExists(let path): "\"\(path)\" exists; a log is never overwritten"
    case .cannotReplace(let path, let errno):
      "cannot replace \"\(path)\": \(SystemError.text(errno)) (unlink, errno \(errno))"
    case .linesLost(let count, let path):
      "\(count) lines could not be written to \"\(path)\"; is the disk full?"
    }
  }
}

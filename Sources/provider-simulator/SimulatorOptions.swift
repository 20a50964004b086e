import CommandLineOptions
import ProviderSimulator

/// The command line of `provider-simulator`.
struct SimulatorOptions: Sendable {
  /// 0 lets the system choose.
  var port: UInt16 = 0
  var seed: UInt64 = 1
  var faults: [Fault] = []
  /// A file of further faults.
  var schedule: String?
  /// Nil leaves it to the seed.
  var jobDuration: Duration?
  /// Whether to print what was answered when the simulator ends.
  var showsCounts = false
  var showsHelp = false

  private static let options = [
    Option(name: "--port", value: "PORT", help: "the port; 0, the default, lets the system choose"),
    Option(
      name: "--seed", value: "NUMBER", help: "the same seed gives the same answers; default 1"),
    Option(
      name: "--job-seconds", value: "SECONDS",
      help: "how long every job takes; without it 2 to 22 s, by the seed"),
    Option(
      name: "--fault", value: "FAULT", help: "PROVIDER:KIND[:CODE][:OPTION=VALUE]…",
      isRepeatable: true),
    Option(
      name: "--schedule", value: "FILE", help: "further faults, each with its time or requests"),
    Option(
      name: "--counts", value: nil, help: "at the end, print how many answers and jobs there were"),
  ]

  static let help = """
    usage: provider-simulator [OPTION…]

    Answers as AssemblyAI below /assemblyai and as Lesan below /lesan, on 127.0.0.1.

    options:
    \(Option.table(options + [.help]))
    Faults are PROVIDER:STATUS[:CODE], PROVIDER:job:CODE, PROVIDER:reset[:before|after], :slow,
    :drip, :oversized, :302, lesan:408 and lesan:queued, with options of their own: p=PROBABILITY,
    on=upload|submit|poll|usage, delay=SECONDS, retry_after=SECONDS, as=number|string|header|date,
    interval=SECONDS, bytes=NUMBER, location=URL. Each request suffers the first that strikes. The
    schedule is a JSON array of objects with "fault" and "from" and "to" (RFC 3339) or
    "after_requests" and "count". README.md tells all of them.

    example:
      provider-simulator --port 8080 --fault lesan:429:rate_limit_exceeded:retry_after=2:p=0.05

    """

  init(_ words: [String]) throws(UsageError) {
    let arguments = try Arguments(
      parsing: words, by: Self.options, command: "provider-simulator")
    if let operand = arguments.operands.first { throw .unexpectedOperand(operand) }
    showsHelp = arguments.isGiven(Option.help.name)
    port = try arguments.number("--port") ?? port
    seed = try arguments.number("--seed") ?? seed
    schedule = arguments.value("--schedule")
    showsCounts = arguments.isGiven("--counts")
    jobDuration = try Self.seconds("--job-seconds", arguments)
    for text in arguments.all("--fault") {
      do throws(FaultError) {
        faults.append(try Fault(text))
      } catch {
        throw .unusableValue("--fault", cause: error.description)
      }
    }
  }

  private static let secondsMax = 86_400.0

  private static func seconds(
    _ name: String, _ arguments: Arguments
  ) throws(UsageError) -> Duration? {
    guard let text = arguments.value(name) else { return nil }
    // `Double` also reads a sign, `nan`, `inf` and hexadecimal.
    let isPlain = text.utf8.allSatisfy {
      $0 == UInt8(ascii: ".") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
    }
    guard isPlain, let seconds = Double(text), seconds <= secondsMax else {
      throw .invalidValue(name, text, expected: "a number from 0 to \(Int(secondsMax))")
    }
    return .seconds(seconds)
  }
}

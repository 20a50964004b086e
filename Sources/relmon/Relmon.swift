import AttemptLog
import CommandLineOptions
import Glibc

@main
struct Relmon {
  static func main() {
    // A closed pipe is an error of write(2), not a death by signal.
    signal(SIGPIPE, SIG_IGN)
    exit(run(Array(CommandLine.arguments.dropFirst())).rawValue)
  }

  private static func run(_ words: [String]) -> ExitCode {
    do {
      return try dispatch(words)
    } catch {
      let (cause, code) = reason(of: error)
      if let refuse = Command.all.first(where: { $0.name == words.first })?.refuse {
        return refuse(cause)
      }
      Output.diagnose(cause)
      return code
    }
  }

  private static func reason(of error: any Error) -> (cause: String, code: ExitCode) {
    switch error {
    case let error as UsageError: (error.description, .usage)
    case let failure as Failure: (failure.message, failure.code)
    default: ("unexpected error: \(type(of: error))", .inputOutput)
    }
  }

  private static func dispatch(_ words: [String]) throws -> ExitCode {
    guard let name = words.first else { throw UsageError.noCommand(program: "relmon") }
    if ["--help", "-h", "help"].contains(name) {
      guard words.count <= 2 else { throw UsageError.unexpectedOperand(words[2]) }
      let text = try words.dropFirst().first.flatMap { name in
        name == "help" ? nil : try Command.find(name).help
      }
      try Output.write(Array((text ?? Command.overview).utf8))
      return .ok
    }
    if name == "--version" {
      try Output.write(Array("\(Build.text)\n".utf8))
      return .ok
    }
    let command = try Command.find(name)
    let arguments = try Arguments(
      parsing: Array(words.dropFirst()), by: command.options, command: "relmon \(name)")
    if arguments.isGiven(Option.help.name) {
      try Output.write(Array(command.help.utf8))
      return .ok
    }
    return try command.run(arguments)
  }
}

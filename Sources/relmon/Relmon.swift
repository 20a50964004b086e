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
    } catch let error as UsageError {
      Output.diagnose(error.description)
      return .usage
    } catch let failure as Failure {
      Output.diagnose(failure.message)
      return failure.code
    } catch {
      Output.diagnose("unexpected error: \(type(of: error))")
      return .inputOutput
    }
  }

  private static func dispatch(_ words: [String]) throws -> ExitCode {
    guard let name = words.first else { throw UsageError.noCommand(program: "relmon") }
    if name == "--help" || name == "help" {
      try Output.write(Array(Command.overview.utf8))
      return .ok
    }
    if name == "--version" {
      try Output.write(Array("relmon \(relmonVersion)\n".utf8))
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

import CommandLineOptions
import Glibc
import HTTPServer
import ProviderSimulator

@main
enum ProviderSimulatorTool {
  /// As cli.md counts them.
  private enum ExitCode: Int32 {
    case done = 0
    case usage = 2
    case inputOutput = 5
  }

  static func main() {
    do {
      let options = try SimulatorOptions(Array(CommandLine.arguments.dropFirst()))
      if options.showsHelp {
        print(SimulatorOptions.help, terminator: "")
        exit(ExitCode.done.rawValue)
      }
      try run(options)
      exit(ExitCode.done.rawValue)
    } catch let error as UsageError {
      fail(.usage, "\(error)")
    } catch {
      fail(.inputOutput, "\(error)")
    }
  }

  private static func run(_ options: SimulatorOptions) throws {
    // Blocked before any thread begins, so that every signal waits for `sigwait`.
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe sigaddset(&signals, SIGTERM)
    unsafe sigaddset(&signals, SIGINT)
    unsafe sigprocmask(SIG_BLOCK, &signals, nil)

    var configuration = ProviderSimulator.Configuration()
    configuration.seed = options.seed
    configuration.faults = options.faults
    if let schedule = options.schedule {
      configuration.faults += try FaultSchedule(path: schedule).faults
    }
    if let duration = options.jobDuration {
      configuration.queueing = duration / 10...duration / 10
      configuration.processing = duration * 9 / 10...duration * 9 / 10
    }
    let simulator = ProviderSimulator(configuration: configuration)
    let server = try simulator.serve(on: .loopback(port: options.port))
    for address in server.addresses { print("listening on http://\(address)") }
    // A pipe is buffered, and whoever reads it waits for the port.
    fflush(nil)

    var signal: Int32 = 0
    unsafe sigwait(&signals, &signal)
    server.stop()
    if options.showsCounts { print(simulator.counts, terminator: "") }
  }

  private static func fail(_ code: ExitCode, _ message: String) -> Never {
    let line = Array("provider-simulator: \(message)\n".utf8)
    _ = unsafe line.withUnsafeBytes { unsafe write(2, $0.baseAddress, $0.count) }
    exit(code.rawValue)
  }
}

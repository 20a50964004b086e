import AttemptLog
import CommandLineOptions
import Glibc
import HTTPServer
import Monitor

/// Runs the whole pipe on simulated traffic: clients, wrapper, log, report, and on request the
/// endpoint.
@main
struct Demo {
  static func main() {
    // Blocked before any thread begins, so that every signal waits for `sigwait`.
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    for signal in [SIGTERM, SIGINT] { unsafe sigaddset(&signals, signal) }
    unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)

    // The simulator is on loopback, where no proxy can reach it; nothing else runs yet.
    for name in ["http_proxy", "all_proxy", "ALL_PROXY"] { unsafe unsetenv(name) }

    let options: DemoOptions
    do throws(UsageError) {
      options = try DemoOptions(Array(CommandLine.arguments.dropFirst()))
    } catch {
      fail(2, error.description)
    }
    if options.showsHelp {
      print(DemoOptions.help, terminator: "")
      exit(0)
    }
    Task.detached {
      do {
        try await run(options)
        if !options.serves { exit(0) }
      } catch {
        fail(5, "\(error)")
      }
    }
    var signal: Int32 = 0
    unsafe sigwait(&signals, &signal)
    exit(options.serves ? 0 : 128 + signal)
  }

  private static func run(_ options: DemoOptions) async throws {
    let log = try options.freshLog()
    let traffic = try DemoTraffic(options, log: log)
    print(traffic.introduction)
    let summary = try await traffic.run()
    print(summary)
    print("relmon report --week \(traffic.week) \(log):\n")
    print(try traffic.report(), terminator: "")
    if options.serves { try serve(log) }
  }

  private static func serve(_ log: String) throws {
    let monitor = try Monitor(paths: [log])
    let endpoint = Endpoint { monitor.state }
    let server = try endpoint.server(listeningOn: [.loopback(port: 19_464)])
    try monitor.start()
    try server.start()
    serving.withLock { $0 = (monitor, server) }
    print("\nserving http://\(server.addresses[0])/metrics until Ctrl-C")
    // A pipe is buffered, and nothing more comes.
    fflush(nil)
  }

  /// Kept until the process ends.
  private static let serving = Locked<(Monitor, HTTPServer)?>(nil)

  private static func fail(_ code: Int32, _ message: String) -> Never {
    let line = Array("demo: \(message)\n".utf8)
    // Nobody is left to tell if this fails.
    _ = unsafe line.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
    exit(code)
  }
}

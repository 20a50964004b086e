import AttemptLog
import CommandLineOptions
import Glibc
import HTTPServer
import Monitor

extension Command {
  static let serve = Command(
    name: "serve",
    summary: "Follows the logs and serves what they say to Prometheus, until SIGTERM.",
    options: [
      Option(
        name: "--web.listen-address", value: "ADDRESS",
        help: "127.0.0.1:19464 (default), [::1]:19464, or :19464 for all", isRepeatable: true),
      Option(
        name: "--web.telemetry-path", value: "PATH", help: "where the metrics are: /metrics"),
      Option(
        name: "--state", value: "FILE",
        help: "what is known survives a restart there: LOG.relmon-state"),
      .objective,
    ],
    example: "relmon serve --slo 99.5 /var/log/app/attempts"
  ) { arguments in
    // Blocked before any thread begins, so that every signal waits for `sigwait`.
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    for signal in [SIGTERM, SIGINT, SIGHUP] { unsafe sigaddset(&signals, signal) }
    unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)

    let path = try arguments.metricsPath()
    let addresses = try arguments.listenAddresses()
    let monitor = try arguments.monitor()
    let endpoint = Endpoint(metricsPath: path) { monitor.state }
    let server = try Self.listen(on: addresses, endpoint)
    do {
      try monitor.start()
      try server.start()
    } catch let error as MonitorError {
      throw Failure.inputOutput(error)
    } catch let error as ListenError {
      throw Failure.inputOutput(error)
    }
    for address in server.addresses { Output.diagnose("serving http://\(address)\(path)") }

    while Self.next(of: &signals) == SIGHUP { monitor.lookNow() }
    server.stop()
    monitor.stop()
    return .ok
  }

  private static func listen(
    on addresses: [ListenAddress], _ endpoint: Endpoint
  ) throws(Failure) -> HTTPServer {
    do throws(ListenError) {
      let server = try endpoint.server(listeningOn: addresses)
      for address in server.addresses where !address.isLoopback {
        Output.diagnose("\(address) can be reached from other hosts, without authentication")
      }
      return server
    } catch {
      throw .inputOutput(error)
    }
  }

  private static func next(of signals: inout sigset_t) -> Int32 {
    var signal: Int32 = 0
    unsafe sigwait(&signals, &signal)
    return signal
  }
}

extension Arguments {
  fileprivate func monitor() throws -> Monitor {
    var configuration = Monitor.Configuration()
    configuration.objective = try objective()
    configuration.diagnose = { Output.diagnose($0) }
    let paths = LogInput(self).paths
    // A read of a pipe waits for its writer, and so would SIGTERM.
    guard !paths.contains("-") else {
      throw Failure(
        code: .usage,
        message: "standard input cannot be followed: give a file or a directory, not \"-\"")
    }
    configuration.statePath =
      value("--state") ?? paths.first.map { Monitor.Configuration.statePath(besideLog: $0) }
    do throws(MonitorError) {
      return try Monitor(paths: paths, configuration: configuration)
    } catch {
      throw Failure.inputOutput(error)
    }
  }

  fileprivate func metricsPath() throws(UsageError) -> String {
    let path = value("--web.telemetry-path") ?? Endpoint.defaultMetricsPath
    let isPlain = path.utf8.allSatisfy { $0 > UInt8(ascii: " ") && $0 < 0x7F }
    guard path.hasPrefix("/"), path != "/", isPlain, !path.contains("?"), !path.contains("#") else {
      throw .invalidValue("--web.telemetry-path", path, expected: "a path such as /metrics")
    }
    return path
  }

  fileprivate func listenAddresses() throws(UsageError) -> [ListenAddress] {
    let name = "--web.listen-address"
    let texts = isGiven(name) ? all(name) : ["127.0.0.1:19464"]
    return try texts.map { text throws(UsageError) in
      do throws(MalformedListenAddress) {
        return try ListenAddress(text)
      } catch {
        throw .invalidValue(name, text, expected: "host:port: 127.0.0.1:19464, [::1]:19464, :19464")
      }
    }
  }
}

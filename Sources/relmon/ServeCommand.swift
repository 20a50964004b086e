import AttemptLog
import CommandLineOptions
import Glibc
import HTTPServer
import Monitor
import Reliability

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
        help: "what is known survives a restart there: LOG.relmon-state, or "
          + "attempts.relmon-state in a directory"),
      Option(
        name: "--expect", value: "PROVIDER/OPERATION",
        help: "its series are there, as 0, before it is met", isRepeatable: true),
      Option(
        name: "--zero-period", value: "SECONDS",
        help: "so long a series that is new in the log is 0 before it has its value: 60"),
      Option(
        name: "--labels-max", value: "COUNT",
        help: "pairs of provider and operation, the others are _other: 100"),
      Option(
        name: "--error-labels-max", value: "COUNT",
        help: "kinds of error of each pair, the others are _other: 50"),
      .exportedObjective,
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
    configuration.expected = try all("--expect").map { text throws(UsageError) in
      try expectedPair(text)
    }
    if let seconds = try number("--zero-period", as: UInt32.self) {
      configuration.zeroSeconds = seconds
    }
    if let count = try bound("--labels-max") { configuration.labels.scopesMax = count }
    if let count = try bound("--error-labels-max") {
      configuration.labels.errorsPerScopeMax = count
    }
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

  /// At least 1, and not more than a page has room for.
  private func bound(_ name: String) throws(UsageError) -> Int? {
    guard let count = try number(name, as: UInt16.self) else { return nil }
    guard count > 0, count <= 10_000 else {
      throw .invalidValue(name, String(count), expected: "a number from 1 to 10000")
    }
    return Int(count)
  }

  private func expectedPair(
    _ text: String
  ) throws(UsageError) -> (provider: String, operation: String) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty,
      text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0 != "\u{FFFD}" })
    else {
      throw .invalidValue("--expect", text, expected: "PROVIDER/OPERATION: lesan/transcribe")
    }
    return (String(parts[0]), String(parts[1]))
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
        throw .invalidValue(
          name, text, expected: "an IP address and a port: 127.0.0.1:19464, [::1]:19464, :19464")
      }
    }
  }
}

import AttemptLog
import CommandLineOptions
import Monitor
import Reliability
import Report

extension Command {
  static let check = Command(
    name: "check",
    summary: "Says whether something is wrong now: for cron, CI and Nagios.",
    options: [
      Option(
        name: "--within", value: "SPAN",
        help: "the span of judgement: 1h (default), from 1m to 7d"),
      Option(
        name: "--silent-after", value: "SPAN",
        help: "a log without a new line for longer is silent: 1d (default), 30m, or never"),
      .format, .objective,
      Option(
        name: "--webhook", value: "URL",
        help: "tell an Alertmanager what is wrong, and when it is over: http://127.0.0.1:9093"),
      Option(
        name: "--state", value: "FILE",
        help: "what it was told is remembered there: LOG.relmon-alerts, or "
          + "attempts.relmon-alerts in a directory",
        values: .files),
      .now,
    ],
    example: "relmon check --within 1h /var/log/app/attempts",
    refuse: { cause in
      // A plugin is read on standard output alone.
      do throws(Failure) {
        try Output.write(Array(Check.unknown(cause).utf8))
      } catch {
        Output.diagnose(error.message)
      }
      return .checkUnknown
    }
  ) { arguments in
    let now = try arguments.now()
    let rules = try arguments.rules()
    let format = try arguments.format()
    let webhook = try arguments.webhook()
    let input = LogInput(arguments)
    let statePath = try arguments.alertStatePath(besideLog: input.paths.first ?? "-")
    var aggregate = Aggregate(CheckCounts(now: now, rules: rules))
    var notes: [String] = []
    let damagedFiles = try input.followers()
      .readAll(into: &aggregate, .byTime) { notes.append($0) }
    let check = Check(aggregate, rules: rules, isWhole: damagedFiles == 0)
    // Where the damage is; what was lost long ago is told by `verify`, not by every check.
    if check.findings.contains(where: { $0.alert == .logDamaged }) {
      for note in notes { Output.diagnose(note) }
    }
    try Output.write(format == .json ? check.json() : Array(check.text().utf8))
    guard let webhook, check.state != .unknown else { return ExitCode(check.state) }
    let isTold = try check.announce(to: webhook, of: input, statePath: statePath)
    // Nobody would come to know that nobody comes to know.
    return isTold || check.state != .ok ? ExitCode(check.state) : .checkUnknown
  }
}

extension Check {
  /// Tells an Alertmanager.
  ///
  /// - Returns: whether that worked; what did not is on standard error.
  fileprivate func announce(
    to webhook: WebhookURL, of input: LogInput, statePath: String
  ) throws -> Bool {
    do {
      var announcer = try AlertAnnouncer(
        url: webhook, statePath: statePath, diagnose: Output.diagnose)
      try announcer.announce(alerts(of: input), at: now)
      return true
    } catch let error as StateFileError {
      Output.diagnose(error.description)
    } catch let error as AnnouncementError {
      Output.diagnose(error.description)
    }
    return false
  }

  /// The findings with labels like those of the alerts of Prometheus, and whose log it is: without that
  /// one host would resolve the alerts of another.
  private func alerts(of input: LogInput) -> [Alert] {
    let origin = [
      Alert.Label("job", "relmon"),
      Alert.Label("instance", LogWriter.Configuration().host ?? "localhost"),
      Alert.Label("log", input.paths.joined(separator: ",")),
    ]
    return findings.map { finding in
      let named: [(String, String?)] = [
        ("alertname", finding.alert.rawValue), ("severity", finding.severity.rawValue),
        ("provider", finding.subject?.provider), ("operation", finding.subject?.operation),
        ("account", finding.subject?.account), ("quota", finding.subject?.quota),
      ]
      let labels = named.compactMap { name, value in value.map { Alert.Label(name, $0) } }
      return Alert(labels: labels + origin, summary: finding.described(at: now, rules))
    }
  }
}

extension ExitCode {
  fileprivate init(_ state: Check.State) {
    self =
      switch state {
      case .ok: .ok
      case .warning: .checkWarning
      case .critical: .checkCritical
      case .unknown: .checkUnknown
      }
  }
}

extension Arguments {
  fileprivate func rules() throws(UsageError) -> CheckRules {
    let range = CheckRules.withinSecondsRange
    let within = try span("--within", expected: "a span from 1m to 7d: 30m, 1h, 2d") ?? 3600
    guard range.contains(within) else {
      throw .invalidValue(
        "--within", value("--within") ?? "", expected: "a span from 1m to 7d: 30m, 1h, 2d")
    }
    var silentAfter: Int64?
    if value("--silent-after") != "never" {
      silentAfter =
        try span("--silent-after", expected: "a span such as 30m, 1d, or never")
        ?? 86_400
    }
    return CheckRules(
      withinSeconds: within, objective: try objective() ?? Report.Objective.standard,
      silentAfterSeconds: silentAfter)
  }

  /// Where it is kept what an Alertmanager was told.
  fileprivate func alertStatePath(besideLog path: String) throws -> String {
    if let given = value("--state") { return given }
    guard path != "-" || !isGiven("--webhook") else {
      throw Failure(
        code: .usage, message: "nothing stands beside standard input: give \"--state FILE\"")
    }
    return Monitor.Configuration.statePath(besideLog: path, suffix: ".relmon-alerts")
  }

  fileprivate func webhook() throws(UsageError) -> WebhookURL? {
    guard let text = value("--webhook") else {
      if isGiven("--state") { throw .needs("--state", "--webhook") }
      return nil
    }
    // An Alertmanager has its own present.
    if isGiven("--now") { throw .conflict("--now", "--webhook") }
    do throws(WebhookURLError) {
      return try WebhookURL(text)
    } catch {
      throw .unusableValue("--webhook", cause: "\"\(text)\": \(error)")
    }
  }

  /// The seconds of a span such as `30m`.
  private func span(_ option: String, expected: String) throws(UsageError) -> Int64? {
    guard let text = value(option) else { return nil }
    guard let seconds = Self.seconds(ofSpan: text), seconds > 0 else {
      throw .invalidValue(option, text, expected: expected)
    }
    return seconds
  }
}

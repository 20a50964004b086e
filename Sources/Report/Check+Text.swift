public import AttemptLog
public import Reliability

extension Check {
  /// A line for the display of Nagios with its performance data, and one for each finding.
  ///
  /// Monitoring Plugins Development Guidelines: the first line is "SERVICE STATUS: text|data", the
  /// lines behind it are shown with the details, and no text holds a pipe sign.
  public func text() -> String {
    let rest = findings.prefix(Self.listedMax).map { Self.plain($0.line(at: now, rules)) }
    let unlisted = findings.count - rest.count
    return
      (["\(Self.plain("RELMON \(state.word) - \(summary)"))\(performance)"] + rest
      + (unlisted > 0 ? ["and \(unlisted.grouped) more"] : [])).map { $0 + "\n" }.joined()
  }

  /// Findings that are told as text; Nagios reads a few kilobytes of what a plugin prints.
  static let listedMax = 30

  /// That a check could not be made, as its only line.
  public static func unknown(_ cause: String) -> String {
    plain("RELMON \(State.unknown.word) - \(cause)") + "\n"
  }

  /// Text of which nothing is taken for performance data, and that steers no terminal.
  private static func plain(_ text: String) -> String {
    TerminalText.visible(text).split(separator: "|", omittingEmptySubsequences: false)
      .joined(separator: "\\u{7c}")
  }

  /// What the one line says: the worst, or what was looked at.
  var summary: String {
    guard let worst = findings.first else { return calmSummary }
    let others = findings.count - 1
    let more = others == 0 ? "" : "; \(others.grouped) more finding\(others == 1 ? "" : "s")"
    return worst.described(at: now, rules) + more
  }

  private var calmSummary: String {
    guard hasTraffic else { return "the log tells of no attempt and of no operation" }
    guard !lacksOperations else {
      return
        "the log tells of \(attempts.grouped) attempts, but no line of kind \"operation\" says how "
        + "a call ended"
    }
    let operations = headline.successRate
    let counts =
      operations.of == 0
      ? "no operation ended" : "\(operations.counts) operations succeeded"
    let age = lastRecord.map { ", last line \(now.age(of: $0))" } ?? ""
    return "\(counts) in \(rules.withinSeconds.span)\(age)"
  }

  private var performance: String {
    guard hasTraffic else { return "" }
    let retries = headline.retrySuccessRatio
    var data = [
      "operations=\(headline.successRate.of);;;0",
      "failed=\(headline.successRate.of - headline.successRate.hits);;;0",
      "retried=\(retries.of);;;0", "rescued=\(retries.hits);;;0",
    ]
    if let lastRecord {
      let age = max(0, now.microseconds - lastRecord.microseconds) / Timestamp.microsecondsPerSecond
      data.append("age=\(age)s;\(rules.silentAfterSeconds.map { String($0) } ?? "");;0")
    }
    return " | " + data.joined(separator: " ")
  }
}

extension Check.State {
  /// As Nagios writes it.
  public var word: String {
    switch self {
    case .ok: "OK"
    case .warning: "WARNING"
    case .critical: "CRITICAL"
    case .unknown: "UNKNOWN"
    }
  }
}

extension CheckFinding {
  fileprivate func line(at now: Timestamp, _ rules: CheckRules) -> String {
    "\(severity.rawValue.uppercased()) \(alert.rawValue): \(described(at: now, rules))"
  }

  /// What is wrong with whom, in one line; text from the log is as it is there.
  public func described(at now: Timestamp, _ rules: CheckRules) -> String {
    (subject.map { "\($0.text): " } ?? "") + text(at: now, rules)
  }

  /// What is wrong, with its evidence.
  func text(at now: Timestamp, _ rules: CheckRules) -> String {
    let within = rules.withinSeconds.span
    switch evidence {
    case .rescued(let ratio, let short, let error):
      return "retries rescued \(ratio.counts) operations in \(within), "
        + "\(short.counts) in \((rules.withinSeconds / 6).span)\(Self.mostly(error))"
    case .rarelyRescued(let ratio, let seconds, let error):
      return "retries rescued \(ratio.counts) operations in \(seconds.span), "
        + "fewer than half with 95 % confidence\(Self.mostly(error))"
    case .streak(let incident):
      let count = incident.retries == 1 ? "1 retry" : "\(incident.retries.grouped) retries"
      let retries = incident.retries > 0 ? " in spite of \(count)" : ""
      return "\(incident.failedOperations.grouped) operations failed in a row\(retries) "
        + "since \(now.moment(incident.from))\(incident.error.map { ", mostly \($0)" } ?? "")"
    case .noSuccess(let attempts, let since, let last, let error):
      let before = last.map { "the last success was \(now.moment($0))" } ?? "there was never one"
      return
        "no success within \(rules.noSuccessSeconds.span): \(attempts.grouped) attempts failed, and they "
        + "have since \(now.moment(since)); \(before)\(Self.mostly(error))"
    case .burn(let burn, let long, let short):
      return "the error budget burns \(burn.isFast ? "fast" : "slowly"): "
        + "\(long.counts) operations failed in \(burn.longSeconds.span), "
        + "\(short.counts) in \(burn.shortSeconds.span), where more than "
        + "\((burn.limit(objective: rules.objective) * 100).fixed(2)) % are too many for "
        + "\(Ratio.objective(rules.objective))"
    case .amplification(let retries, let initial):
      return "\(retries.grouped) retries of \(initial.grouped) first attempts in \(within)"
    case .exhausted(let row):
      let end =
        row.episode.announcedEnd.map { "until \($0.rfc3339(.sixUnlessZero))" }
        ?? "its end was not announced"
      return "exhausted since \(now.moment(row.episode.start)), "
        + "\(row.episode.refusals), \(end)"
    case .limited(let row, let seconds, let span):
      return "refused for \((seconds * 1000).duration) of the last \(span.span), "
        + "the latest time since \(now.moment(row.episode.start)) with "
        + row.episode.refusals
    case .damage(let rejected, let missing, let dropped, let latest):
      return Self.damage(rejected, missing, dropped, latest.map { now.moment($0) })
    case .silence(let last):
      return "no new line since \(now.moment(last))"
    }
  }

  private static func mostly(_ error: ErrorClass?) -> String {
    error.map { "; mostly \($0.rawValue)" } ?? ""
  }

  private static func damage(
    _ rejected: Int, _ missing: Int64, _ dropped: Int64, _ latest: String?
  ) -> String {
    let parts: [(Int64, String)] = [
      (Int64(rejected), "rejected"), (missing, "missing"), (dropped, "dropped by their writers"),
    ]
    let lost = parts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    let lines = lost.isEmpty ? "lines of the log may be lost" : "lines of the log: \(lost)"
    return lines
      + (latest.map { ", the latest about \($0)" } ?? "; a file cannot be read to its end")
  }
}

extension CheckFinding.Subject {
  /// `lesan/transcribe`, `lesan quota daily of account batch`.
  var text: String {
    if let operation { return "\(provider)/\(operation)" }
    return "\(provider) quota \(quota ?? "")" + (account.map { " of account \($0)" } ?? "")
  }
}

extension QuotaEpisode {
  fileprivate var refusals: String { "\(signals.grouped) refusal\(signals == 1 ? "" : "s")" }
}

// MARK: - Times

extension Timestamp {
  /// `3 min 05 s ago`.
  fileprivate func age(of time: Timestamp) -> String {
    let milliseconds = Double(microseconds - time.microseconds) / 1000
    return milliseconds > 0 ? "\(milliseconds.duration) ago" : "now"
  }

  /// The time and how long ago it is.
  fileprivate func moment(_ time: Timestamp) -> String {
    "\(time.rfc3339(.sixUnlessZero)) (\(age(of: time)))"
  }
}

extension Int64 {
  /// Seconds as somebody would give them: `1 h`, `90 min`, `50 s`.
  fileprivate var span: String {
    if self % 86_400 == 0 && self > 86_400 { return "\(self / 86_400) d" }
    if self % 3600 == 0 { return "\(self / 3600) h" }
    return self % 60 == 0 ? "\(self / 60) min" : "\(self) s"
  }
}

extension Double {
  /// A factor without a needless fraction.
  fileprivate var short: String { fixed(self == rounded() ? 0 : 1) }
}

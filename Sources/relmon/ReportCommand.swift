import AttemptLog
import CommandLineOptions
import Reliability
import Report

extension Command {
  static let report = Command(
    name: "report",
    summary: "Says how reliable the calls of a week were, and whether retries helped.",
    options: [
      Option(name: "--week", value: "WEEK", help: "2026-W47, last (default) or this"),
      Option(
        name: "--since", value: "TIME", help: "begin: a date, an RFC 3339 time, or 7d, 12h, 30m ago"
      ),
      Option(name: "--until", value: "TIME", help: "end, likewise; default: now"),
      Option(
        name: "--timezone", value: "ZONE",
        help: "whose days and weeks: UTC (default), Europe/Berlin"
      ),
      Option(
        name: "--format", value: "FORMAT",
        help: "of standard output: text (default), markdown, html or json",
        values: .words(ReportFormat.allCases.map(\.rawValue))),
      Option(
        name: "--output", value: "FILE", help: "the format by its ending; - is standard output",
        isRepeatable: true, values: .files),
      .objective,
      Option(
        name: "--fail-on", value: "GATE", help: "exit with 1 if it holds: 'success_rate<0.99'",
        isRepeatable: true),
      .strict, .now,
    ],
    example: "relmon report --week 2026-W47 /var/log/app/attempts"
  ) { arguments in
    let now = try arguments.now()
    let zone = try arguments.zone()
    let window = try arguments.window(now: now, zone)
    let places = try ReportPlace.all(of: arguments)
    let gates = try arguments.all("--fail-on").map { text throws(UsageError) in try Gate(text) }
    let logs = LogInput(arguments)
    // Not after an hour of reading.
    for path in places.compactMap(\.path) { try logs.check(output: OutputFile(path: path)) }
    var input = ReportInput(
      window: window, zone: zone,
      objective: try arguments.objective() ?? Report.Objective.standard)
    let damagedFiles = try logs.followers().readAll(into: &input, .byTime)
    let report = input.report(at: now, damagedFiles: damagedFiles)
    if let inexactness = report.inexactness { Output.diagnose(inexactness) }
    try report.write(to: places)
    let isPassed = gates.map { $0.isPassed(by: report) }.allSatisfy(\.self)
    if !isPassed { return .checkFailed }
    if arguments.isGiven("--strict") && report.log.isIncomplete { return .incomplete }
    return report.isEmpty ? .noData : .ok
  }
}

extension Report {
  /// So wide are files, and what goes into a pipe without `$COLUMNS`: the same everywhere.
  private static let columnsOfFiles = 100

  fileprivate func write(to places: [ReportPlace]) throws(Failure) {
    lazy var document = document()
    for place in places {
      let bytes =
        switch place.format {
        case .text:
          document.terminal(
            width: place.terminal?.columns ?? Self.columnsOfFiles,
            isColoured: place.terminal?.isColoured ?? false)
        case .markdown: document.markdown()
        case .html: document.html()
        case .json: json()
        }
      if let path = place.path {
        try OutputFile(path: path).write(bytes)
      } else {
        try Output.write(bytes)
      }
    }
  }
}

extension ReportPlace {
  /// What may be one.
  fileprivate var terminal: Terminal? { path == nil ? .output : nil }
}

extension Arguments {
  /// The zone given with `--timezone`, else UTC.
  fileprivate func zone() throws -> Zone {
    guard let name = value("--timezone"), name != Zone.utc.name else { return .utc }
    do throws(ZoneFileError) {
      return try Zone(named: name)
    } catch .unknown {
      throw UsageError.invalidValue(
        "--timezone", name, expected: "a time zone of this system, such as Europe/Berlin")
    } catch {
      throw UsageError.unusableValue("--timezone", cause: error.description)
    }
  }

  /// The window of `--week`, or of `--since` and `--until`.
  fileprivate func window(now: Timestamp, _ zone: Zone) throws(UsageError) -> Window {
    for bound in ["--since", "--until"] where isGiven(bound) && isGiven("--week") {
      throw .conflict("--week", bound)
    }
    guard let since = value("--since") else {
      if isGiven("--until") { throw .needs("--until", "--since") }
      return try week(now: now, zone)
    }
    let from = try time("--since", since, now: now, zone)
    let to =
      try value("--until").map { text throws(UsageError) in
        try time("--until", text, now: now, zone)
      } ?? now
    guard from < to else {
      throw .invalidValue(
        "--since", since,
        expected: "before the end of the window, \(to.rfc3339(.sixUnlessZero))")
    }
    // Each day is listed, and costs memory whether something happened or not.
    let earliest = to.advanced(
      byMicroseconds: -Int64(Self.daysMax) * Timestamp.microsecondsPerDay)
    guard from >= earliest else {
      throw .invalidValue(
        "--since", since, expected: "at most \(Self.daysMax) days before the end of the window")
    }
    return Window(from: from, to: to)
  }

  /// Of a window: ten years.
  private static let daysMax = 3660

  private func week(now: Timestamp, _ zone: Zone) throws(UsageError) -> Window {
    let text = value("--week") ?? "last"
    switch text {
    case "this", "last":
      let day = zone.day(of: now) - (text == "last" ? 7 : 0)
      guard day >= Timestamp.earliest.daysSince1970 else {
        throw .invalidValue(
          "--now", now.rfc3339(.sixUnlessZero), expected: "a time with a week before it")
      }
      return ISOWeek(containing: day).window(in: zone)
    default:
      guard let week = ISOWeek(text) else {
        throw .invalidValue("--week", text, expected: "a week: 2026-W47, last or this")
      }
      return week.window(in: zone)
    }
  }

  /// A date (its midnight in the zone), an RFC 3339 time, or a span before now such as `7d`.
  private func time(
    _ option: String, _ text: String, now: Timestamp, _ zone: Zone
  ) throws(UsageError) -> Timestamp {
    if let time = Timestamp(rfc3339: text) { return time }
    if let midnight = Timestamp(rfc3339: text + "T00:00:00Z") {
      return zone.midnight(ofDay: midnight.daysSince1970)
    }
    if let seconds = Self.seconds(ofSpan: text) {
      return now.advanced(byMicroseconds: -seconds * Timestamp.microsecondsPerSecond)
    }
    throw .invalidValue(
      option, text, expected: "a date, an RFC 3339 time or a span such as 7d, 12h, 30m")
  }
}

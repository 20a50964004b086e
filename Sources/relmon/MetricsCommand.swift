import AttemptLog
import CommandLineOptions
import Exposition
import Reliability

extension Command {
  static let metrics = Command(
    name: "metrics",
    summary: "Reads to the end and prints once what the endpoint would show.",
    options: [
      Option(
        name: "--format", value: "FORMAT", help: "prometheus (default) or openmetrics",
        values: .words(ExpositionFormat.allCases.map(\.rawValue))),
      Option(
        name: "--output", value: "FILE", help: "written beside and renamed; - is standard output",
        values: .files),
      .exportedObjective, .strict, .now,
    ],
    example: "relmon metrics --output /var/lib/prometheus/node-exporter/relmon.prom attempts.jsonl"
  ) { arguments in
    let now = try arguments.now()
    let objective = try arguments.objective()
    let format = try arguments.expositionFormat()
    var aggregate = Aggregate(LifetimeCounts())
    let logs = LogInput(arguments)
    let output = arguments.value("--output").flatMap { $0 == "-" ? nil : OutputFile(path: $0) }
    try output.map(logs.check)
    let followers = try logs.followers()
    let damagedFiles = try followers.readAll(into: &aggregate, .given)
    aggregate.judge(at: now)
    let page = MetricsPage(
      aggregate: aggregate, now: now, missing: aggregate.log.missing,
      bytesRead: followers.reduce(0) { $0 + $1.bytesRead },
      unreadBytes: followers.reduce(0) { $0 + $1.unreadBytes() }, objective: objective,
      version: relmonVersion)
    let bytes = page.bytes(as: format)
    if let output {
      try output.write(bytes)
    } else {
      try Output.write(bytes)
    }
    let isIncomplete = damagedFiles > 0 || aggregate.log.isIncomplete
    return arguments.isGiven("--strict") && isIncomplete ? .incomplete : .ok
  }
}

extension Arguments {
  fileprivate func expositionFormat() throws(UsageError) -> ExpositionFormat {
    guard let name = value("--format") else { return .prometheus }
    guard let format = ExpositionFormat(rawValue: name) else {
      throw .invalidValue("--format", name, expected: "prometheus or openmetrics")
    }
    return format
  }
}

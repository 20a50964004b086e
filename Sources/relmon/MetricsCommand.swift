import AttemptLog
import CommandLineOptions
import Exposition
import Reliability

extension Command {
  static let metrics = Command(
    name: "metrics",
    summary: "Reads to the end and prints once what the endpoint would show.",
    options: [.objective, .strict, .now],
    example: "relmon metrics attempts.jsonl > /var/lib/node_exporter/relmon.prom"
  ) { arguments in
    let now = try arguments.now()
    let objective = try arguments.objective()
    var aggregate = Aggregate(LifetimeCounts())
    let followers = try LogInput(arguments).followers()
    let isWhole = try followers.readAll(into: &aggregate)
    aggregate.judge(at: now)
    let page = MetricsPage(
      aggregate: aggregate, now: now, missing: aggregate.log.missing,
      bytesRead: followers.reduce(0) { $0 + $1.bytesRead },
      unreadBytes: followers.reduce(0) { $0 + $1.unreadBytes() }, objective: objective,
      version: relmonVersion)
    try Output.write(page.bytes(as: .prometheus))
    let log = aggregate.log
    let isIncomplete = !isWhole || log.damaged > 0 || log.missing > 0 || log.dropped > 0
    return arguments.isGiven("--strict") && isIncomplete ? .incomplete : .ok
  }
}

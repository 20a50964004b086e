import AttemptLog
import Reliability

// What went on for a while: incidents and exhausted quotas.
extension Report {
  /// So many of each are listed on a terminal; the JSON has all.
  static let episodeRowsMax = 15

  var incidentsText: String {
    guard !incidents.isEmpty else { return "" }
    var table = TextTable([
      ("provider", .left), ("operation", .left), ("from", .left), ("to", .left),
      ("lasted", .right), ("failed", .right), ("retries", .right), ("mostly", .left),
    ])
    for incident in incidents.prefix(Self.episodeRowsMax) {
      let lasted = incident.to.map { Double($0.microseconds - incident.from.microseconds) / 1000 }
      table.append([
        incident.provider, incident.operation, incident.from.toTheSecond,
        incident.to?.toTheSecond ?? "open", lasted?.duration ?? "–",
        incident.failedOperations.grouped, Self.grouped(incident.retries), incident.error ?? "–",
      ])
    }
    return "Incidents: \(Incident.failuresMin) or more operations that failed in a row\n"
      + table.rendered() + Self.rest(of: incidents.count)
  }

  var quotaText: String {
    guard !quotaEpisodes.isEmpty else { return "" }
    var table = TextTable([
      ("provider", .left), ("account", .left), ("quota", .left), ("from", .left), ("to", .left),
      ("lasted", .right), ("refused", .right), ("in vain", .right), ("lost", .right),
    ])
    for row in quotaEpisodes.prefix(Self.episodeRowsMax) {
      let episode = row.episode
      // Nobody knows the end of an episode that no accepted attempt closed.
      let end = (episode.isCensored ? "~ " : "") + episode.end.toTheSecond
      table.append([
        row.provider, row.account ?? "–", row.quota, episode.start.toTheSecond, end,
        episode.milliseconds.duration, episode.signals.grouped, row.pointlessAttempts.grouped,
        row.operationsLost.grouped,
      ])
    }
    return "Exhausted quotas (in vain: sent before the announced end; lost: operations)\n"
      + table.rendered() + Self.rest(of: quotaEpisodes.count)
  }

  private static func rest(of count: Int) -> String {
    let rest = count - episodeRowsMax
    return rest > 0 ? "  and \(rest.grouped) more; --format json lists all\n" : ""
  }
}

extension Timestamp {
  /// `2026-11-18T14:03:05Z`; the rest is cut.
  fileprivate var toTheSecond: String {
    let microsecond = microseconds % Self.microsecondsPerSecond
    let rest = microsecond < 0 ? microsecond + Self.microsecondsPerSecond : microsecond
    return advanced(byMicroseconds: -rest).rfc3339(.sixUnlessZero)
  }
}

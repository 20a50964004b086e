import AttemptLog
import Reliability

// What the report finds about errors and quotas.

extension Report {
  /// Keys that worked, then were refused, and did not work again.
  var keysRejected: [Finding] {
    keyRefusals.filter { $0.attempts >= Finding.rejectionsMin }.map { key in
      let times = "until \(key.accepted.toTheSecond), from \(key.refused.toTheSecond) on "
      return Finding(
        .critical, .keyRejected,
        [.name(key.provider)] + (key.account.map { [.text(" account "), .name($0)] } ?? []) + [
          .text(": the key worked \(times)"),
          .strong("\(key.attempts.grouped) attempts"),
          .text(" were refused with it"),
          .text(key.hosts.map { " on \($0.grouped) host\($0 == 1 ? "" : "s")" } ?? ""),
          .text(" and none was accepted: it was revoked or has expired; "),
          .text("put a new one in place."),
        ])
    }
  }

  var newErrors: [Finding] {
    errors.compactMap { error in
      guard error.isNew, let scope = operations.first(where: { $0.has(error) }),
        let seen = error.seen
      else { return nil }
      let change = RatioChange(
        before: Ratio(hits: 0, of: scope.attemptsBefore),
        after: Ratio(hits: error.attempts, of: scope.tally.attemptErrorRate.of))
      guard change.isSignificant else { return nil }
      var text = ReportDocument.Run.pair(error.provider, error.operation)
      text.append(.text(": new is "))
      text += error.words
      text += [
        .text(", in "), .strong(change.after.counts),
        .text(" attempts since \(seen.lowerBound.toTheSecond) and in none of "),
        .text("\(change.before.of.grouped) in the window before: look at what changed then, "),
        .text("here or at the provider."),
      ]
      return Finding(.warning, .newError, text)
    }
  }

  /// Errors of which the client has not said what they are.
  var unclassifiedErrors: Finding? {
    let rows = errors.filter { $0.errorClass == .other && $0.lost > 0 }
    let ended = Ratio(hits: min(rows.reduce(0) { $0 + $1.lost }, slo.failed), of: slo.failed)
    guard let low = ended.leastBeyondChance, low >= Finding.notablePart,
      let most = rows.max(by: { $0.lost < $1.lost })
    else { return nil }
    let name = most.code ?? most.type
    return Finding(
      .warning, .unclassifiedErrors,
      [
        .strong(ended.counts),
        .text(" of the operations that failed ended with an error that counts as \"other\""),
      ] + (name.map { [.text(", most often "), .name($0)] } ?? []) + [
        .text(": whether to retry it nobody can say. Let the client give it a class.")
      ])
  }

  /// A pair that has most of the failures, and more than its part of the operations.
  var lossConcentrated: [Finding] {
    let rates = operations.map(\.customerSuccess)
    let failed = rates.reduce(0) { $0 + $1.of - $1.hits }
    let known = rates.reduce(0) { $0 + $1.of }
    return zip(operations, rates).compactMap { scope, rate in
      let loss = Ratio(hits: rate.of - rate.hits, of: failed)
      let part = Ratio(hits: rate.of, of: known)
      guard let low = loss.leastBeyondChance, let usual = part.value, low > Finding.largestPart,
        low > usual
      else { return nil }
      return Finding(
        .warning, .lossConcentrated,
        ReportDocument.Run.pair(scope.provider, scope.operation) + [
          .text(" has "), .strong(loss.counts),
          .text(" of the operations that failed, but \(part.counts) of all: begin with it."),
        ])
    }
  }

  var openIncidents: [Finding] {
    incidents.filter { $0.to == nil }.sorted { $0.failedOperations > $1.failedOperations }
      .map { incident in
        var text = ReportDocument.Run.pair(incident.provider, incident.operation)
        text += [
          .text(" has not succeeded since \(incident.from.toTheSecond): "),
          .strong("\(incident.failedOperations.grouped) operations"),
          .text(" in a row failed"),
        ]
        if let error = incident.error { text += [.text(", mostly with "), .name(error)] }
        text.append(.text(". See whether it still does, and whether others have it too."))
        return Finding(.critical, .openIncident, text)
      }
  }

  var operationsAbandoned: Finding? {
    let count = totals.operations.byOutcome[.abandoned].count
    guard count > 0 else { return nil }
    return Finding(
      .warning, .operationsAbandoned,
      [
        .strong(count == 1 ? "1 operation" : "\(count.grouped) operations"),
        .text(" began and never ended: a process crashed, hangs or was killed meanwhile, and "),
        .text("what the provider did may be billed. Find out which process stopped."),
      ])
  }
}

extension Report {
  private struct Quota: Hashable {
    let provider: String
    let account: String?
    let quota: String

    var name: [ReportDocument.Run] {
      var runs = [ReportDocument.Run.name(provider)]
      if let account { runs += [.text(" account "), .name(account)] }
      return runs + [.text(", quota "), .name(quota)]
    }
  }

  var quotaFindings: [Finding] {
    var quotas: [Quota] = []
    var byQuota: [Quota: [QuotaEpisodeRow]] = [:]
    // What was lost in a part that lies outside of the window cannot be told apart.
    for row in quotaEpisodes
    where window.contains(row.episode.start) && row.episode.latestSignal < window.to {
      let quota = Quota(provider: row.provider, account: row.account, quota: row.quota)
      if byQuota[quota] == nil { quotas.append(quota) }
      byQuota[quota, default: []].append(row)
    }
    let found = quotas.flatMap { quota -> [(weight: Int, finding: Finding)] in
      let rows = byQuota[quota] ?? []
      let lost = rows.reduce(0) { $0 + $1.operationsLost }
      let pointless = rows.reduce(0) { $0 + $1.pointlessAttempts }
      let signals = rows.reduce(0) { $0 + $1.episode.signals }
      return [
        quotaLosses(of: quota, Ratio(hits: min(lost, slo.failed), of: slo.failed), in: rows)
          .map { (lost, $0) },
        pointlessAttempts(of: quota, Ratio(hits: min(pointless, signals), of: signals))
          .map { (pointless, $0) },
      ].compactMap(\.self)
    }
    return found.enumerated().sorted {
      ($1.element.weight, $0.offset) < ($0.element.weight, $1.offset)
    }.map(\.element.finding)
  }

  private func quotaLosses(of quota: Quota, _ lost: Ratio, in rows: [QuotaEpisodeRow]) -> Finding? {
    guard let low = lost.leastBeyondChance, low >= Finding.notablePart,
      let worst = rows.max(by: { $0.operationsLost < $1.operationsLost })
    else { return nil }
    let span = "from \(worst.episode.start.toTheSecond) to \(worst.episode.end.toTheSecond)"
    return Finding(
      .warning, .quotaLosses,
      quota.name + [
        .text(": "), .strong(lost.counts),
        .text(" of the operations that failed were lost to it, in "),
        .text(
          rows.count == 1
            ? "1 episode \(span)"
            : "\(rows.count.grouped) episodes, \(worst.operationsLost.grouped) in the one \(span)"),
        .text(": spread the load, or have the quota raised."),
      ])
  }

  private func pointlessAttempts(of quota: Quota, _ pointless: Ratio) -> Finding? {
    guard let low = pointless.leastBeyondChance, low >= Finding.notablePart else { return nil }
    return Finding(
      .warning, .pointlessAttempts,
      quota.name + [
        .text(": "), .strong(pointless.counts),
        .text(
          " of the refused attempts were sent before the end that the provider had announced: "),
        .text("wait for it, in all processes that share the account."),
      ])
  }
}

extension ScopeTally {
  fileprivate func has(_ error: ErrorRow) -> Bool {
    provider == error.provider && operation == error.operation
  }
}

extension ReportDocument.Run {
  static func pair(_ provider: String, _ operation: String) -> [Self] {
    [.name(provider), .text(" "), .name(operation)]
  }
}

extension ErrorRow {
  /// The class, and the code or the type.
  var words: [ReportDocument.Run] {
    var runs = [ReportDocument.Run.text(errorClass.rawValue)]
    if let name = code ?? type { runs += [.text(" "), .name(name)] }
    return runs
  }
}

extension Ratio {
  /// The lower end of the interval, of enough to name a part at all.
  fileprivate var leastBeyondChance: Double? {
    of >= Self.fewestForPercentage ? interval?.low : nil
  }
}

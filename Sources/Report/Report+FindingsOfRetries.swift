import AttemptLog
import Reliability

// What the report finds about retries, and about the window as a whole.

extension Report {
  /// Retries from a number on that hardly ever help; the lowest number of each pair.
  var futileAttempts: [Finding] {
    operations.compactMap { scope -> (slept: Double, finding: Finding)? in
      let byNumber = scope.tally.retriesByAttempt.sorted { $0.key < $1.key }
      for (index, first) in byNumber.enumerated() {
        let rest = byNumber[index...].map(\.value)
        let ratio = rest.reduce(Ratio(hits: 0, of: 0)) { sum, retries in
          Ratio(hits: sum.hits + retries.ratio.hits, of: sum.of + retries.ratio.of)
        }
        guard let interval = ratio.interval, interval.high <= Finding.futileRatio else { continue }
        let slept = rest.reduce(0) { $0 + $1.slept.value }
        let enough =
          first.key == 2 ? "do not retry" : "\((first.key - 1).grouped) attempts would do"
        return (
          slept,
          Finding(
            .warning, .futileAttempts,
            ReportDocument.Run.pair(scope.provider, scope.operation) + [
              .text(": attempt \(first.key.grouped) and later ones helped in "),
              .strong(ratio.counts), .text(" cases, and \(slept.duration) were waited for them: "),
              .text("\(enough), unless what fails here changes."),
            ])
        )
      }
      return nil
    }.sorted { $0.slept > $1.slept }.map(\.finding)
  }

  /// Reasons for which retrying hardly ever helps.
  var uselessReasons: [Finding] {
    retries.filter { $0.retries.ratio.interval.map { $0.high <= Finding.futileRatio } ?? false }
      .sorted { $0.retries.slept.value > $1.retries.slept.value }
      .map { scope, reason, retries in
        Finding(
          .warning, .uselessReason,
          ReportDocument.Run.pair(scope.provider, scope.operation) + [
            .text(": of the retries after \(reason.rawValue) "), .strong(retries.ratio.counts),
            .text(" helped, and \(retries.slept.value.duration) were waited for them: "),
            .text("do not retry after it, or only once what caused it can be over."),
          ])
      }
  }

  var retriesRescue: Finding? {
    let rescued = totals.retrySuccessRatio
    guard let interval = rescued.interval, interval.low >= Finding.rescuingRatio else { return nil }
    return Finding(
      .info, .retriesRescue,
      [
        .text("Retries rescued "), .strong(rescued.counts),
        .text(" of the operations that needed one: keep them as they are."),
      ])
  }

  var retryStorms: [Finding] {
    days.compactMap { day -> (amplification: Double, finding: Finding)? in
      let operations = day.tally.operations.withAttempts
      guard let amplification = day.tally.amplification,
        amplification >= Finding.stormAmplification, operations >= Finding.stormOperationsMin
      else { return nil }
      return (
        amplification,
        Finding(
          .critical, .retryStorm,
          [
            .text("On \(day.date) "), .strong("\(amplification.fixed(2)) attempts"),
            .text(" were sent for each of \(operations.grouped) operations: "),
            .text(
              "half of the load or more were retries. Bound them for all callers together by a "),
            .text("retry budget, and wait longer while a provider fails."),
          ])
      )
    }.sorted { $0.amplification > $1.amplification }.map(\.finding)
  }
}

extension Report {
  var logIncomplete: Finding? {
    guard log.isIncomplete else { return nil }
    return Finding(
      .warning, .logIncomplete,
      [
        .text("The log is not whole, nor may the figures be: "),
        .strong(log.damage.joined(separator: ", ")),
        .text(". relmon verify tells where and why."),
      ])
  }

  var successRateChanged: Finding? {
    guard let previous else { return nil }
    let change = RatioChange(before: previous.successRate, after: totals.successRate)
    guard change.isSignificant, let before = change.before.value, let after = change.after.value
    else { return nil }
    let isWorse = after < before
    return Finding(
      isWorse ? .warning : .info, .successRateChanged,
      [
        .text("Operations succeeded in "), .strong(change.after.counts),
        .text(" cases, in the window before in \(change.before.counts), which is "),
        .text(isWorse ? "worse" : "better"),
        .text(
          " by more than chance: "
            + (isWorse
              ? "see which errors are new or more." : "whatever was changed, keep it.")),
      ])
  }

  var tooLittleData: Finding? {
    let known = totals.successRate.of
    guard known > 0, slo.objective < 1, slo.budget < 1 else { return nil }
    return Finding(
      .info, .tooLittleData,
      [
        .text(known == 1 ? "Of 1 operation" : "Of \(known.grouped) operations"),
        .text(" the objective of \(Ratio.objective(slo.objective)) lets "),
        .text("\(slo.budget.fixedDown(2)) fail, so that a "),
        .text("single failure breaks it: judge a longer window by it, or use a lower one."),
      ])
  }
}

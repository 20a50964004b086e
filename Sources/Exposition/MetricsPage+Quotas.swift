import AttemptLog
import Reliability

extension MetricsPage {
  /// A series for every provider that was met and every quota of the closed set, but what only
  /// providers can tell where they did.
  func writeQuotas(to page: inout PageWriter) {
    let watch = aggregate.counts.quotas
    let providers = aggregate.counts.providers.enumerated()
      .sorted { [$0.element].precedes([$1.element]) }
    func write(_ family: MetricFamily, _ value: (Int, QuotaName) -> SampleValue?) {
      let isCounter = family.kind == .counter
      page.begin(family)
      for (number, provider) in providers {
        let isHeld = isCounter && isHeld(aggregate.counts.birth(ofProvider: number))
        let created = isCounter ? aggregate.counts.created(provider: number)?.seconds : nil
        for quota in QuotaName.allCases {
          guard let value = isHeld ? .integer(0) : value(number, quota) else { continue }
          page.sample(
            LabelSet(["provider", "quota"], [provider, quota.rawValue]), value, created: created)
        }
      }
    }
    write(.quotaExhausted) { .integer(watch.state($0, $1).isExhausted ? 1 : 0) }
    write(.quotaEpisodes) { .integer(watch.state($0, $1).episodes) }
    write(.quotaExhaustedSeconds) { .number(watch.state($0, $1).seconds) }
    write(.quotaReset) { watch.state($0, $1).reset.map { .number($0.seconds) } }
    write(.quotaRemaining) { watch.reading($0, $1)?.remaining.map { .number($0) } }
    write(.quotaLimit) { watch.reading($0, $1)?.limit.map { .number($0) } }
  }
}

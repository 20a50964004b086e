public import AttemptLog

/// An hour as the clocks of a place show it.
public struct LocalHour: Sendable {
  public let date: CivilDate
  /// From 0 to 23; where the clocks go back, one comes twice.
  public let hour: Int
  /// The part of it that is meant.
  public let window: Window
}

extension Window {
  /// Its hours in order, as the clocks have them; the first and the last clipped.
  public func localHours(in zone: Zone = .utc) -> [LocalHour] {
    var hours: [LocalHour] = []
    var start = from
    while start < to {
      let (day, hour) = zone.hour(of: start)
      let end = min(zone.endOfHour(from: start), to)
      hours.append(
        LocalHour(
          date: CivilDate(daysSince1970: day), hour: hour, window: Window(from: start, to: end)))
      start = end
    }
    return hours
  }
}

/// How operations ended, by the hour in which they did.
struct HourCounts: Sendable {
  /// In order, each from where the one before it ends.
  private let hours: [LocalHour]
  private(set) var ratios: [Ratio]
  /// The hour that a time was found in last.
  private var newest = 0

  init(_ hours: [LocalHour]) {
    self.hours = hours
    ratios = hours.map { _ in Ratio(hits: 0, of: 0) }
  }

  /// Counts an operation of O′.
  mutating func count(at time: Timestamp, hasSucceeded: Bool) {
    guard !hours.isEmpty else { return }
    if !hours[newest].window.contains(time) {
      let index = hours.partitioningIndex { time < $0.window.to }
      guard index < hours.count, hours[index].window.contains(time) else { return }
      newest = index
    }
    let ratio = ratios[newest]
    ratios[newest] = Ratio(hits: ratio.hits + (hasSucceeded ? 1 : 0), of: ratio.of + 1)
  }
}

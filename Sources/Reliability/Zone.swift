public import AttemptLog

/// The days of a place: a time zone of the IANA database.
public struct Zone: Hashable, Sendable {
  /// `Europe/Berlin`.
  public let name: String
  /// When the offset changes, in order.
  private let changes: [Change]
  /// Seconds east of UTC before the first change.
  private let firstOffset: Int64
  /// Holds after the last change; nil if its offset stays.
  private let rule: ZoneRule?

  /// From a moment on, in seconds since 1970, the offset is so many seconds east of UTC.
  struct Change: Hashable, Sendable {
    let second: Int64
    let offset: Int64
  }

  public static let utc = Zone(name: "UTC", changes: [], firstOffset: 0, rule: nil)

  init(name: String, changes: [Change], firstOffset: Int64, rule: ZoneRule?) {
    self.name = name
    self.changes = changes
    self.firstOffset = firstOffset
    self.rule = rule
  }

  /// The local day, counted from 1970-01-01.
  public func day(of time: Timestamp) -> Int {
    let second = time.microseconds.floored(to: Timestamp.microsecondsPerSecond)
    return Int((second + offset(at: second)).floored(to: Self.secondsPerDay))
  }

  /// When a local day, counted from 1970-01-01, begins; held within what RFC 3339 can write.
  ///
  /// A midnight that the clocks skip is the moment at which they do; of one that comes twice the
  /// first counts.
  public func midnight(ofDay day: Int) -> Timestamp {
    let local = Int64(day) * Self.secondsPerDay
    let earlier = offset(at: local - Self.secondsPerDay)
    let later = offset(at: local - earlier)
    let isSkipped = later != earlier && offset(at: local - later) != later
    let second = local - (later == earlier || isSkipped ? earlier : later)
    return Timestamp(microseconds: 0).advanced(
      byMicroseconds: second * Timestamp.microsecondsPerSecond)
  }

  /// The local day, counted from 1970-01-01, and the hour of it, from 0 to 23.
  func hour(of time: Timestamp) -> (day: Int, hour: Int) {
    let second = time.microseconds.floored(to: Timestamp.microsecondsPerSecond)
    let hour = (second + offset(at: second)).floored(to: Self.secondsPerHour)
    let day = hour.floored(to: 24)
    return (Int(day), Int(hour - 24 * day))
  }

  /// When the clocks show the next full hour, or are changed before that.
  func endOfHour(from time: Timestamp) -> Timestamp {
    let second = time.microseconds.floored(to: Timestamp.microsecondsPerSecond)
    let offset = offset(at: second)
    let hour = (second + offset).floored(to: Self.secondsPerHour)
    var (low, high) = (second, (hour + 1) * Self.secondsPerHour - offset)
    if self.offset(at: high - 1) != offset {
      while high - low > 1 {
        let middle = (low + high) / 2
        if self.offset(at: middle) == offset { low = middle } else { high = middle }
      }
    }
    return Timestamp(microseconds: 0).advanced(
      byMicroseconds: high * Timestamp.microsecondsPerSecond)
  }

  func isMidnight(_ time: Timestamp) -> Bool {
    midnight(ofDay: day(of: time)) == time
  }

  /// Seconds east of UTC.
  private func offset(at second: Int64) -> Int64 {
    if let rule, changes.last.map({ $0.second <= second }) ?? true {
      return rule.offset(at: second)
    }
    let next = changes.partitioningIndex { $0.second > second }
    return next == 0 ? firstOffset : changes[next - 1].offset
  }

  static let secondsPerDay: Int64 = 86_400
  private static let secondsPerHour: Int64 = 3600
}

extension Int64 {
  /// The quotient, rounded down.
  func floored(to divisor: Int64) -> Int64 {
    let quotient = self / divisor
    return self % divisor < 0 ? quotient - 1 : quotient
  }
}

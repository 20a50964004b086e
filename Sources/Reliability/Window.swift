public import AttemptLog

/// A span of time `[from, to)`.
public struct Window: Hashable, Sendable {
  public let from: Timestamp
  public let to: Timestamp

  /// `from` is before `to`.
  public init(from: Timestamp, to: Timestamp) {
    precondition(from < to, "a window begins before it ends, got \(from)...\(to)")
    self.from = from
    self.to = to
  }

  public func contains(_ time: Timestamp) -> Bool {
    from <= time && time < to
  }

  /// Whether something that began and ended then, or has not ended, has a part in this window.
  public func overlaps(_ start: Timestamp, _ end: Timestamp?) -> Bool {
    start < to && (end.map { $0 > from } ?? true || start >= from)
  }

  /// The window right before this one: as many local days if this one is made of whole ones, else as
  /// long; nil where the calendar begins.
  public func previous(in zone: Zone = .utc) -> Window? {
    let start: Timestamp
    if isWholeDays(in: zone) {
      let first = zone.day(of: from)
      start = zone.midnight(ofDay: first - (zone.day(of: to) - first))
    } else {
      start = from.advanced(byMicroseconds: from.microseconds - to.microseconds)
    }
    return start < from ? Window(from: start, to: from) : nil
  }

  /// Its local days in order, the first and the last clipped.
  public func days(in zone: Zone = .utc) -> [(date: CivilDate, window: Window)] {
    var days: [(CivilDate, Window)] = []
    var start = from
    var day = zone.day(of: from)
    while start < to {
      let end = min(zone.midnight(ofDay: day + 1), to)
      // A day that the calendar of the place skipped has no time, and its date is not there.
      if start < end {
        days.append((CivilDate(daysSince1970: day), Window(from: start, to: end)))
        start = end
      }
      day += 1
    }
    return days
  }

  /// The ISO week if it is one, the date if it is one local day, else `from/to`.
  public func label(in zone: Zone = .utc) -> String {
    let first = zone.day(of: from)
    let count = isWholeDays(in: zone) ? zone.day(of: to) - first : 0
    if count == 7, let week = ISOWeek(monday: first) { return week.description }
    if count == 1 { return CivilDate(daysSince1970: first).description }
    return "\(from.rfc3339(.sixUnlessZero))/\(to.rfc3339(.sixUnlessZero))"
  }

  /// Its local days if it is made of whole ones.
  public func wholeDays(in zone: Zone = .utc) -> [CivilDate]? {
    isWholeDays(in: zone) ? days(in: zone).map(\.date) : nil
  }

  /// How long it lasts, whatever the clocks show meanwhile.
  public var lengthInHours: Double {
    Double(to.microseconds - from.microseconds) / Double(3600 * Timestamp.microsecondsPerSecond)
  }

  private func isWholeDays(in zone: Zone) -> Bool {
    zone.isMidnight(from) && zone.isMidnight(to)
  }
}

/// A week of ISO 8601: it begins on Monday and belongs to the year of its Thursday.
public struct ISOWeek: Hashable, Sendable, CustomStringConvertible {
  public let year: Int
  /// From 1 to 53.
  public let number: Int

  /// Nil unless the day, counted from 1970-01-01, is a Monday.
  init?(monday day: Int) {
    guard Self.weekday(day) == 0 else { return nil }
    self.init(containing: day)
  }

  /// The week of a day, counted from 1970-01-01.
  public init(containing day: Int) {
    let thursday = day - Self.weekday(day) + 3
    year = CivilDate(daysSince1970: thursday).year
    number = (thursday - Self.firstDay(ofYear: year)) / 7 + 1
  }

  /// Reads `2026-W47`; nil unless the year has the week and it ends within what RFC 3339 can write.
  public init?(_ text: String) {
    var parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[1].popFirst() == "W", parts[0].count == 4, parts[1].count == 2,
      parts.joined().utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      let year = Int(parts[0]), let number = Int(parts[1]), year >= 1, number >= 1
    else { return nil }
    self.init(containing: Self.firstMonday(ofYear: year) + 7 * (number - 1))
    guard self.year == year, self.number == number, window().to < .latest else { return nil }
  }

  /// From the midnight of a Monday to that of the next, as the clocks of the place have it.
  public func window(in zone: Zone = .utc) -> Window {
    let monday = Self.firstMonday(ofYear: year) + 7 * (number - 1)
    return Window(from: zone.midnight(ofDay: monday), to: zone.midnight(ofDay: monday + 7))
  }

  public var description: String {
    "\(year.padded(to: 4))-W\(number.padded(to: 2))"
  }

  /// From 0 for Monday to 6; 1970-01-01 was a Thursday.
  private static func weekday(_ day: Int) -> Int {
    let remainder = (day + 3) % 7
    return remainder < 0 ? remainder + 7 : remainder
  }

  private static func firstDay(ofYear year: Int) -> Int {
    CivilDate(year: year, month: 1, day: 1)?.daysSince1970 ?? 0
  }

  /// The Monday of the week with 4 January.
  private static func firstMonday(ofYear year: Int) -> Int {
    let fourth = firstDay(ofYear: year) + 3
    return fourth - weekday(fourth)
  }
}

extension Timestamp {
  /// The day, counted from 1970-01-01 in UTC.
  public var daysSince1970: Int {
    let day = microseconds / Self.microsecondsPerDay
    return Int(microseconds % Self.microsecondsPerDay < 0 ? day - 1 : day)
  }

  /// Midnight in UTC of a day counted from 1970-01-01.
  public init(daysSince1970 day: Int) {
    self.init(microseconds: Int64(day) * Self.microsecondsPerDay)
  }
}

extension Int {
  fileprivate func padded(to width: Int) -> String {
    let digits = String(self)
    return String(repeating: "0", count: Swift.max(0, width - digits.count)) + digits
  }
}

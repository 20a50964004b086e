import AttemptLog

/// When a zone changes its offset year after year: a POSIX TZ string, as it ends a TZif file
/// (RFC 9636 §3.3.1), such as `CET-1CEST,M3.5.0,M10.5.0/3`.
struct ZoneRule: Hashable, Sendable {
  /// Seconds east of UTC.
  let standard: Int64
  let daylight: Daylight?

  struct Daylight: Hashable, Sendable {
    let offset: Int64
    let begins: YearlyChange
    let ends: YearlyChange
  }

  /// A day of each year, and the seconds from its midnight.
  struct YearlyChange: Hashable, Sendable {
    let day: Day
    let seconds: Int64
  }

  enum Day: Hashable, Sendable {
    /// From 1 to 365; 29 February is never counted.
    case withoutLeapDay(Int)
    /// From 0 to 365.
    case fromZero(Int)
    /// Week 5 is the last one of the month; weekday 0 is Sunday.
    case weekday(month: Int, week: Int, weekday: Int)
  }

  func offset(at second: Int64) -> Int64 {
    guard let daylight else { return standard }
    let day = Int((second + standard).floored(to: Zone.secondsPerDay))
    let year = CivilDate(daysSince1970: day).year
    let changes = (year - 1...year + 1).flatMap { year in
      [
        // Each at the time of the clocks before it.
        (daylight.begins.second(inYear: year) - standard, daylight.offset),
        (daylight.ends.second(inYear: year) - daylight.offset, standard),
      ]
    }
    return changes.filter { $0.0 <= second }.max { $0.0 < $1.0 }?.1 ?? standard
  }
}

extension ZoneRule.YearlyChange {
  /// In local time, from 1970 on.
  fileprivate func second(inYear year: Int) -> Int64 {
    Int64(day.daysSince1970(inYear: year)) * Zone.secondsPerDay + seconds
  }
}

extension ZoneRule.Day {
  fileprivate func daysSince1970(inYear year: Int) -> Int {
    switch self {
    case .withoutLeapDay(let day):
      let isAfterFebruary = day > 59 && CivilDate(year: year, month: 2, day: 29) != nil
      return Self.first(ofMonth: 1, year) + day - 1 + (isAfterFebruary ? 1 : 0)
    case .fromZero(let day): return Self.first(ofMonth: 1, year) + day
    case .weekday(let month, let week, let weekday):
      let first = Self.first(ofMonth: month, year)
      let next =
        month == 12 ? Self.first(ofMonth: 1, year + 1) : Self.first(ofMonth: month + 1, year)
      // 1970-01-01 was a Thursday.
      let weekdayOfFirst = Int(Int64(first + 4) - Int64(first + 4).floored(to: 7) * 7)
      var day = first + (weekday - weekdayOfFirst + 7) % 7 + 7 * (week - 1)
      if day >= next { day -= 7 }
      return day
    }
  }

  private static func first(ofMonth month: Int, _ year: Int) -> Int {
    CivilDate(year: year, month: month, day: 1)?.daysSince1970 ?? 0
  }
}

// MARK: - Reading

extension ZoneRule {
  /// Nil unless the text is a POSIX TZ string with the rules of its daylight time, if it has any.
  init?(_ text: ArraySlice<UInt8>) {
    var rest = ZoneRuleText(text)
    guard rest.takeName(), let standard = rest.takeOffset() else { return nil }
    self.standard = -standard
    guard !rest.isEmpty else {
      daylight = nil
      return
    }
    guard rest.takeName() else { return nil }
    var offset = self.standard + 3600
    if !rest.begins(with: UInt8(ascii: ",")) {
      guard let given = rest.takeOffset() else { return nil }
      offset = -given
    }
    guard let begins = rest.takeChange(), let ends = rest.takeChange(), rest.isEmpty else {
      return nil
    }
    daylight = Daylight(offset: offset, begins: begins, ends: ends)
  }
}

/// What is left of a POSIX TZ string.
private struct ZoneRuleText {
  private var rest: ArraySlice<UInt8>
  /// RFC 9636 lets a change be up to a week from its day.
  private static let hoursMax = 167

  init(_ text: ArraySlice<UInt8>) {
    rest = text
  }

  var isEmpty: Bool { rest.isEmpty }

  func begins(with byte: UInt8) -> Bool { rest.first == byte }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard rest.first == byte else { return false }
    rest = rest.dropFirst()
    return true
  }

  /// Three letters or more, or anything in angle brackets.
  mutating func takeName() -> Bool {
    if take(UInt8(ascii: "<")) {
      guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { return false }
      rest = rest[(end + 1)...]
      return true
    }
    let name = rest.prefix { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20) }
    rest = rest.dropFirst(name.count)
    return name.count >= 3
  }

  /// `[+|-]hh[:mm[:ss]]` in seconds.
  mutating func takeOffset() -> Int64? {
    let isNegative = take(UInt8(ascii: "-"))
    if !isNegative { _ = take(UInt8(ascii: "+")) }
    guard let hours = takeNumber(upTo: Self.hoursMax) else { return nil }
    var seconds = Int64(hours) * 3600
    for unit in [Int64(60), 1] where take(UInt8(ascii: ":")) {
      guard let number = takeNumber(upTo: 59) else { return nil }
      seconds += Int64(number) * unit
    }
    return isNegative ? -seconds : seconds
  }

  /// A comma, the day, and its time behind a slash unless that is 2 o'clock.
  mutating func takeChange() -> ZoneRule.YearlyChange? {
    guard take(UInt8(ascii: ",")), let day = takeDay() else { return nil }
    guard take(UInt8(ascii: "/")) else { return ZoneRule.YearlyChange(day: day, seconds: 7200) }
    return takeOffset().map { ZoneRule.YearlyChange(day: day, seconds: $0) }
  }

  private mutating func takeDay() -> ZoneRule.Day? {
    if take(UInt8(ascii: "J")) {
      return takeNumber(upTo: 365).flatMap { $0 < 1 ? nil : .withoutLeapDay($0) }
    }
    guard take(UInt8(ascii: "M")) else { return takeNumber(upTo: 365).map { .fromZero($0) } }
    guard let month = takeNumber(upTo: 12), month >= 1, take(UInt8(ascii: ".")),
      let week = takeNumber(upTo: 5), week >= 1, take(UInt8(ascii: ".")),
      let weekday = takeNumber(upTo: 6)
    else { return nil }
    return .weekday(month: month, week: week, weekday: weekday)
  }

  private mutating func takeNumber(upTo most: Int) -> Int? {
    let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    guard let number = Int(String(decoding: digits.prefix(4), as: UTF8.self)), digits.count < 4,
      number <= most
    else { return nil }
    rest = rest.dropFirst(digits.count)
    return number
  }
}

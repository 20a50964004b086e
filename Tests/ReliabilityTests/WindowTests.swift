import AttemptLog
import Reliability
import Testing

struct WindowTests {
  private func time(_ text: String) throws -> Timestamp {
    try #require(Timestamp(rfc3339: text.contains("T") ? text : text + "T00:00:00Z"))
  }

  private func window(_ from: String, _ to: String) throws -> Window {
    Window(from: try time(from), to: try time(to))
  }

  @Test(arguments: [
    ("2026-11-16", "2026-11-23", "2026-W47"),
    ("2026-11-18", "2026-11-19", "2026-11-18"),
    ("2026-11-17", "2026-11-24", "2026-11-17T00:00:00Z/2026-11-24T00:00:00Z"),
    ("2026-11-16", "2026-11-30", "2026-11-16T00:00:00Z/2026-11-30T00:00:00Z"),
    (
      "2026-11-18T00:30:00Z", "2026-11-19T00:30:00.000001Z",
      "2026-11-18T00:30:00Z/2026-11-19T00:30:00.000001Z"
    ),
    (
      "2026-11-16T00:00:00.000001Z", "2026-11-23T00:00:00.000001Z",
      "2026-11-16T00:00:00.000001Z/2026-11-23T00:00:00.000001Z"
    ),
    ("1969-12-29", "1970-01-05", "1970-W01"),
    ("1969-12-31", "1970-01-01", "1969-12-31"),
  ])
  func `a window is labelled by what it is`(from: String, to: String, label: String) throws {
    #expect(try window(from, to).label() == label)
  }

  @Test func `it has its beginning and not its end`() throws {
    let day = try window("2026-11-18", "2026-11-19")
    #expect(day.contains(day.from))
    #expect(!day.contains(day.to))
    #expect(day.contains(day.to.advanced(byMicroseconds: -1)))
    #expect(!day.contains(day.from.advanced(byMicroseconds: -1)))
  }

  @Test(arguments: [
    ("2026-11-17", "2026-11-18", false), ("2026-11-17", "2026-11-18T00:00:00.000001Z", true),
    ("2026-11-18", "2026-11-18", true), ("2026-11-18T23:59:59Z", "2026-11-20", true),
    ("2026-11-19", "2026-11-20", false), ("2026-11-17", nil, true), ("2026-11-19", nil, false),
    ("2026-11-17", "2026-11-20", true),
  ])
  func `what overlaps it has a part in it`(start: String, end: String?, overlaps: Bool) throws {
    let day = try window("2026-11-18", "2026-11-19")
    #expect(try day.overlaps(time(start), end.map(time)) == overlaps)
  }

  @Test func `days are clipped and touch each other`() throws {
    let odd = try window("2026-11-18T00:30:00Z", "2026-11-20T12:00:00Z")
    #expect(odd.days().map(\.date.description) == ["2026-11-18", "2026-11-19", "2026-11-20"])
    #expect(odd.days().first?.window.from == odd.from)
    #expect(odd.days().last?.window.to == odd.to)
    #expect(zip(odd.days(), odd.days().dropFirst()).allSatisfy { $0.window.to == $1.window.from })
    let beforeEpoch = try window("1969-12-31T12:00:00Z", "1970-01-01T00:00:00.000001Z")
    #expect(beforeEpoch.days().map(\.date.description) == ["1969-12-31", "1970-01-01"])
  }

  @Test func `the previous window is as long and ends where this one begins`() throws {
    let week = try window("2026-11-16", "2026-11-23")
    #expect(try week.previous() == window("2026-11-09", "2026-11-16"))
    let odd = try window("2026-11-18T00:30:00Z", "2026-11-18T00:40:00Z")
    #expect(try odd.previous() == window("2026-11-18T00:20:00Z", "2026-11-18T00:30:00Z"))
  }

  @Test func `the calendar has edges`() throws {
    let first = try window("0001-01-01", "0001-01-08")
    #expect(first.from == .earliest)
    #expect(first.previous() == nil)
    #expect(first.days().count == 7)
    #expect(first.label() == "0001-W01")
    // Only two days are left for the days before.
    #expect(
      try window("0001-01-03", "0001-01-08").previous() == window("0001-01-01", "0001-01-03"))
    let last = Window(from: try time("9999-12-31"), to: .latest)
    #expect(last.days().map(\.date.description) == ["9999-12-31"])
    #expect(last.days().first?.window == last)
  }

  @Test func `a window that does not end after it begins is a bug`() async {
    await #expect(processExitsWith: .failure) {
      _ = Window(from: .earliest, to: .earliest)
    }
  }
}

struct ISOWeekTests {
  @Test(arguments: [
    ("2020-W53", "2020-12-28T00:00:00Z"),  // from Monday to Sunday 3 January
    ("2021-W01", "2021-01-04T00:00:00Z"),
    ("2026-W01", "2025-12-29T00:00:00Z"),  // the week of 1 January, a Thursday
    ("2026-W53", "2026-12-28T00:00:00Z"),
    ("2024-W52", "2024-12-23T00:00:00Z"),
    ("2025-W01", "2024-12-30T00:00:00Z"),
    ("1970-W01", "1969-12-29T00:00:00Z"),
    ("0001-W01", "0001-01-01T00:00:00Z"),
    ("9999-W51", "9999-12-20T00:00:00Z"),
  ])
  func `a week is read and written`(text: String, monday: String) throws {
    let week = try #require(ISOWeek(text))
    #expect(week.description == text)
    #expect(week.window().from.rfc3339(.sixUnlessZero) == monday)
    #expect(week.window().days().count == 7)
    #expect(week.window().label() == text)
    for day in 0..<7 {
      #expect(ISOWeek(containing: week.window().from.daysSince1970 + day) == week)
    }
  }

  @Test(arguments: [
    "", "2026", "2026-W", "2026-W7", "2026-W007", "2026-W00", "2026-W54", "2025-W53", "2021-W53",
    "0000-W01", "26-W07", "2026W47", "2026-w47", "2026-47", " 2026-W47", "2026-W47 ", "2026-W+7",
    "-026-W47", "2026-W4７", "2026-W47-1", "2026-W47\u{301}", "2026--W47",
    "9999-W52",  // ends in the year 10000
  ])
  func `what is no week is refused`(text: String) {
    #expect(ISOWeek(text) == nil)
  }

  @Test func `every day belongs to one week, the next Monday to the next`() {
    // 1999 to 2028 and a while before 1970
    for day in Array(10_600...21_600) + Array(-1000...0) {
      let week = ISOWeek(containing: day)
      #expect(week.window().contains(Timestamp(daysSince1970: day)))
      #expect(ISOWeek(week.description) == week)
    }
  }
}

import AttemptLog
import Reliability
import Testing

struct LocalHourTests {
  @Test(arguments: [
    ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-W13", 167, 6, 2, 0),
    ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-W43", 169, 6, 2, 2),
    ("EST5EDT,M3.2.0,M11.1.0", "2026-W44", 169, 6, 1, 2),
    ("UTC0", "2026-W53", 168, 6, 2, 1),
    // Half an hour, so that the clocks show a part of an hour again.
    ("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-W14", 169, 6, 1, 2),
  ])
  func `an hour is there as often as the clocks show it`(
    rule: String, week: String, count: Int, day: Int, hour: Int, times: Int
  ) throws {
    let zone = try Zone.ruled(by: rule)
    let window = try #require(ISOWeek(week)).window(in: zone)
    let hours = window.localHours(in: zone)
    #expect(hours.count == count)
    #expect(hours.first?.window.from == window.from)
    #expect(hours.last?.window.to == window.to)
    #expect(zip(hours, hours.dropFirst()).allSatisfy { $0.window.to == $1.window.from })
    let changed = window.days(in: zone)[day].date
    #expect(hours.count { $0.date == changed && $0.hour == hour } == times)
    #expect(hours.count { $0.date != changed } == 6 * 24)
  }

  @Test func `the first and the last hour are clipped`() throws {
    let from = try #require(Timestamp(rfc3339: "2026-11-18T10:30:00Z"))
    let to = try #require(Timestamp(rfc3339: "2026-11-18T12:00:00.000001Z"))
    let hours = Window(from: from, to: to).localHours()
    #expect(hours.map(\.hour) == [10, 11, 12])
    #expect(hours.first?.window.from == from)
    #expect(hours.last?.window.to == to)
  }
}

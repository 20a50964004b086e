import AttemptLog
import Foundation
import Reliability
import Testing

/// A TZif file, as RFC 9636 has it.
private struct ZoneFile {
  /// Seconds since 1970, and the place of the offset that holds from then on.
  var changes: [(second: Int64, type: UInt8)] = []
  var offsets: [Int32] = [0]
  var footer = ""
  var version = "2"
  var leapCount: Int32 = 0

  var bytes: [UInt8] {
    version == "\0" ? block(narrow: true) : emptyBlock + block(narrow: false) + "\n\(footer)\n".utf8
  }

  private var emptyBlock: [UInt8] { header(times: 0, types: 1) + [UInt8](repeating: 0, count: 7) }

  private func block(narrow: Bool) -> [UInt8] {
    var bytes = header(times: changes.count, types: offsets.count)
    for change in changes {
      bytes += narrow ? bigEndian(Int32(change.second)) : bigEndian(change.second)
    }
    bytes += changes.map(\.type)
    for offset in offsets { bytes += bigEndian(offset) + [0, 0] }
    return bytes + [0]
  }

  private func header(times: Int, types: Int) -> [UInt8] {
    Array("TZif\(version)".utf8) + [UInt8](repeating: 0, count: 15)
      + [0, 0, leapCount, Int32(times), Int32(types), 1].flatMap { bigEndian($0) }
  }

  private func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian) { Array($0) }
  }
}

extension Zone {
  /// A zone whose whole life follows a rule.
  static func ruled(by rule: String) throws -> Zone {
    try Zone(name: "rule", tzif: ZoneFile(footer: rule).bytes)
  }

  /// Midnight of a date, as the clock of UTC has it.
  fileprivate func midnight(_ date: String) throws -> String {
    let day = try #require(Timestamp(rfc3339: date + "T00:00:00Z"))
    return midnight(ofDay: day.daysSince1970).rfc3339(.sixUnlessZero)
  }

  fileprivate func date(_ time: String) throws -> String {
    CivilDate(daysSince1970: day(of: try #require(Timestamp(rfc3339: time)))).description
  }
}

struct ZoneTests {
  private static let berlin = "CET-1CEST,M3.5.0,M10.5.0/3"

  @Test(arguments: [
    (berlin, "2026-03-29", "2026-03-28T23:00:00Z"), (berlin, "2026-03-30", "2026-03-29T22:00:00Z"),
    (berlin, "2026-10-25", "2026-10-24T22:00:00Z"), (berlin, "2026-10-26", "2026-10-25T23:00:00Z"),
    (berlin, "2027-01-01", "2026-12-31T23:00:00Z"), (berlin, "1970-01-01", "1969-12-31T23:00:00Z"),
    // The second Sunday in March, the first in November.
    ("EST5EDT,M3.2.0,M11.1.0", "2026-03-09", "2026-03-09T04:00:00Z"),
    ("EST5EDT,M3.2.0,M11.1.0", "2026-11-01", "2026-11-01T04:00:00Z"),
    ("EST5EDT,M3.2.0,M11.1.0", "2026-11-02", "2026-11-02T05:00:00Z"),
    // South of the equator the year begins in summer.
    ("NZST-12NZDT,M9.5.0,M4.1.0/3", "2026-01-01", "2025-12-31T11:00:00Z"),
    ("NZST-12NZDT,M9.5.0,M4.1.0/3", "2026-07-01", "2026-06-30T12:00:00Z"),
    // Half an hour, names in brackets.
    ("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-01-01", "2025-12-31T13:00:00Z"),
    ("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-06-01", "2026-05-31T13:30:00Z"),
    // A daylight time below the standard time, changes before midnight and beyond a day.
    ("IST-1GMT0,M10.5.0,M3.5.0/1", "2026-01-10", "2026-01-10T00:00:00Z"),
    ("IST-1GMT0,M10.5.0,M3.5.0/1", "2026-06-10", "2026-06-09T23:00:00Z"),
    ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29", "2026-03-29T01:00:00Z"),
    ("EET-2EEST,M3.4.4/50,M10.4.4/50", "2026-03-29", "2026-03-28T21:00:00Z"),
    // Days of the year: with and without the leap day.
    ("AAA0BBB,J60,J300", "2028-03-02", "2028-03-01T23:00:00Z"),
    ("AAA0BBB,59,300", "2028-03-01", "2028-02-29T23:00:00Z"),
    ("AAA0BBB,J59,J300", "2028-03-01", "2028-02-29T23:00:00Z"),
    ("UTC0", "2026-03-29", "2026-03-29T00:00:00Z"),
  ])
  func `a rule tells when a day begins`(rule: String, date: String, begin: String) throws {
    let zone = try Zone.ruled(by: rule)
    #expect(try zone.midnight(date) == begin)
    #expect(try zone.date(begin) == date)
    let before = try #require(Timestamp(rfc3339: begin)).advanced(byMicroseconds: -1)
    #expect(try zone.date(before.rfc3339()) < date)
  }

  @Test func `clocks change at two unless the rule says when`() throws {
    // By so much that the date changes with them.
    let standard = try Zone.ruled(by: "AAA0BBB-23,J60,J300")
    #expect(try standard.date("2026-03-01T01:59:59.999999Z") == "2026-03-01")
    #expect(try standard.date("2026-03-01T02:00:00Z") == "2026-03-02")
    let late = try Zone.ruled(by: "AAA0BBB-23,J60/3:30:15,J300")
    #expect(try late.date("2026-03-01T03:30:14Z") == "2026-03-01")
    #expect(try late.date("2026-03-01T03:30:15Z") == "2026-03-02")
  }

  @Test func `a midnight that is skipped begins with the change, one that comes twice first`()
    throws
  {
    // Forward from 0:00 to 1:00, back from 1:00 to 0:00.
    let havana = try Zone.ruled(by: "CST5CDT,M3.2.0/0,M11.1.0/1")
    #expect(try havana.midnight("2026-03-08") == "2026-03-08T05:00:00Z")
    #expect(try havana.midnight("2026-11-01") == "2026-11-01T04:00:00Z")
    #expect(try havana.date("2026-11-01T05:30:00Z") == "2026-11-01")
    #expect(try havana.midnight("2026-11-02") == "2026-11-02T05:00:00Z")
    // Back from midnight to 23:00.
    let asuncion = try Zone.ruled(by: "<-04>4<-03>,M10.1.0/0,M3.4.0/0")
    #expect(try asuncion.midnight("2026-03-22") == "2026-03-22T04:00:00Z")
    #expect(try asuncion.date("2026-03-22T03:30:00Z") == "2026-03-21")
  }

  @Test(arguments: [("\0", ""), ("2", "BBB-2"), ("4", "")])
  func `changes are told one by one, then comes the rule`(version: String, footer: String) throws {
    let file = ZoneFile(
      changes: [(0, 1), (86_400 * 30, 2)], offsets: [-3600, 0, 7200], footer: footer,
      version: version)
    let zone = try Zone(name: "A/B", tzif: file.bytes)
    #expect(zone.name == "A/B")
    #expect(try zone.midnight("1969-12-25") == "1969-12-25T01:00:00Z")
    #expect(try zone.midnight("1970-01-02") == "1970-01-02T00:00:00Z")
    #expect(try zone.midnight("1970-02-01") == "1970-01-31T22:00:00Z")
    #expect(try zone.midnight("2100-02-01") == "2100-01-31T22:00:00Z")
  }

  @Test func `a day that a place skipped is not there`() throws {
    // From ten hours west to fourteen hours east, at midnight.
    let change = try #require(Timestamp(rfc3339: "2011-12-30T10:00:00Z"))
    let file = ZoneFile(
      changes: [(change.microseconds / 1_000_000, 1)], offsets: [-36_000, 50_400])
    let zone = try Zone(name: "Pacific/Apia", tzif: file.bytes)
    let window = Window(
      from: change.advanced(byMicroseconds: -Timestamp.microsecondsPerDay),
      to: change.advanced(byMicroseconds: Timestamp.microsecondsPerDay))
    #expect(window.days(in: zone).map(\.date.description) == ["2011-12-29", "2011-12-31"])
  }

  @Test(arguments: [
    "CET", "C-1", "CET-", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0",
    "CET-1CEST,M3.6.0,M1.1.0",
    "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,J0,J9", "CET-1CEST,366,1", "CET-1CEST,M3.5.0,M10.5.0x",
    "CET-1:60", "CET-168", "CET-00001", "<CET-1", "CET-1,M3.5.0,M10.5.0", "CET-1CEST",
    "CET-1CEST,M3.5.0/,M10.5.0", ":Europe/Berlin",
  ])
  func `what is no rule is refused`(rule: String) {
    #expect(throws: ZoneError.malformed(offset: 103)) { try Zone.ruled(by: rule) }
  }

  @Test func `what is no zone is refused`() throws {
    #expect(throws: ZoneError.notTZif) { try Zone(name: "", tzif: Array("#zones".utf8)) }
    #expect(throws: ZoneError.notTZif) { try Zone(name: "", tzif: []) }
    let whole = ZoneFile(changes: [(0, 1)], offsets: [0, 3600], footer: Self.berlin).bytes
    for count in 4..<whole.count {
      let error = #expect(throws: ZoneError.self) {
        try Zone(name: "", tzif: Array(whole.prefix(count)))
      }
      #expect(error == .truncated || error == .notTZif, "\(count)")
    }
    #expect(throws: ZoneError.leapSeconds) {
      try Zone(
        name: "", tzif: ZoneFile(version: "\0", leapCount: 1).bytes + [0, 0, 0, 0, 0, 0, 0, 0])
    }
    #expect(throws: ZoneError.tooLong(bytes: Zone.fileBytesMax + 1)) {
      try Zone(name: "", tzif: [UInt8](repeating: 0, count: Zone.fileBytesMax + 1))
    }
    for file in [
      ZoneFile(changes: [(0, 2)], offsets: [0, 3600]), ZoneFile(offsets: []),
      ZoneFile(changes: [(1, 0), (1, 0)]), ZoneFile(offsets: [26 * 3600]),
      ZoneFile(leapCount: -1),
    ] {
      let error = #expect(throws: ZoneError.self) { try Zone(name: "", tzif: file.bytes) }
      guard case .malformed = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
    }
  }

  @Test func `weeks of a place have their hours`() throws {
    let zone = try Zone.ruled(by: Self.berlin)
    for (name, hours) in [("2026-W13", 167), ("2026-W43", 169), ("2026-W44", 168)] {
      let window = try #require(ISOWeek(name)).window(in: zone)
      #expect(
        window.to.microseconds - window.from.microseconds == Int64(hours) * 3600 * 1_000_000)
      #expect(window.label(in: zone) == name)
      #expect(window.label() != name)
      #expect(window.days(in: zone).count == 7)
      #expect(window.previous(in: zone)?.to == window.from)
      #expect(window.previous(in: zone)?.label(in: zone) != window.label(in: zone))
    }
    let after = try #require(ISOWeek("2026-W14")).window(in: zone)
    #expect(after.previous(in: zone)?.label(in: zone) == "2026-W13")
    let summer = try #require(ISOWeek("2026-W13")).window(in: zone).days(in: zone).last
    #expect(summer?.window.label(in: zone) == "2026-03-29")
    #expect(try #require(ISOWeek("2020-W53")).window(in: zone).label(in: zone) == "2020-W53")
  }
}

import AttemptLog
import TestSupport
import Testing

struct TimestampTests {
  @Test(arguments: [
    ("1970-01-01T00:00:00Z", 0),
    ("2026-11-16T08:15:30.123456Z", 1_794_816_930_123_456),
    ("2026-11-16t08:15:30.123456789z", 1_794_816_930_123_456),
    ("2026-11-16T10:15:30.5+02:00", 1_794_816_930_500_000),
    ("1969-12-31T23:59:59.999999Z", -1),
    ("2024-02-29T00:00:00-00:01", 1_709_164_860_000_000),
    ("0001-01-01T00:00:00Z", Timestamp.earliest.microseconds),
    ("9999-12-31T23:59:59.9999999Z", Timestamp.latest.microseconds),
  ])
  func `an RFC 3339 time is read to the microsecond`(text: String, microseconds: Int64) {
    #expect(Timestamp(rfc3339: text)?.microseconds == microseconds)
  }

  @Test(arguments: [
    "", "2026-11-16", "2026-11-16T08:15:30", "2026-11-16 08:15:30Z", "2026-02-30T00:00:00Z",
    "2023-02-29T00:00:00Z", "2026-11-16T24:00:00Z", "2026-11-16T08:60:00Z",
    "2016-12-31T23:59:60Z", "2026-11-16T08:15:30.Z", "2026-11-16T08:15:30Zx",
    "2026-11-16T08:15:30+2:00", "2026-11-16T08:15:30+0200", "2026-11-16T08:15:30+24:00",
    "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+00:01", "+026-11-16T08:15:30Z",
    "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-11-00T00:00:00Z",
  ])
  func `what is not an RFC 3339 time is refused`(text: String) {
    #expect(Timestamp(rfc3339: text) == nil)
  }

  @Test func `times are written as they are read`() {
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<10_000 {
      let time = Timestamp(
        microseconds: .random(
          in: Timestamp.earliest.microseconds...Timestamp.latest.microseconds, using: &generator))
      #expect(Timestamp(rfc3339: time.rfc3339()) == time)
    }
  }

  @Test func `the fraction is left out on request if it is zero`() {
    #expect(Timestamp(microseconds: 0).rfc3339() == "1970-01-01T00:00:00.000000Z")
    #expect(Timestamp(microseconds: 0).rfc3339(.sixUnlessZero) == "1970-01-01T00:00:00Z")
    #expect(Timestamp(microseconds: 10).rfc3339(.sixUnlessZero) == "1970-01-01T00:00:00.000010Z")
  }

  @Test func `moving a time never overflows`() {
    #expect(Timestamp.latest.advanced(byMicroseconds: .max) == .latest)
    #expect(Timestamp.earliest.advanced(byMicroseconds: .min) == .earliest)
    #expect(Timestamp(microseconds: 0).advanced(byMilliseconds: 1e300) == .latest)
    #expect(Timestamp(microseconds: 0).advanced(byMilliseconds: -1e300) == .earliest)
    #expect(Timestamp(microseconds: 0).advanced(byMilliseconds: 1.5).microseconds == 1500)
  }
}

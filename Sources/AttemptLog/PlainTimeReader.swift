/// Reads times as this project writes them, `2026-11-16T08:15:30.123456Z`, eight bytes at a time.
///
/// It remembers the day of the one before.
struct PlainTimeReader: Sendable {
  static let bytes = 27

  // The day with its `T`, as two words of which the second begins three bytes later.
  private var yearMonth = Array("1970-01-01T".utf8).span.littleEndianWord(at: 0)
  private var monthDay = Array("1970-01-01T".utf8).span.littleEndianWord(at: 3)
  private var dayMicroseconds: Int64 = 0
  // Little-endian, so the last byte comes first.
  private static let clockZero: UInt64 = 0x3030_3A30_303A_3030  // 00:00:00
  private static let fractionZero: UInt64 = 0x5A30_3030_3030_302E  // .000000Z

  /// Nil if other bytes stand at `start`, or not enough; it may be a time in another form.
  @inline(__always)
  mutating func read(_ line: Span<UInt8>, at start: Int) -> Timestamp? {
    guard start + Self.bytes <= line.count else { return nil }
    if line.wholeWord(at: start) != yearMonth || line.wholeWord(at: start + 3) != monthDay {
      guard turnDay(line, at: start) else { return nil }
    }
    // Each byte becomes its distance from that of 00:00:00.000000Z; adding 0x76 to a digit's sets
    // the high bit from 10 on, adding 0x7F that of any other byte's from 1 on.
    let clock = line.wholeWord(at: start + 11) ^ Self.clockZero
    let fraction = line.wholeWord(at: start + 19) ^ Self.fractionZero
    let wrong =
      (clock &+ 0x7676_7F76_767F_7676) | clock
      | (fraction &+ 0x7F76_7676_7676_767F) | fraction
    guard wrong & 0x8080_8080_8080_8080 == 0 else { return nil }
    let pairs = clock &* 10 &+ clock >> 8
    let hour = pairs & 0xFF
    let minute = pairs >> 24 & 0xFF
    let second = pairs >> 48 & 0xFF
    guard hour < 24, minute < 60, second < 60 else { return nil }
    let inDay = (hour * 3600 + minute * 60 + second) * 1_000_000 + (fraction << 8).eightDigits
    return Timestamp(microseconds: dayMicroseconds + Int64(inDay))
  }

  private mutating func turnDay(_ line: Span<UInt8>, at start: Int) -> Bool {
    guard let time = Timestamp(rfc3339: line.extracting(start..<start + Self.bytes)),
      line[start + Self.bytes - 1] == UInt8(ascii: "Z")
    else { return false }
    yearMonth = line.wholeWord(at: start)
    monthDay = line.wholeWord(at: start + 3)
    dayMicroseconds =
      time.microseconds.floorDivided(by: Timestamp.microsecondsPerDay)
      * Timestamp.microsecondsPerDay
    return true
  }
}

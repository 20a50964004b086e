import Glibc

extension HTTPHeaders {
  private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// An IMF-fixdate (RFC 9110 §5.6.7): `Mon, 16 Nov 2026 08:00:02 GMT`.
  ///
  /// Nil before the year 0; the grammar has no year beyond 9999, which is written all the same.
  public static func date(secondsSince1970 seconds: Int64) -> String? {
    var instant = time_t(seconds)
    var parts = unsafe tm()
    guard unsafe gmtime_r(&instant, &parts) != nil, unsafe parts.tm_year >= -1900 else {
      return nil
    }
    let (weekday, month) = unsafe (Int(parts.tm_wday), Int(parts.tm_mon))
    let (day, year) = unsafe (Int(parts.tm_mday), Int(parts.tm_year) + 1900)
    let clock = unsafe [parts.tm_hour, parts.tm_min, parts.tm_sec].map { Int($0) }
    func padded(_ number: Int, to width: Int) -> String {
      let digits = String(number)
      return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
    let date = "\(padded(day, to: 2)) \(months[month]) \(padded(year, to: 4))"
    let text = clock.map { padded($0, to: 2) }.joined(separator: ":")
    return "\(weekdays[weekday]), \(date) \(text) GMT"
  }
}

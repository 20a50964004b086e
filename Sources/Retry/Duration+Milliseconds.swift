extension Duration {
  /// Milliseconds to the nearest microsecond, never negative: what the log holds.
  var loggedMilliseconds: Double {
    Double(max(0, nearestMicroseconds)) / 1000
  }

  /// The next whole microsecond, so that what is planned can be written and slept exactly.
  var roundedUpToMicroseconds: Duration {
    let (seconds, attoseconds) = components
    let micro: Int64 = 1_000_000_000_000
    let whole = attoseconds / micro * micro
    let rounded = Duration(secondsComponent: seconds, attosecondsComponent: whole)
    return rounded < self ? rounded + .microseconds(1) : rounded
  }

  /// Held at 292,000 years.
  private var nearestMicroseconds: Int64 {
    // Up to 9.2 s attoseconds fit a word, and a division of 128 bits is ten times one of 64.
    if let attoseconds = Int64(exactly: attoseconds), attoseconds >= 0 {
      return (attoseconds / 500_000_000_000 + 1) / 2
    }
    let (seconds, attoseconds) = components
    let fraction = (attoseconds + 500_000_000_000) / 1_000_000_000_000
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
    return overflow ? .max : whole.addingReportingOverflow(fraction).partialValue
  }
}

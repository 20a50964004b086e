public import AttemptLog

/// Where the simulator's time comes from, and how it is spent.
public struct SimulatorClock: Sendable {
  public var now: @Sendable () -> Timestamp
  /// Nil in real time, where an answer bears its delay.
  ///
  /// In virtual time it moves the clock forward by what the answer would have taken, and the answer
  /// is immediate.
  public var advance: (@Sendable (Duration) -> Void)?

  public init(
    now: @escaping @Sendable () -> Timestamp, advance: (@Sendable (Duration) -> Void)? = nil
  ) {
    self.now = now
    self.advance = advance
  }

  /// The system's time of day.
  public static let system = SimulatorClock { .now() }
}

extension Timestamp {
  /// Held within what RFC 3339 can write.
  func advanced(by duration: Duration) -> Timestamp {
    let (seconds, attoseconds) = duration.components
    let (microseconds, overflow) = seconds.multipliedReportingOverflow(
      by: Self.microsecondsPerSecond)
    guard !overflow else { return seconds < 0 ? .earliest : .latest }
    return advanced(byMicroseconds: microseconds)
      .advanced(byMicroseconds: attoseconds / 1_000_000_000_000)
  }
}

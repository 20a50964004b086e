import Threading

/// Any clock whose instants are apart by a `Duration`, without its type.
public struct MonotonicClock: Sendable {
  /// The time since some origin; it never goes back.
  public let now: @Sendable () -> Duration
  /// Returns after the duration, or throws `CancellationError` as soon as the task is cancelled.
  public let sleep: @Sendable (Duration) async throws -> Void

  public init(
    now: @escaping @Sendable () -> Duration,
    sleep: @escaping @Sendable (Duration) async throws -> Void
  ) {
    self.now = now
    self.sleep = sleep
  }

  public init(_ clock: some Clock<Duration>) {
    let origin = clock.now
    self.init(
      now: { origin.duration(to: clock.now) },
      sleep: { try await clock.sleep(for: $0) })
  }

  /// As `ContinuousClock`, but a reading costs little more than the system's.
  public static let continuous = MonotonicClock(
    now: { MonotonicInstant.now.sinceBoot },
    sleep: { try await ContinuousClock().sleep(for: $0) })
}

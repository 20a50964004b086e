import AttemptLog

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

  public static let continuous = MonotonicClock(ContinuousClock())
}

/// Any random number generator, shared by all who hold a copy.
public struct RandomSource: RandomNumberGenerator, Sendable {
  private let draw: @Sendable () -> UInt64

  public init(_ generator: some RandomNumberGenerator & Sendable) {
    let shared = Locked(generator)
    draw = { shared.withLock { $0.next() } }
  }

  public static let system = RandomSource(SystemRandomNumberGenerator())

  public func next() -> UInt64 {
    draw()
  }

  /// 16 hex digits.
  public func identifier() -> String {
    var generator: any RandomNumberGenerator = self
    return generator.identifier()
  }
}

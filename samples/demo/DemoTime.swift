import AttemptLog

/// A clock that clients, log and simulator share: a sleep moves it forward and returns at once.
struct DemoTime: Clock, Sendable {
  struct Instant: InstantProtocol, Sendable {
    var time: Timestamp

    func advanced(by duration: Duration) -> Instant {
      Instant(time: time.advanced(byMilliseconds: duration / .milliseconds(1)))
    }

    func duration(to other: Instant) -> Duration {
      .microseconds(other.time.microseconds - time.microseconds)
    }

    static func < (left: Instant, right: Instant) -> Bool {
      left.time < right.time
    }
  }

  private let current: Locked<Instant>

  init(_ start: Timestamp) {
    current = Locked(Instant(time: start))
  }

  var now: Instant { current.withLock { $0 } }
  var minimumResolution: Duration { .microseconds(1) }

  func sleep(until deadline: Instant, tolerance: Duration?) async throws {
    try Task.checkCancellation()
    current.withLock { $0 = max($0, deadline) }
  }

  func advance(by duration: Duration) {
    current.withLock { $0 = $0.advanced(by: duration) }
  }
}

import AttemptLog

/// A clock that moves to its next event as soon as all who are expected sleep: hours in no time,
/// with several tasks, and the same each time.
public final class EventClock: Clock, Sendable {
  public typealias Instant = ManualClock.Instant

  private struct State {
    var now = Duration.zero
    var nextID = 0
    var expected = 1
    /// Whether someone moves the time: two at once could pass an action that has begun.
    var isMoving = false
    var sleepers: [Int: (until: Duration, continuation: CheckedContinuation<Void, any Error>)] = [:]
    var action: (time: Duration, run: @Sendable () -> Void)?
  }

  private enum Event {
    case wake(CheckedContinuation<Void, any Error>)
    case act(@Sendable () -> Void)
  }

  private let state = Locked(State())

  public init() {}

  public var now: Instant { Instant(sinceStart: state.withLock { $0.now }) }
  public var minimumResolution: Duration { .nanoseconds(1) }

  /// How many must sleep before the time moves; one event happens each time.
  public func expect(_ sleepers: Int) {
    state.withLock { $0.expected = sleepers }
  }

  /// What happens once, when the time gets there.
  public func at(_ time: Duration, _ action: @escaping @Sendable () -> Void) {
    state.withLock { $0.action = (time, action) }
  }

  public func sleep(until deadline: Instant, tolerance: Duration? = nil) async throws {
    let id = state.withLock { state in
      state.nextID += 1
      return state.nextID
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { enter($0, id, until: deadline.sinceStart) }
    } onCancel: {
      let sleeper = state.withLock { $0.sleepers.removeValue(forKey: id) }
      sleeper?.continuation.resume(throwing: CancellationError())
    }
  }

  private func enter(
    _ continuation: CheckedContinuation<Void, any Error>, _ id: Int, until: Duration
  ) {
    let isCancelled = state.withLock { state in
      if Task.isCancelled { return true }
      state.sleepers[id] = (until, continuation)
      return false
    }
    if isCancelled { return continuation.resume(throwing: CancellationError()) }
    let moves = state.withLock { state in
      defer { state.isMoving = true }
      return !state.isMoving
    }
    guard moves else { return }
    while let event = next() {
      switch event {
      case .wake(let continuation): continuation.resume()
      case .act(let run): run()
      }
    }
  }

  /// Whoever moves the time finds what others have entered meanwhile; nil ends the moving.
  private func next() -> Event? {
    state.withLock { state in
      guard state.sleepers.count >= state.expected,
        let (id, sleeper) = state.sleepers.min(by: {
          ($0.value.until, $0.key) < ($1.value.until, $1.key)
        })
      else {
        state.isMoving = false
        return nil
      }
      if let action = state.action, action.time <= sleeper.until {
        state.now = max(state.now, action.time)
        state.action = nil
        return .act(action.run)
      }
      state.now = max(state.now, sleeper.until)
      state.sleepers[id] = nil
      return .wake(sleeper.continuation)
    }
  }
}

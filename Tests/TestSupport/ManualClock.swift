import AttemptLog

/// A clock that stands still until a test moves it; sleepers wait for their time or cancellation.
public final class ManualClock: Clock, Sendable {
  public struct Instant: InstantProtocol {
    public var sinceStart: Duration

    public func advanced(by duration: Duration) -> Instant {
      Instant(sinceStart: sinceStart + duration)
    }

    public func duration(to other: Instant) -> Duration {
      other.sinceStart - sinceStart
    }

    public static func < (left: Instant, right: Instant) -> Bool {
      left.sinceStart < right.sinceStart
    }
  }

  private struct Sleeper {
    let until: Instant
    let continuation: CheckedContinuation<Void, any Error>
  }

  private struct State {
    var now = Instant(sinceStart: .zero)
    var nextID = 0
    var sleepers: [Int: Sleeper] = [:]
    /// Sleeps that were cancelled before they could be entered.
    var cancelled: Set<Int> = []
    var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
  }

  private let state = Locked(State())

  public init() {}

  public var now: Instant { state.withLock { $0.now } }
  public var minimumResolution: Duration { .nanoseconds(1) }

  public func sleep(until deadline: Instant, tolerance: Duration? = nil) async throws {
    let id = state.withLock { state in
      state.nextID += 1
      return state.nextID
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation {
        enter(Sleeper(until: deadline, continuation: $0), id)
      }
    } onCancel: {
      cancel(id)
    }
  }

  /// Moves the time and wakes whose time has come, the earliest first.
  public func advance(by duration: Duration) {
    let due = state.withLock { state in
      state.now = state.now.advanced(by: duration)
      let now = state.now
      let due = state.sleepers.filter { $0.value.until <= now }
      for id in due.keys { state.sleepers[id] = nil }
      return due.sorted { ($0.value.until, $0.key) < ($1.value.until, $1.key) }
        .map(\.value.continuation)
    }
    for continuation in due { continuation.resume() }
  }

  /// Waits until at least so many sleep at the same time.
  public func sleepers(_ count: Int = 1) async {
    await withCheckedContinuation { continuation in
      let isMet = state.withLock { state in
        if state.sleepers.count >= count { return true }
        state.watchers.append((count, continuation))
        return false
      }
      if isMet { continuation.resume() }
    }
  }

  private func enter(_ sleeper: Sleeper, _ id: Int) {
    enum Entry {
      case cancelled, over
      case asleep([CheckedContinuation<Void, Never>])
    }
    let entry: Entry = state.withLock { state in
      if state.cancelled.remove(id) != nil { return .cancelled }
      if sleeper.until <= state.now { return .over }
      state.sleepers[id] = sleeper
      let count = state.sleepers.count
      let met = state.watchers.filter { $0.count <= count }.map(\.continuation)
      state.watchers.removeAll { $0.count <= count }
      return .asleep(met)
    }
    switch entry {
    case .cancelled: sleeper.continuation.resume(throwing: CancellationError())
    case .over: sleeper.continuation.resume()
    case .asleep(let met): for watcher in met { watcher.resume() }
    }
  }

  private func cancel(_ id: Int) {
    let continuation: CheckedContinuation<Void, any Error>? = state.withLock { state in
      if let sleeper = state.sleepers.removeValue(forKey: id) { return sleeper.continuation }
      state.cancelled.insert(id)
      return nil
    }
    continuation?.resume(throwing: CancellationError())
  }
}

/// A clock whose sleeps end at once and move the time: for a single task after the other.
public final class VirtualClock: Clock, Sendable {
  public typealias Instant = ManualClock.Instant

  private let state = Locked((now: Duration.zero, sleeps: [Duration]()))

  public init() {}

  public var now: Instant { Instant(sinceStart: state.withLock { $0.now }) }
  public var minimumResolution: Duration { .nanoseconds(1) }
  /// Every sleep so far, in order.
  public var sleeps: [Duration] { state.withLock { $0.sleeps } }

  public func sleep(until deadline: Instant, tolerance: Duration? = nil) async throws {
    try Task.checkCancellation()
    state.withLock { state in
      let duration = max(.zero, deadline.sinceStart - state.now)
      state.sleeps.append(duration)
      state.now += duration
    }
  }

  /// Time that passes while something other than a sleep goes on.
  public func advance(by duration: Duration) {
    state.withLock { $0.now += duration }
  }
}

import AttemptLog

/// Lets so many attempts run at once; the others wait in the order in which they came.
///
/// Without it a client's own queue is measured as the provider's latency. Operations that serve
/// each other need a gate each: one that waits below one that holds the last place waits forever.
public final class ConcurrencyGate: Sendable {
  public let limit: Int
  private let state = Locked(State())

  private struct State {
    /// 0...limit; nobody waits while it is less than the limit.
    var running = 0
    var nextID = 0
    var waiters: [Int: CheckedContinuation<Void, any Error>] = [:]
    /// Ids in the order of arrival; those that gave up are no longer in `waiters`.
    var queue: [Int] = []
    /// Start of the live part of `queue`; 0...queue.count.
    var head = 0

    mutating func next() -> CheckedContinuation<Void, any Error>? {
      while head < queue.count {
        let id = queue[head]
        head += 1
        if let waiter = waiters.removeValue(forKey: id) { return waiter }
      }
      return nil
    }

    /// Drops what is done with, once that is most of the queue.
    mutating func compact() {
      guard queue.count > 2 * waiters.count + 64 else { return }
      queue = queue[head...].filter { waiters[$0] != nil }
      head = 0
    }
  }

  public init(limit: Int) {
    precondition(limit >= 1, "a gate lets someone through; got \(limit)")
    self.limit = limit
  }

  /// Attempts that are through the gate; 0...limit.
  public var running: Int { state.withLock { $0.running } }
  /// Attempts that wait.
  public var waiting: Int { state.withLock { $0.waiters.count } }

  func entersAtOnce() -> Bool {
    state.withLock { state in
      guard state.running < limit else { return false }
      state.running += 1
      return true
    }
  }

  /// Returns with a place, which `leave` gives back, or throws as soon as the task is cancelled.
  func enter() async throws {
    let id = state.withLock { state in
      state.nextID += 1
      return state.nextID
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { enqueue($0, id) }
    } onCancel: {
      let waiter = state.withLock { $0.waiters.removeValue(forKey: id) }
      waiter?.resume(throwing: CancellationError())
    }
  }

  func leave() {
    let next = state.withLock { state in
      let next = state.next()
      // The place passes on without becoming free, so that nobody gets in between.
      if next == nil { state.running -= 1 }
      return next
    }
    next?.resume()
  }

  private func enqueue(_ waiter: CheckedContinuation<Void, any Error>, _ id: Int) {
    enum Entry {
      case entered, cancelled, waiting
    }
    let entry: Entry = state.withLock { state in
      // A cancellation that came before is seen here, one that comes later finds the waiter.
      if Task.isCancelled { return .cancelled }
      if state.running < limit {
        state.running += 1
        return .entered
      }
      state.waiters[id] = waiter
      state.queue.append(id)
      state.compact()
      return .waiting
    }
    switch entry {
    case .entered: waiter.resume()
    case .cancelled: waiter.resume(throwing: CancellationError())
    case .waiting: break
    }
  }
}

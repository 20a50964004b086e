import Threading

/// The answers to the limited path that are in work; owned by the loop's thread.
final class AnswerSlots {
  typealias Instant = MonotonicInstant

  private let max: Int
  private let patience: Duration
  /// In the order in which they began.
  private var holders: [(connection: Connection, since: Instant)] = []

  /// - Parameter patience: how long the oldest keeps its place if another needs it.
  init(max: Int, patience: Duration) {
    self.max = max
    self.patience = patience
  }

  /// Whether the connection may begin such an answer; it holds its place until `release`.
  func take(for connection: Connection, now: Instant) -> Bool {
    if holders.count >= max {
      guard let oldest = holders.first, now - oldest.since >= patience else { return false }
      // Its client reads so slowly that it is not worth a scrape.
      oldest.connection.close()
    }
    holders.append((connection, now))
    return true
  }

  /// Does nothing if it has no place.
  func release(_ connection: Connection) {
    holders.removeAll { $0.connection === connection }
  }
}

// As the loop's thread.
@available(*, unavailable)
extension AnswerSlots: Sendable {}

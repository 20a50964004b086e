public import AttemptLog

/// Operations of one pair that failed one after the other (definitions.md).
public struct Incident: Sendable {
  /// So many failures in a row are one.
  public static let failuresMin = 3

  public let provider: String
  public let operation: String
  /// End of the first operation that failed.
  public let from: Timestamp
  /// End of the first that succeeded again; nil if none did.
  public let to: Timestamp?
  public let failedOperations: Int
  /// Attempts beyond the first ones of these operations.
  public let retries: Int64
  /// The most frequent code, else type, else class; the first in the alphabet of several.
  public let error: String?

  fileprivate func precedes(_ other: Self) -> Bool {
    if from != other.from { return from < other.from }
    return [provider, operation].precedes([other.provider, other.operation])
  }
}

/// The ends of operations whose fate is known, which incidents are made of, until all is read.
struct IncidentHistory: Sendable {
  private var ended: [EndedOperation] = []

  private struct EndedOperation: Sendable {
    let time: Timestamp
    let attempts: Int64
    // Narrow: there is one of these for each operation of the log.
    let scope: UInt32
    /// Number of its name; nil if it has none.
    let error: UInt32?
    let hasSucceeded: Bool
  }

  /// - Parameters:
  ///   - scope: number of its pair, as an `Interner` gives them.
  ///   - error: number of the name of what it failed with, likewise.
  mutating func note(_ event: OperationEvent, scope: Int, error: Int?) {
    guard event.outcome.isFateKnown else { return }
    ended.append(
      EndedOperation(
        time: event.time, attempts: event.attempts, scope: UInt32(scope),
        error: error.map { UInt32($0) }, hasSucceeded: event.outcome == .success))
  }

  /// All incidents, by their beginning.
  func incidents(_ names: ScopeNames, _ texts: Interner) -> [Incident] {
    var incidents: [Incident] = []
    var failures: [Int: [EndedOperation]] = [:]
    func end(_ scope: Int, at end: Timestamp?) {
      guard let run = failures.removeValue(forKey: scope), run.count >= Incident.failuresMin,
        let first = run.first
      else { return }
      incidents.append(
        Incident(
          provider: names.provider(scope), operation: names.operation(scope), from: first.time,
          to: end, failedOperations: run.count,
          retries: run.reduce(0) { $0.addingSaturated(max(0, $1.attempts - 1)) },
          error: Self.mostFrequent(run.compactMap { $0.error.map { Int($0) } }, texts)))
    }
    // In reading order where times are equal: the sort is stable.
    for operation in ended.sorted(by: { $0.time < $1.time }) {
      let scope = Int(operation.scope)
      if operation.hasSucceeded {
        end(scope, at: operation.time)
      } else {
        failures[scope, default: []].append(operation)
      }
    }
    for scope in Array(failures.keys) { end(scope, at: nil) }
    return incidents.sorted { $0.precedes($1) }
  }

  private static func mostFrequent(_ errors: [Int], _ texts: Interner) -> String? {
    var counts: [Int: Int] = [:]
    for error in errors { counts[error, default: 0] += 1 }
    let most = counts.values.max()
    return counts.lazy.filter { $0.value == most }.map { texts.text($0.key) }
      .min { [$0].precedes([$1]) }
  }
}

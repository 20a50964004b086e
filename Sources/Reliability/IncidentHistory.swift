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

/// The incidents of a log that have a part in a span of time.
struct IncidentHistory: Sendable {
  /// Incidents that are listed.
  static let incidentsMax = 10_000
  /// Ends of operations that wait to be put in order.
  static let heldMax = 1 << 14
  /// Errors that are told apart, of all runs of failures together; those beyond are known by their class.
  static let errorsMax = 1 << 17

  private let span: Window
  private var order = ReorderBuffer<EndedOperation>(heldMax: heldMax)
  private var runs: Runs

  fileprivate struct EndedOperation: Timed, Sendable {
    let time: Timestamp
    let attempts: Int64
    // Narrow: many wait.
    let scope: UInt32
    /// Number of its name, and the class.
    let error: UInt32?
    let errorClass: ErrorClass?
    let hasSucceeded: Bool
  }

  /// Failures in a row, by the pair, and those that were incidents.
  fileprivate struct Runs: Sendable {
    private let errorsMax: Int
    private var current: [UInt32: Run] = [:]
    private(set) var ended: [Run] = []
    /// Operations whose error was known by its class only.
    private(set) var unnamed = 0
    /// Errors in `current` and `ended`.
    private var errorCount = 0

    init(errorsMax: Int) {
      self.errorsMax = errorsMax
    }

    mutating func note(_ operation: EndedOperation) {
      if operation.hasSucceeded {
        if current[operation.scope] != nil { end(operation.scope, at: operation.time) }
      } else {
        let (isNew, isNamed) = current[
          operation.scope, default: Run(scope: operation.scope, from: operation.time)
        ].add(operation, hasRoom: errorCount < errorsMax)
        if isNew { errorCount += 1 }
        if !isNamed { unnamed += 1 }
      }
    }

    /// Forgets those that ended without a part in the span, and the last ones beyond a number.
    ///
    /// - Returns: how many there were beyond it.
    mutating func keep(_ span: Window, max: Int) -> Int {
      let before = ended
      ended = ended.filter { span.overlaps($0.from, $0.to) }
      let surplus = Swift.max(0, ended.count - max)
      ended.removeLast(surplus)
      guard ended.count < before.count else { return 0 }
      errorCount -= before.reduce(0) { $0 + $1.errors.count }
      errorCount += ended.reduce(0) { $0 + $1.errors.count }
      return surplus
    }

    mutating func endAll() {
      for scope in Array(current.keys) { end(scope, at: nil) }
    }

    private mutating func end(_ scope: UInt32, at time: Timestamp?) {
      guard var run = current.removeValue(forKey: scope) else { return }
      guard run.failed >= Incident.failuresMin else {
        errorCount -= run.errors.count
        return
      }
      run.to = time
      ended.append(run)
    }
  }

  fileprivate struct Run: Sendable {
    let scope: UInt32
    let from: Timestamp
    var to: Timestamp?
    var failed = 0
    var retries: Int64 = 0
    var errors: [ErrorKey: Int] = [:]
  }

  fileprivate struct ErrorKey: Hashable, Sendable {
    let error: UInt32?
    let errorClass: ErrorClass?
  }

  /// - Parameter span: incidents without a part in it are not kept.
  init(span: Window, errorsMax: Int = Self.errorsMax) {
    self.span = span
    runs = Runs(errorsMax: errorsMax)
  }

  /// Operations that came too late to be put in order.
  var late: Int { order.late }
  /// Incidents for which there was no room.
  private(set) var unlisted = 0
  /// Operations that failed with an error for which there was no room.
  var unnamed: Int { runs.unnamed }

  /// Takes an operation of O′.
  ///
  /// - Parameter error: number of the name of what it failed with.
  mutating func note(_ event: OperationEvent, scope: Int, error: Int?) {
    order.append(
      EndedOperation(
        time: event.time, attempts: event.attempts, scope: UInt32(scope),
        error: error.map { UInt32($0) }, errorClass: event.errorClass,
        hasSucceeded: event.outcome == .success))
    if order.isFull { fold(all: false) }
  }

  private mutating func fold(all: Bool) {
    order.take(all: all) { runs.note($0) }
    unlisted += runs.keep(span, max: Self.incidentsMax)
  }

  /// All of them, by their beginning; nothing more comes.
  ///
  /// - Parameters:
  ///   - scopeName: of a pair, as in `LineNames`.
  ///   - errorName: an `ErrorName`.
  mutating func conclude(
    scopeName: (Int) -> ArraySlice<UInt8>, errorName: (Int) -> ArraySlice<UInt8>
  ) -> [Incident] {
    fold(all: true)
    runs.endAll()
    return runs.ended.filter { span.overlaps($0.from, $0.to) }.map { run in
      let name = NamePair(scopeName(Int(run.scope)))
      return Incident(
        provider: name.first.text, operation: name.second?.text ?? "", from: run.from, to: run.to,
        failedOperations: run.failed, retries: run.retries,
        error: Self.mostFrequent(run.errors, errorName))
    }.sorted { $0.precedes($1) }
  }

  /// The name is the code, else the type, else the class.
  private static func mostFrequent(
    _ errors: [ErrorKey: Int], _ errorName: (Int) -> ArraySlice<UInt8>
  ) -> String? {
    var counts: [[UInt8]: Int] = [:]
    for (key, count) in errors {
      let name = key.error.map { ErrorName(errorName(Int($0))) }
      let texts = [name?.code, name?.type, key.errorClass.map { Array($0.rawValue.utf8)[...] }]
      if let text = texts.lazy.compactMap({ $0 }).first(where: { !$0.isEmpty }) {
        counts[Array(text), default: 0] += count
      }
    }
    let most = counts.values.max()
    return counts.filter { $0.value == most }.keys.min { $0.lexicographicallyPrecedes($1) }
      .map { String(decoding: $0, as: UTF8.self) }
  }
}

extension IncidentHistory.Run {
  /// - Parameter hasRoom: whether another error can be told apart.
  /// - Returns: whether it has one more now, and whether this one is told apart.
  fileprivate mutating func add(
    _ operation: IncidentHistory.EndedOperation, hasRoom: Bool
  ) -> (isNew: Bool, isNamed: Bool) {
    failed += 1
    retries = retries.addingSaturated(max(0, operation.attempts - 1))
    var key = IncidentHistory.ErrorKey(
      error: operation.error, errorClass: operation.errorClass)
    let isNamed = hasRoom || errors[key] != nil
    if !isNamed { key = .init(error: nil, errorClass: key.errorClass) }
    let before = errors.count
    errors[key, default: 0] += 1
    return (errors.count > before, isNamed)
  }
}

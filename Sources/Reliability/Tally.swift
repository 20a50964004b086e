public import AttemptLog

/// Everything that is counted about the attempts and operations of one scope.
///
/// The endpoint and the report read the same tallies, so they cannot disagree. Tallies of disjoint
/// scopes merge to that of the whole.
public struct Tally: Sendable {
  public private(set) var attempts = Table<AttemptKind, Attempts>(repeating: Attempts())
  /// Latencies of single attempts.
  public private(set) var latency = Table<CallResult, Distribution>(repeating: Distribution())
  /// Retries by the error class that caused them.
  public private(set) var retries = Table<ErrorClass, Retries>(repeating: Retries())
  /// Retries by the number of the attempt, from 2, where that is listed.
  public private(set) var retriesByAttempt: [Int64: Retries] = [:]
  /// Measured sleeps by who chose them.
  public private(set) var backoff = Table<DelaySource, Distribution>(repeating: Distribution())
  public private(set) var operations = Operations()
  /// From the start to the final answer.
  public private(set) var duration = Table<CallResult, Distribution>(repeating: Distribution())

  public init() {}

  /// Attempts of one kind.
  public struct Attempts: Sendable {
    public fileprivate(set) var count = 0
    public fileprivate(set) var failures = Table<ErrorClass, Int>(repeating: 0)
    public fileprivate(set) var audioSeconds = CompensatedSum()

    /// Failures in A′, that is without those that the caller cancelled.
    public var failed: Int {
      ErrorClass.allCases.reduce(0) { $0 + ($1 == .cancelled ? 0 : failures[$1]) }
    }
    /// Attempts in A′.
    public var counted: Int { count - failures[.cancelled] }
  }

  /// Retries with one cause or of one number.
  public struct Retries: Sendable {
    public fileprivate(set) var succeeded = 0
    public fileprivate(set) var failed = 0
    public fileprivate(set) var cancelled = 0
    /// Milliseconds slept before those that were not cancelled.
    public fileprivate(set) var slept = CompensatedSum()

    /// Over A′.
    public var ratio: Ratio { Ratio(hits: succeeded, of: succeeded + failed) }
  }

  public struct Operations: Sendable {
    public fileprivate(set) var count = 0
    public fileprivate(set) var byOutcome = Table<OperationOutcome, ByRetried>(
      repeating: ByRetried())
    /// Operations of O with at least one attempt, and their attempts.
    public fileprivate(set) var withAttempts = 0
    public fileprivate(set) var attempts = CompensatedSum()
    /// Operations of O′ with at least one attempt.
    public fileprivate(set) var knownWithAttempts = 0
    /// Of them those that succeeded and are not `retried`.
    public fileprivate(set) var succeededAtOnce = 0
    /// R: operations of O′ with two attempts or more; and how many of them succeeded.
    public fileprivate(set) var retried = 0
    public fileprivate(set) var rescued = 0
    /// Milliseconds slept in ended operations, and in those of O′ that did not succeed.
    public fileprivate(set) var slept = CompensatedSum()
    public fileprivate(set) var wasted = CompensatedSum()
    /// Attempts per operation, of those with at least one.
    public fileprivate(set) var perOperation = Table<CallResult, AttemptsHistogram>(
      repeating: AttemptsHistogram())

    /// Operations of O′.
    public var known: Int { count - byOutcome[.cancelled].count - byOutcome[.abandoned].count }
  }

  /// Operations with one outcome by the field `retried`.
  public struct ByRetried: Sendable {
    public fileprivate(set) var yes = 0
    public fileprivate(set) var no = 0
    public var count: Int { yes + no }
  }

  /// Attempts per operation.
  public struct AttemptsHistogram: Sendable {
    /// Inclusive upper bounds; one more bucket has none.
    public static let bounds: [Int64] = [1, 2, 3, 4, 5, 10]
    public fileprivate(set) var buckets = [Int](repeating: 0, count: bounds.count + 1)
    public fileprivate(set) var sum = CompensatedSum()
    public var count: Int { buckets.reduce(0, +) }
  }
}

// MARK: - Counting

extension Tally {
  /// Retries with a higher number are not counted by it: a log may hold any number of them.
  public static let listedAttemptMax: Int64 = 100

  /// - Parameter listsNumber: whether a retry is also counted by its number.
  mutating func count(_ attempt: AttemptFigures, listsNumber: Bool) {
    let kind: AttemptKind = attempt.number == 1 ? .initial : .retry
    attempts[kind].count += 1
    latency[attempt.result].add(attempt.latencyMilliseconds)
    attempts[kind].audioSeconds.add(attempt.audioSeconds ?? 0)
    if let errorClass = attempt.errorClass { attempts[kind].failures[errorClass] += 1 }
    guard kind == .retry else { return }
    retries[attempt.retryReason].count(attempt)
    if listsNumber, attempt.number <= Self.listedAttemptMax {
      retriesByAttempt[attempt.number, default: Retries()].count(attempt)
    }
    if let slept = attempt.sleptMilliseconds { backoff[attempt.sleptSource].add(slept) }
  }

  mutating func count(_ operation: OperationEvent) {
    operations.count(operation)
    if let milliseconds = operation.durationMilliseconds {
      duration[operation.result].add(milliseconds)
    }
  }
}

extension Tally.Retries {
  fileprivate mutating func count(_ attempt: AttemptFigures) {
    switch attempt.errorClass {
    case nil: succeeded += 1
    case .cancelled:
      cancelled += 1
      return
    default: failed += 1
    }
    slept.add(attempt.sleptMilliseconds ?? 0)
  }
}

extension Tally.Operations {
  fileprivate mutating func count(_ operation: OperationEvent) {
    count += 1
    if operation.isRetried {
      byOutcome[operation.outcome].yes += 1
    } else {
      byOutcome[operation.outcome].no += 1
    }
    if operation.attempts >= 1 {
      withAttempts += 1
      attempts.add(Double(operation.attempts))
      if operation.durationMilliseconds != nil {
        perOperation[operation.result].add(operation.attempts)
      }
    }
    slept.add(operation.sleptMilliseconds)
    guard operation.outcome.isFateKnown else { return }
    let succeeded = operation.outcome == .success
    if operation.attempts >= 1 {
      knownWithAttempts += 1
      if succeeded && !operation.isRetried { succeededAtOnce += 1 }
    }
    if operation.attempts >= 2 {
      retried += 1
      rescued += succeeded ? 1 : 0
    }
    if !succeeded { wasted.add(operation.sleptMilliseconds) }
  }
}

extension Tally.AttemptsHistogram {
  fileprivate mutating func add(_ attempts: Int64) {
    buckets[Self.bounds.firstIndex { attempts <= $0 } ?? Self.bounds.count] += 1
    sum.add(Double(attempts))
  }
}

// MARK: - Merging

extension Tally {
  public mutating func merge(_ other: Tally) {
    attempts.merge(other.attempts) { $0.merge($1) }
    latency.merge(other.latency) { $0.merge($1) }
    retries.merge(other.retries) { $0.merge($1) }
    retriesByAttempt.merge(other.retriesByAttempt) { left, right in
      var merged = left
      merged.merge(right)
      return merged
    }
    backoff.merge(other.backoff) { $0.merge($1) }
    operations.merge(other.operations)
    duration.merge(other.duration) { $0.merge($1) }
  }
}

extension Tally.Attempts {
  fileprivate mutating func merge(_ other: Self) {
    count += other.count
    failures.merge(other.failures, +=)
    audioSeconds.add(other.audioSeconds)
  }
}

extension Tally.Retries {
  fileprivate mutating func merge(_ other: Self) {
    succeeded += other.succeeded
    failed += other.failed
    cancelled += other.cancelled
    slept.add(other.slept)
  }
}

extension Tally.Operations {
  fileprivate mutating func merge(_ other: Self) {
    count += other.count
    byOutcome.merge(other.byOutcome) {
      $0.yes += $1.yes
      $0.no += $1.no
    }
    withAttempts += other.withAttempts
    attempts.add(other.attempts)
    knownWithAttempts += other.knownWithAttempts
    succeededAtOnce += other.succeededAtOnce
    retried += other.retried
    rescued += other.rescued
    slept.add(other.slept)
    wasted.add(other.wasted)
    perOperation.merge(other.perOperation) {
      for index in $0.buckets.indices { $0.buckets[index] += $1.buckets[index] }
      $0.sum.add($1.sum)
    }
  }
}

// MARK: - State

extension Tally: StateCoded {
  mutating func code(with coder: inout StateCoder) {
    attempts.code(with: &coder) { $0.code(with: &$1) }
    latency.code(with: &coder) { $0.code(with: &$1) }
    retries.code(with: &coder) { $0.code(with: &$1) }
    backoff.code(with: &coder) { $0.code(with: &$1) }
    operations.code(with: &coder)
    duration.code(with: &coder) { $0.code(with: &$1) }
    for number in 2...Self.listedAttemptMax {
      coder.code(&retriesByAttempt[number], blank: Retries()) { $0.code(with: &$1) }
    }
  }
}

extension Tally.Attempts {
  fileprivate mutating func code(with coder: inout StateCoder) {
    coder.code(&count)
    failures.code(with: &coder) { $1.code(&$0) }
    audioSeconds.code(with: &coder)
  }
}

extension Tally.Retries {
  fileprivate mutating func code(with coder: inout StateCoder) {
    coder.code(&succeeded)
    coder.code(&failed)
    coder.code(&cancelled)
    slept.code(with: &coder)
  }
}

extension Tally.Operations {
  fileprivate mutating func code(with coder: inout StateCoder) {
    coder.code(&count)
    byOutcome.code(with: &coder) {
      $1.code(&$0.yes)
      $1.code(&$0.no)
    }
    coder.code(&withAttempts)
    attempts.code(with: &coder)
    coder.code(&knownWithAttempts)
    coder.code(&succeededAtOnce)
    coder.code(&retried)
    coder.code(&rescued)
    slept.code(with: &coder)
    wasted.code(with: &coder)
    perOperation.code(with: &coder) { histogram, coder in
      for index in histogram.buckets.indices { coder.code(&histogram.buckets[index]) }
      histogram.sum.code(with: &coder)
    }
  }
}

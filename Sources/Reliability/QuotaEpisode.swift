public import AttemptLog

/// Limits that providers set, as the endpoint names them.
public enum QuotaName: String, Indexed {
  case rate, concurrency, daily, balance, other

  public var index: Int {
    switch self {
    case .rate: 0
    case .concurrency: 1
    case .daily: 2
    case .balance: 3
    case .other: 4
    }
  }
}

/// A run of refusals by one quota without an accepted attempt between them, as definitions.md has
/// it; once it is open, an episode.
public struct QuotaEpisode: Sendable {
  /// So long after the announced end, else after the latest signal, it is over.
  static let silence: Int64 = 15 * 60 * Timestamp.microsecondsPerSecond
  /// A limit that refuses now and then opens an episode by so many signals, or by signals so far
  /// apart.
  static let opensAtSignals = 3
  static let opensAfter: Int64 = 60 * Timestamp.microsecondsPerSecond
  /// Two episodes that lie nearer to each other are one.
  static let apart: Int64 = 60 * Timestamp.microsecondsPerSecond
  /// Of how many it may be made of, each is remembered by itself.
  static let partsMax = 4096

  public private(set) var start: Timestamp
  /// Attempts that were refused.
  public private(set) var signals = 0
  private var latest: Timestamp
  /// When the last attempt ended that was refused.
  public var latestSignal: Timestamp { latest }
  private var newestAnnouncement: Timestamp?
  private var acceptedAt: Timestamp?
  /// Whether the quota is one that no waiting of minutes helps against, as its name or else its class has it.
  private(set) var opensAtOnce: Bool
  /// Numbers of the operation names that gave a signal.
  private var operations: Set<Int> = []
  /// From the first signal to the latest of those that it was made of, if it was, in order and apart: what
  /// refused between them is none of its signals.
  private var parts: [ClosedRange<Timestamp>] = []
  /// Operations without a parent that failed with a signal of it as their last attempt.
  private(set) var operationsLost = 0
  /// Signals that began after an end had been announced and before it came.
  private(set) var pointlessAttempts = 0
  /// The same if this is one with the episode before it, whose announcements then count too.
  private var pointlessAfterEarlier = 0
  private var announcements = QuotaAnnouncements()
  private var earlierAnnouncements = QuotaAnnouncements()

  /// - Parameter earlier: the episode before, if it may turn out to be one with this.
  init(_ attempt: QuotaAttempt, _ signal: QuotaSignal, after earlier: QuotaEpisode?) {
    start = attempt.time
    latest = attempt.time
    opensAtOnce = signal.opensAtOnce
    earlierAnnouncements = earlier?.announcements ?? QuotaAnnouncements()
    add(attempt, signal)
  }

  /// The newest announcement, until it has passed: a later signal without one does not revoke it.
  public var announcedEnd: Timestamp? {
    newestAnnouncement.flatMap { $0 >= latest ? $0 : nil }
  }

  /// Its end; as long as no attempt is accepted, the announced one, else 15 minutes after the latest
  /// signal.
  public var end: Timestamp {
    acceptedAt ?? announcedEnd ?? latest.advanced(byMicroseconds: Self.silence)
  }

  /// From its start to its end, in milliseconds.
  public var milliseconds: Double {
    Double(end.microseconds - start.microseconds) / 1000
  }

  /// Nothing tells when it really ended.
  public var isCensored: Bool { acceptedAt == nil }

  /// What comes later has nothing to do with it.
  var waitsUntil: Timestamp {
    (announcedEnd ?? latest).advanced(byMicroseconds: Self.silence)
  }

  var isOpened: Bool {
    opensAtOnce || signals >= Self.opensAtSignals
      || latest.microseconds - start.microseconds >= Self.opensAfter
  }

  /// Takes one more signal; one that comes too late to stand in its place widens the episode.
  mutating func add(_ attempt: QuotaAttempt, _ signal: QuotaSignal) {
    signals += 1
    start = min(start, attempt.time)
    latest = max(latest, attempt.time)
    operations.insert(attempt.operation)
    let own = announcements.end(before: attempt.began)
    if let own, attempt.began < own { pointlessAttempts += 1 }
    if let end = own ?? earlierAnnouncements.end(before: attempt.began), attempt.began < end {
      pointlessAfterEarlier += 1
    }
    if let end = signal.announcedEnd {
      newestAnnouncement = end
      announcements.append(end, at: attempt.time)
    }
  }

  /// Counts an operation that was lost with a signal of this time.
  ///
  /// - Returns: whether that is one of this episode.
  mutating func lose(at time: Timestamp) -> Bool {
    if parts.isEmpty {
      guard start <= time, time <= latest else { return false }
    } else {
      let index = parts.partitioningIndex { time <= $0.upperBound }
      guard index < parts.count, parts[index].contains(time) else { return false }
    }
    operationsLost += 1
    return true
  }

  /// Ends with an attempt like those that were refused that began after them, if this is one.
  ///
  /// - Returns: whether it is.
  mutating func close(with attempt: QuotaAttempt) -> Bool {
    guard attempt.began >= latest, operations.contains(attempt.operation) else { return false }
    acceptedAt = attempt.time
    return true
  }

  /// They are asked for only until it has ended.
  mutating func forgetOperations() {
    operations = []
    earlierAnnouncements = QuotaAnnouncements()
  }

  /// Keeps the parts in order and apart, also where a line came late.
  private mutating func addPart(_ part: ClosedRange<Timestamp>) {
    let first = parts.partitioningIndex { part.lowerBound <= $0.upperBound }
    let end = parts.partitioningIndex { part.upperBound < $0.lowerBound }
    let whole = parts[first..<end].reduce(part) {
      min($0.lowerBound, $1.lowerBound)...max($0.upperBound, $1.upperBound)
    }
    parts.replaceSubrange(first..<end, with: [whole])
  }

  /// Of the earlier half what lies between them is no longer told apart.
  private mutating func joinEarlierParts() {
    let half = parts.prefix(parts.count / 2)
    guard let first = half.first, let last = half.last else { return }
    parts.replaceSubrange(..<half.count, with: [first.lowerBound...last.upperBound])
  }

  func isNear(_ later: QuotaEpisode) -> Bool {
    later.start.microseconds - end.microseconds < Self.apart
  }

  mutating func merge(_ later: QuotaEpisode) {
    if parts.isEmpty { parts = [start...latest] }
    addPart(later.start...later.latest)
    if parts.count > Self.partsMax { joinEarlierParts() }
    start = min(start, later.start)
    latest = max(latest, later.latest)
    signals += later.signals
    newestAnnouncement = later.newestAnnouncement ?? newestAnnouncement
    acceptedAt = later.acceptedAt
    operationsLost += later.operationsLost
    pointlessAttempts += later.pointlessAfterEarlier
    announcements.append(later.announcements)
  }
}

/// The ends that refusals announced, in the order of their times; the newest of them.
private struct QuotaAnnouncements: Sendable {
  private var known: [(time: Timestamp, end: Timestamp)] = []
  /// An attempt is in flight while others announce: no more than this.
  private static let countMax = 1024

  mutating func append(_ end: Timestamp, at time: Timestamp) {
    if known.count == 2 * Self.countMax { known.removeFirst(Self.countMax) }
    known.append((time, end))
  }

  mutating func append(_ later: QuotaAnnouncements) {
    for (time, end) in later.known { append(end, at: time) }
  }

  /// The newest that was made before this time.
  func end(before time: Timestamp) -> Timestamp? {
    let index = known.partitioningIndex { $0.time >= time }
    return index > 0 ? known[index - 1].end : nil
  }
}

/// What quota episodes need of an `attempt` line.
struct QuotaAttempt: Timed, Sendable {
  private(set) var time: Timestamp
  /// Time − latency.
  private(set) var began: Timestamp
  // Narrow: many wait to be put in order.
  private var narrowAccount: UInt32
  private var narrowOperation: UInt32
  /// Nil if it was accepted.
  private(set) var signal: QuotaSignal?

  /// - Parameters:
  ///   - account: number of the provider and account.
  ///   - operation: number of the operation name.
  init(_ event: AttemptEvent, account: Int, operation: Int, signal: QuotaSignal?) {
    time = event.time
    began = event.began
    narrowAccount = UInt32(account)
    narrowOperation = UInt32(operation)
    self.signal = signal
  }

  var account: Int { Int(narrowAccount) }
  var operation: Int { Int(narrowOperation) }
}

extension Array {
  /// The first index from which on a condition holds, of elements that are ordered by it.
  func partitioningIndex(where holds: (Element) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if holds(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

// MARK: - State

extension QuotaEpisode: StateCoded {
  /// What one is read into.
  init() {
    start = .earliest
    latest = .earliest
    opensAtOnce = false
  }

  mutating func code(with coder: inout StateCoder) {
    coder.code(&start)
    coder.code(&signals)
    coder.code(&latest)
    coder.code(&newestAnnouncement)
    coder.code(&acceptedAt)
    coder.code(&opensAtOnce)
    coder.code(&operations)
    coder.code(&parts, blank: .earliest ... .earliest) { part, coder in
      var (first, last) = (part.lowerBound, part.upperBound)
      coder.code(&first)
      coder.code(&last)
      coder.check(first <= last)
      if coder.isReading { part = first...max(first, last) }
    }
    coder.code(&operationsLost)
    coder.code(&pointlessAttempts)
    coder.code(&pointlessAfterEarlier)
    announcements.code(with: &coder)
    earlierAnnouncements.code(with: &coder)
  }
}

extension QuotaAnnouncements {
  fileprivate mutating func code(with coder: inout StateCoder) {
    coder.code(&known, blank: (.earliest, .earliest)) {
      $1.code(&$0.time)
      $1.code(&$0.end)
    }
    coder.check(known.count <= 2 * Self.countMax)
  }
}

extension QuotaAttempt: StateCoded {
  /// What one is read into.
  init() {
    time = .earliest
    began = .earliest
    narrowAccount = 0
    narrowOperation = 0
    signal = nil
  }

  mutating func code(with coder: inout StateCoder) {
    coder.code(&time)
    coder.code(&began)
    coder.code(&narrowAccount)
    coder.code(&narrowOperation)
    coder.code(&signal, blank: .blank) { $0.code(with: &$1) }
  }
}

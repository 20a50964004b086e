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

  public private(set) var start: Timestamp
  /// Attempts that were refused.
  public private(set) var signals = 0
  private var latest: Timestamp
  private var newestAnnouncement: Timestamp?
  private var acceptedAt: Timestamp?
  private let opensAtOnce: Bool
  /// Numbers of the operation names that gave a signal.
  private var operations: Set<Int> = []
  /// The signals in their order, where they are kept.
  private(set) var refusals: [QuotaAttempt] = []

  init(_ attempt: QuotaAttempt, _ signal: QuotaSignal, keepsRefusals: Bool) {
    start = attempt.time
    latest = attempt.time
    opensAtOnce = signal.opensAtOnce
    add(attempt, signal, keepsRefusals: keepsRefusals)
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
  mutating func add(_ attempt: QuotaAttempt, _ signal: QuotaSignal, keepsRefusals: Bool) {
    signals += 1
    start = min(start, attempt.time)
    latest = max(latest, attempt.time)
    operations.insert(attempt.operation)
    if let end = signal.announcedEnd { newestAnnouncement = end }
    if keepsRefusals { refusals.append(attempt) }
  }

  /// Ends with an attempt like those that were refused that began after them, if this is one.
  ///
  /// - Returns: whether it is.
  mutating func close(with attempt: QuotaAttempt) -> Bool {
    guard attempt.began >= latest, operations.contains(attempt.operation) else { return false }
    acceptedAt = attempt.time
    return true
  }

  /// Signals that were begun after an end had been announced and before it came; of those that are
  /// kept.
  var pointlessAttempts: Int {
    let announcements = refusals.compactMap { refusal in
      refusal.signal?.announcedEnd.map { (time: refusal.time, end: $0) }
    }
    return refusals.count { refusal in
      // The newest of those that had been made.
      let newest = announcements.partitioningIndex { $0.time >= refusal.began } - 1
      return newest >= 0 && refusal.began < announcements[newest].end
    }
  }

  /// They are asked for only until it has ended.
  mutating func forgetOperations() {
    operations = []
  }

  func isNear(_ later: QuotaEpisode) -> Bool {
    later.start.microseconds - end.microseconds < Self.apart
  }

  mutating func merge(_ later: QuotaEpisode) {
    start = min(start, later.start)
    latest = max(latest, later.latest)
    signals += later.signals
    newestAnnouncement = later.newestAnnouncement ?? newestAnnouncement
    acceptedAt = later.acceptedAt
    refusals += later.refusals
  }
}

/// What quota episodes need of an `attempt` line.
struct QuotaAttempt: Sendable {
  let time: Timestamp
  /// Time − latency.
  let began: Timestamp
  /// Number of the provider and account.
  let account: Int
  /// Number of the operation name.
  let operation: Int
  /// Nil if it was accepted.
  let signal: QuotaSignal?
  /// Its place in reading order.
  let place: Int

  init(_ event: AttemptEvent, account: Int, operation: Int, signal: QuotaSignal?, place: Int) {
    time = event.time
    began = event.time.advanced(byMilliseconds: -event.latencyMilliseconds)
    self.account = account
    self.operation = operation
    self.signal = signal
    self.place = place
  }

  /// Order of events: by time, in reading order where times are equal.
  static func precedes(_ one: Self, _ other: Self) -> Bool {
    (one.time, one.place) < (other.time, other.place)
  }
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

import AttemptLog

/// Operations that began and whose end has not been read.
struct OpenOperations: Sendable {
  /// Silence beyond the planned backoff after which an operation is abandoned.
  static let graceMicroseconds: Int64 = 15 * 60 * Timestamp.microsecondsPerSecond

  typealias ID = ByteHasher.Key

  /// What is known of one, from the lines of its own and of those that serve it.
  struct Entry: Sendable {
    /// Numbers of the scope and the parent of its earliest line.
    var scope: Int
    var hasParent: Bool
    var firstLine: Timestamp
    /// An attempt's time − latency, or an `attempt_start`'s time: the earliest.
    var started: Timestamp
    var lastLine: Timestamp
    var lastWriter: Int
    /// The end of the planned sleep, if the last line is an attempt that will be retried.
    var plannedUntil: Timestamp?
    /// Lines of operations below it count.
    var lastSign: Timestamp
    var attempts: Int64 = 0
    var isRetried = false
    /// A line says that it goes on; without one only its end was seen.
    var hasBegun = false
  }

  enum State: Sendable {
    case attempting, backingOff
  }

  private var entries: [ID: Entry] = [:]
  private var finished: RecentIDs
  /// Operations that were counted as abandoned; one that goes on is open again, but is not counted
  /// so a second time.
  private var abandoned: RecentIDs
  private var goneWriters: Set<Int> = []
  private var writerOfProcess: [Process: (writer: Int, time: Timestamp)] = [:]

  private struct Process: Hashable {
    var host: String
    var pid: Int64
  }

  /// - Parameter finishedMax: of how many ended operations late lines are recognised.
  init(finishedMax: Int) {
    finished = RecentIDs(capacity: finishedMax)
    abandoned = RecentIDs(capacity: finishedMax)
  }

  /// Notes a line of an operation.
  mutating func note(_ id: ID, _ line: Line) {
    if finished.contains(id) { return }
    var entry =
      entries[id]
      ?? Entry(
        scope: line.scope, hasParent: line.parent != nil, firstLine: line.time,
        started: line.started, lastLine: line.time, lastWriter: line.writer, lastSign: line.time)
    if line.time < entry.firstLine {
      entry.scope = line.scope
      entry.hasParent = line.parent != nil
      entry.firstLine = line.time
    }
    entry.started = min(entry.started, line.started)
    if line.time >= entry.lastLine {
      entry.lastLine = line.time
      entry.lastWriter = line.writer
      entry.plannedUntil = line.plannedUntil
    }
    entry.lastSign = max(entry.lastSign, line.time)
    entry.attempts += line.isAttempt ? 1 : 0
    entry.isRetried = entry.isRetried || line.number > 1
    entry.hasBegun = entry.hasBegun || !line.isAttempt || line.plannedUntil != nil
    entries[id] = entry
  }

  /// A line that names this operation as the one it serves.
  mutating func noteSignOfLife(_ id: ID, at time: Timestamp) {
    guard let sign = entries[id]?.lastSign, time > sign else { return }
    entries[id]?.lastSign = time
  }

  mutating func finish(_ id: ID) {
    entries[id] = nil
    finished.insert(id)
  }

  mutating func writerStopped(_ writer: Int) {
    goneWriters.insert(writer)
  }

  /// A process id that goes to another writer took it from one that is gone.
  mutating func writerStarted(_ writer: Int, host: String, pid: Int64, at time: Timestamp) {
    let process = Process(host: host, pid: pid)
    guard let known = writerOfProcess[process], known.writer != writer else {
      writerOfProcess[process] = (writer, time)
      return
    }
    goneWriters.insert(time < known.time ? writer : known.writer)
    if time >= known.time { writerOfProcess[process] = (writer, time) }
  }

  /// One line of an operation.
  struct Line {
    var scope: Int
    var parent: ID?
    var time: Timestamp
    var started: Timestamp
    var writer: Int
    var isAttempt: Bool
    var number: Int64
    var plannedUntil: Timestamp?
  }
}

// MARK: - Judging

extension OpenOperations {
  /// Takes out the operations that are abandoned at this time, in the order of their last signs of
  /// life, and forgets those of which only the end was seen.
  mutating func takeAbandoned(at now: Timestamp) -> [Entry] {
    var taken: [Entry] = []
    for (id, entry) in entries where isAbandoned(entry, at: now) {
      entries[id] = nil
      guard entry.hasBegun, !abandoned.contains(id) else { continue }
      abandoned.insert(id)
      taken.append(entry)
    }
    return taken.sorted {
      ($0.lastSign, $0.scope, $0.attempts) < ($1.lastSign, $1.scope, $1.attempts)
    }
  }

  /// The operations that are open, as the gauges show them.
  func open(at now: Timestamp) -> [(entry: Entry, state: State)] {
    entries.values.filter { $0.hasBegun && !isAbandoned($0, at: now) }.map {
      let isBackingOff = $0.plannedUntil.map { now < $0 } ?? false
      return ($0, isBackingOff ? .backingOff : .attempting)
    }
  }

  private func isAbandoned(_ entry: Entry, at now: Timestamp) -> Bool {
    if goneWriters.contains(entry.lastWriter) { return true }
    let waitsUntil = max(entry.lastSign, entry.plannedUntil ?? entry.lastLine)
    return now > waitsUntil.advanced(byMicroseconds: Self.graceMicroseconds)
  }
}

/// The ids seen last, as many as there is room for.
struct RecentIDs: Sendable {
  private let capacity: Int
  private var known: Set<ByteHasher.Key> = []
  private var order: [ByteHasher.Key] = []
  private var oldest = 0

  init(capacity: Int) {
    self.capacity = capacity
  }

  func contains(_ id: ByteHasher.Key) -> Bool {
    known.contains(id)
  }

  mutating func insert(_ id: ByteHasher.Key) {
    guard known.insert(id).inserted, capacity < .max else { return }
    if order.count < capacity {
      order.append(id)
    } else {
      known.remove(order[oldest])
      order[oldest] = id
      oldest = (oldest + 1) % capacity
    }
  }
}

import AttemptLog

/// The operations that have not ended, and those that ended last, with the attempts of them that are
/// not counted yet.
///
/// Late lines find their operation as long as it is here. Memory is bounded: where too many are open,
/// the one whose last line is longest ago is given up.
struct OperationTable: Sendable {
  /// Silence beyond the planned backoff after which an operation is abandoned.
  static let graceMicroseconds: Int64 = 15 * 60 * Timestamp.microsecondsPerSecond

  typealias ID = ByteHasher.Key

  /// How much is remembered.
  struct Limits: Sendable {
    /// Operations that ended, or were abandoned: late lines of so many are recognised.
    var endedMax = 1 << 15
    var openMax = 1 << 16
    /// Attempts that wait until their operation is forgotten.
    var attemptsMax = 1 << 17
    /// Processes whose writer is remembered.
    var processesMax = 1 << 16
  }

  /// What is known of one, from the lines of its own and of those that serve it.
  struct Entry: Sendable {
    /// Of its earliest line: the number of its pair, and whether it has a parent.
    fileprivate var narrowScope: UInt32
    fileprivate var kept = AttemptStore.List()
    fileprivate var link = PlaceList.Link()
    /// + 1, or 0 for one that is not followed.
    fileprivate var lastWriterPlusOne: UInt32
    var attempts: Int64 = 0
    fileprivate var firstLine: Timestamp
    /// An attempt's time − latency, or an `attempt_start`'s time: the earliest.
    fileprivate(set) var started: Timestamp
    fileprivate var lastLine: Timestamp
    /// The end of the planned sleep, if the last line is an attempt that will be retried; else the
    /// earliest of all times.
    fileprivate var plannedUntil = Timestamp.earliest
    /// Lines of operations below it count.
    fileprivate(set) var lastSign: Timestamp
    fileprivate var endTime = Timestamp.earliest
    fileprivate var hasEnd = false
    fileprivate var isLost = false
    fileprivate(set) var hasParent: Bool
    fileprivate(set) var isRetried = false
    /// A line says that it goes on; without one only its end was seen.
    fileprivate var hasBegun = false
    /// If it goes on it is open again, but is not counted so a second time.
    fileprivate var isCountedAbandoned = false
    /// Its end may have been read and forgotten before its first line came.
    fileprivate var mayHaveEnded = false
    fileprivate var life = Life.open

    fileprivate init(_ line: Line) {
      narrowScope = UInt32(line.scope)
      hasParent = line.hasParent
      firstLine = line.time
      started = line.started
      lastLine = line.time
      lastWriterPlusOne = line.writer.map { UInt32($0 + 1) } ?? 0
      lastSign = line.time
    }

    var scope: Int { Int(narrowScope) }
    /// As its last `operation` line has it.
    var end: OperationEnd? { hasEnd ? OperationEnd(time: endTime, isLost: isLost) : nil }
  }

  fileprivate enum Life {
    case open, ended, abandoned
  }

  private let limits: Limits
  private var places: PlacesByKey
  private var entries: [Entry] = []
  private var freePlaces: [Int] = []
  /// In the order of their last lines as they were read.
  private var open = PlaceList()
  /// In the order in which they ended.
  private var ended = PlaceList()
  private var attempts = AttemptStore()
  private var goneWriters: Set<Int> = []
  private var writerOfProcess: [ID: (writer: Int, time: Timestamp)] = [:]
  /// The end of the one that was forgotten last.
  private var forgottenUntil = Timestamp.earliest
  /// Operations that were given up because too many were open.
  private(set) var givenUp = 0
  /// Operations without an end whose lines came so late that it may have been forgotten.
  private(set) var undecided = 0

  init(limits: Limits = Limits()) {
    self.limits = limits
    // Growing would need twice the memory for a moment; what is not used costs none.
    places = PlacesByKey(capacity: limits.endedMax)
    entries.reserveCapacity(limits.endedMax)
  }

  /// One line of an operation.
  struct Line {
    var scope: Int
    var hasParent: Bool
    var time: Timestamp
    var started: Timestamp
    var writer: Int?
    var isAttempt: Bool
    var number: Int64
    var plannedUntil: Timestamp?
  }
}

// MARK: - Reading

extension OperationTable {
  /// Notes a line of an operation, and keeps the attempt until the operation is forgotten.
  ///
  /// - Returns: whether there was room for it.
  mutating func note(_ id: ID, _ line: Line, keeping attempt: KeptAttempt? = nil) -> Bool {
    let place = places.place(of: id) ?? add(id, line)
    defer { followOn(place, line) }
    guard let attempt else { return true }
    guard attempts.count < limits.attemptsMax else { return false }
    attempts.append(attempt, to: &entries[place].kept)
    return true
  }

  private mutating func followOn(_ place: Int, _ line: Line) {
    guard entries[place].life != .ended else { return }
    if entries[place].life == .abandoned {
      entries[place].life = .open
      ended.remove(place, &entries)
    } else {
      open.remove(place, &entries)
    }
    open.append(place, &entries)
    entries[place].note(line)
  }

  private mutating func add(_ id: ID, _ line: Line) -> Int {
    var entry = Entry(line)
    entry.mayHaveEnded = line.time <= forgottenUntil
    let place = freePlaces.popLast() ?? entries.count
    if place == entries.count { entries.append(entry) } else { entries[place] = entry }
    places.insert(id, at: place)
    open.append(place, &entries)
    return place
  }

  /// A line that names this operation as the one it serves.
  mutating func noteSignOfLife(_ id: ID, at time: Timestamp) {
    guard let place = places.place(of: id), time > entries[place].lastSign else { return }
    entries[place].lastSign = time
  }

  /// Its `operation` line; of several the last counts.
  mutating func finish(_ id: ID, _ end: OperationEnd, scope: Int, hasParent: Bool) {
    let place =
      places.place(of: id)
      ?? add(
        id,
        Line(
          scope: scope, hasParent: hasParent, time: end.time, started: end.time, writer: nil,
          isAttempt: false, number: 1))
    entries[place].hasEnd = true
    entries[place].endTime = end.time
    entries[place].isLost = end.isLost
    switch entries[place].life {
    case .ended: return
    case .abandoned: ended.remove(place, &entries)
    case .open: open.remove(place, &entries)
    }
    entries[place].life = .ended
    ended.append(place, &entries)
  }

  mutating func writerStopped(_ writer: Int) {
    goneWriters.insert(writer)
  }

  /// A process id that goes to another writer took it from one that is gone.
  mutating func writerStarted(_ writer: Int, process: ID, at time: Timestamp) {
    guard let known = writerOfProcess[process], known.writer != writer else {
      // Who is forgotten is known to be gone by its silence.
      if writerOfProcess.count >= limits.processesMax { writerOfProcess = [:] }
      writerOfProcess[process] = (writer, time)
      return
    }
    goneWriters.insert(time < known.time ? writer : known.writer)
    if time >= known.time { writerOfProcess[process] = (writer, time) }
  }
}

extension OperationTable.Entry {
  fileprivate mutating func note(_ line: OperationTable.Line) {
    if line.time < firstLine {
      narrowScope = UInt32(line.scope)
      hasParent = line.hasParent
      firstLine = line.time
    }
    started = min(started, line.started)
    if line.time >= lastLine {
      lastLine = line.time
      lastWriterPlusOne = line.writer.map { UInt32($0 + 1) } ?? 0
      plannedUntil = line.plannedUntil ?? .earliest
    }
    lastSign = max(lastSign, line.time)
    attempts += line.isAttempt ? 1 : 0
    isRetried = isRetried || line.number > 1
    hasBegun = hasBegun || !line.isAttempt || line.plannedUntil != nil
  }
}

// MARK: - Judging

extension OperationTable {
  enum State: Sendable {
    case attempting, backingOff
  }

  /// The operations that turn out to be abandoned at this time, in the order of their last signs of
  /// life; those of which only the end was seen are forgotten.
  mutating func takeAbandoned(at now: Timestamp, _ settle: Settle) -> [Entry] {
    var taken: [Entry] = []
    for place in open.places(entries) where isAbandoned(entries[place], at: now) {
      guard entries[place].hasBegun else {
        forget(place, settle)
        continue
      }
      if entries[place].mayHaveEnded {
        undecided += entries[place].isCountedAbandoned ? 0 : 1
      } else if !entries[place].isCountedAbandoned {
        taken.append(entries[place])
      }
      open.remove(place, &entries)
      entries[place].isCountedAbandoned = true
      entries[place].life = .abandoned
      ended.append(place, &entries)
    }
    return taken.sorted {
      ($0.lastSign, $0.scope, $0.attempts) < ($1.lastSign, $1.scope, $1.attempts)
    }
  }

  /// The operations that are open, as the gauges show them.
  func open(at now: Timestamp) -> [(entry: Entry, state: State)] {
    open.places(entries).compactMap { place in
      let entry = entries[place]
      guard entry.hasBegun, !isAbandoned(entry, at: now) else { return nil }
      return (entry, now < entry.plannedUntil ? .backingOff : .attempting)
    }
  }

  private func isAbandoned(_ entry: Entry, at now: Timestamp) -> Bool {
    if goneWriters.contains(Int(entry.lastWriterPlusOne) - 1) { return true }
    let waitsUntil = max(entry.lastSign, entry.plannedUntil)
    return now > waitsUntil.advanced(byMicroseconds: Self.graceMicroseconds)
  }
}

// MARK: - Forgetting

extension OperationTable {
  /// What is done with an operation that is forgotten, and with its attempts in the order in which they
  /// were read.
  typealias Settle = (_ entry: Entry, _ isGivenUp: Bool, _ attempts: KeptAttempts) -> Void

  var isFull: Bool {
    ended.count > limits.endedMax || open.count > limits.openMax
      || attempts.count >= limits.attemptsMax
  }

  /// Forgets what is beyond the limits, the oldest first.
  mutating func trim(_ settle: Settle) {
    while ended.count > limits.endedMax || attempts.count >= limits.attemptsMax,
      let place = ended.first
    {
      forget(place, settle)
    }
    while open.count > limits.openMax, let place = open.first {
      let isGivenUp =
        entries[place].hasBegun && !entries[place].isCountedAbandoned
        && !entries[place].mayHaveEnded
      if isGivenUp { givenUp += 1 }
      forget(place, isGivenUp: isGivenUp, settle)
    }
  }

  /// Forgets all.
  mutating func forgetAll(_ settle: Settle) {
    while let place = ended.first ?? open.first { forget(place, settle) }
  }

  private mutating func forget(_ place: Int, isGivenUp: Bool = false, _ settle: Settle) {
    settle(entries[place], isGivenUp, KeptAttempts(attempts, entries[place].kept))
    if entries[place].hasEnd { forgottenUntil = entries[place].endTime }
    if entries[place].life == .open {
      open.remove(place, &entries)
    } else {
      ended.remove(place, &entries)
    }
    attempts.remove(&entries[place].kept)
    places.remove(at: place)
    freePlaces.append(place)
  }
}

// MARK: - Lists

/// Places of entries in an order, linked through the entries.
private struct PlaceList: Sendable {
  struct Link: Sendable {
    var previous: UInt32 = 0
    var next: UInt32 = 0
  }

  // A place + 1, or 0 for none.
  private var head: UInt32 = 0
  private var tail: UInt32 = 0
  private(set) var count = 0

  var first: Int? { head == 0 ? nil : Int(head) - 1 }

  mutating func append(_ place: Int, _ entries: inout [OperationTable.Entry]) {
    let own = UInt32(place + 1)
    entries[place].link = Link(previous: tail, next: 0)
    if tail == 0 { head = own } else { entries[Int(tail) - 1].link.next = own }
    tail = own
    count += 1
  }

  mutating func remove(_ place: Int, _ entries: inout [OperationTable.Entry]) {
    let link = entries[place].link
    if link.previous == 0 {
      head = link.next
    } else {
      entries[Int(link.previous) - 1].link.next = link.next
    }
    if link.next == 0 {
      tail = link.previous
    } else {
      entries[Int(link.next) - 1].link.previous = link.previous
    }
    count -= 1
  }

  func places(_ entries: [OperationTable.Entry]) -> [Int] {
    var places: [Int] = []
    places.reserveCapacity(count)
    var next = head
    while next != 0 {
      places.append(Int(next) - 1)
      next = entries[Int(next) - 1].link.next
    }
    return places
  }
}

// MARK: - State

extension OperationTable {
  /// The operations in the order of their lists, without attempts that are kept: there are none where
  /// attempts are counted at once.
  ///
  /// - Parameter scopeCount: how many pairs there are.
  mutating func code(with coder: inout StateCoder, scopeCount: Int) {
    precondition(attempts.count == 0, "\(attempts.count) attempts would be lost")
    code(\.ended, with: &coder, scopeCount: scopeCount)
    code(\.open, with: &coder, scopeCount: scopeCount)
    coder.code(&goneWriters)
    var processes = writerOfProcess.map { ($0.key, $0.value.writer, $0.value.time) }
      .sorted { $0.0.isOrdered(before: $1.0) }
    coder.code(&processes, blank: (.zero, 0, .earliest)) {
      $1.code(&$0.0)
      $1.code(&$0.1)
      $1.code(&$0.2)
    }
    coder.code(&givenUp)
    coder.code(&undecided)
    coder.code(&forgottenUntil)
    guard coder.isReading else { return }
    writerOfProcess = [:]
    for (process, writer, time) in processes { writerOfProcess[process] = (writer, time) }
    coder.check(writerOfProcess.count == processes.count)
  }

  private mutating func code(
    _ list: WritableKeyPath<Self, PlaceList>, with coder: inout StateCoder, scopeCount: Int
  ) {
    let isOpen = list == \.open
    var coded = self[keyPath: list].places(entries).map { (places.key(at: $0), entries[$0]) }
    let line = Line(
      scope: 0, hasParent: false, time: .earliest, started: .earliest, isAttempt: false, number: 1)
    coder.code(&coded, blank: (.zero, Entry(line))) { pair, coder in
      coder.code(&pair.0)
      pair.1.code(with: &coder)
      coder.check(pair.1.scope < scopeCount && (pair.1.life == .open) == isOpen)
    }
    guard coder.isReading else { return }
    for (id, entry) in coded {
      let isNew = places.place(of: id) == nil
      coder.check(isNew)
      guard isNew else { return }
      places.insert(id, at: entries.count)
      entries.append(entry)
      var rest = self[keyPath: list]
      rest.append(entries.count - 1, &entries)
      self[keyPath: list] = rest
    }
  }
}

extension OperationTable.Entry {
  fileprivate mutating func code(with coder: inout StateCoder) {
    coder.code(&narrowScope)
    coder.code(&lastWriterPlusOne)
    coder.code(&attempts, max: Int64(StateCoder.countMax))
    coder.code(&firstLine)
    coder.code(&started)
    coder.code(&lastLine)
    coder.code(&plannedUntil)
    coder.code(&lastSign)
    coder.code(&endTime)
    coder.code(&hasEnd)
    coder.code(&isLost)
    coder.code(&hasParent)
    coder.code(&isRetried)
    coder.code(&hasBegun)
    coder.code(&isCountedAbandoned)
    coder.code(&mayHaveEnded)
    var isOpen = life == .open
    var isAbandoned = life == .abandoned
    coder.code(&isOpen)
    coder.code(&isAbandoned)
    coder.check(!(isOpen && isAbandoned))
    if coder.isReading { life = isOpen ? .open : isAbandoned ? .abandoned : .ended }
  }
}

extension ByteHasher.Key {
  fileprivate func isOrdered(before other: Self) -> Bool { (low, high) < (other.low, other.high) }
}

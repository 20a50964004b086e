public import AttemptLog

/// What was read of the log itself, whatever it told.
public struct LogLedger: Sendable {
  private var kinds = Table<RecordKind, Int>(repeating: 0)
  public private(set) var rejected: [RejectionReason: Int] = [:]
  /// Values outside a closed set, by key.
  public private(set) var unmapped: [Key: Int] = [:]
  /// Losses that writers reported.
  public private(set) var dropped: Int64 = 0
  /// The same by reason, and how often it was reported: a report of 0 lines says that an unknown
  /// number may be gone.
  public private(set) var losses: [DropReason: (reports: Int, lines: Int64)] = [:]
  /// Event times of the record that was read first, and of the newest.
  public private(set) var firstRecord: Timestamp?
  public private(set) var lastRecord: Timestamp?
  /// Accepted lines whose numbers were not looked at, as there was no room to remember them.
  public private(set) var unchecked = 0
  /// How often the clock of a writer was set back.
  ///
  /// A line is older than the one before it by more than `clockStepMin`. Of what was read since the
  /// start; no state has it.
  public private(set) var clockSteps = 0

  /// Threads of a writer take their times in another order than their numbers, but not so far apart.
  public static let clockStepMin: Int64 = 10 * Timestamp.microsecondsPerSecond
  /// Writers whose clocks are looked at.
  static let clocksMax = 1 << 16
  /// By the number of the writer: the line with its highest number.
  private var newest: [(seq: Int64, time: Timestamp)] = []

  private let limits: Limits
  private var writers: WriterNames
  private var sequences: [SequenceSet] = []
  /// Ranges of missing numbers, of all writers.
  private(set) var gapCount = 0
  /// Of the few writers that have any.
  private var repeats: [Int: Int] = [:]
  private var droppedByWriter: [Int: Int64] = [:]

  /// How much is remembered of writers.
  struct Limits: Sendable {
    var writersMax = Int.max
    /// Ranges of missing numbers, of all writers.
    var gapsMax = Int.max

    /// What takes less than 100 MiB.
    static var mostWriters: Self { Self(writersMax: 1 << 20, gapsMax: 1 << 18) }
  }

  /// - Parameter hasher: that of the readers.
  init(limits: Limits = Limits(), hasher: ByteHasher) {
    self.limits = limits
    writers = WriterNames(capacity: limits.writersMax, hasher: hasher)
  }

  /// The keys whose values outside their closed set are counted.
  public static let restrictedKeys: [Key] = [
    .decision, .errorClass, .outcome, .retryReason, .sleptSource,
  ]

  /// Accepted lines of each kind that was met.
  public var records: [RecordKind: Int] {
    RecordKind.allCases.reduce(into: [:]) { $0[$1] = kinds[$1] > 0 ? kinds[$1] : nil }
  }
  /// Accepted lines, those of unknown kinds included.
  public var recordCount: Int { RecordKind.allCases.reduce(0) { $0 + kinds[$1] } }
  public var duplicates: Int { rejected[.duplicate, default: 0] }
  /// Lines that were rejected for another reason than being there twice.
  public var damaged: Int { rejected.values.reduce(0, +) - duplicates }

  /// How often a writer saw that somebody else had cut its file.
  public var truncations: Int { losses[.truncatedByOthers]?.reports ?? 0 }

  /// Lines were rejected or are missing, or may be.
  public var isIncomplete: Bool { damaged > 0 || missing > 0 || dropped > 0 || truncations > 0 }

  /// Numbers that no accepted line has, between the lowest and the highest of each writer.
  public var missing: Int64 {
    sequences.reduce(0) { $0.addingSaturated($1.missing) }
  }

  /// The number of a line's writer; nil if there is no room for another.
  mutating func writer(
    _ event: LogEvent, _ names: LineNames, _ map: inout NameMap
  ) -> Int? {
    let number = map.writers.number(of: event.writer) {
      writers.number(known: names.writers.id(event.writer)) ?? .max
    }
    return number == .max ? nil : number
  }

  /// Counts a line, unless it was read before.
  ///
  /// - Parameter writer: nil if there is no room for it; its numbers are not looked at.
  /// - Returns: false if it was read before.
  mutating func accept(_ event: LogEvent, writer: Int?) -> Bool {
    if let writer {
      guard check(event.seq, writer: writer) else { return false }
      if writer < Self.clocksMax { noteClock(event, writer: writer) }
    } else {
      unchecked += 1
    }
    kinds[event.kind] += 1
    if firstRecord == nil { firstRecord = event.time }
    lastRecord = max(lastRecord ?? event.time, event.time)
    if !event.unmapped.isEmpty { countUnmapped(event.unmapped) }
    return true
  }

  /// Whether a number is new, or there is no room to tell.
  private mutating func check(_ number: Int64, writer: Int) -> Bool {
    while writer >= sequences.count { sequences.append(SequenceSet()) }
    let gapsBefore = sequences[writer].gaps.count
    let gapsMax = gapsBefore + (limits.gapsMax - gapCount)
    switch sequences[writer].insert(number, gapsMax: gapsMax) {
    case .new: gapCount += sequences[writer].gaps.count - gapsBefore
    case .noRoom: unchecked += 1
    case .repeated:
      rejected[.duplicate, default: 0] += 1
      repeats[writer, default: 0] += 1
      return false
    }
    return true
  }

  private mutating func noteClock(_ event: LogEvent, writer: Int) {
    // What a writer tells of itself overtakes the lines that wait.
    guard [.attempt, .attemptStart, .operation].contains(event.kind) else { return }
    while writer >= newest.count { newest.append((0, .earliest)) }
    let (seq, time) = newest[writer]
    guard event.seq > seq else { return }
    if event.time.advanced(byMicroseconds: Self.clockStepMin) < time { clockSteps += 1 }
    newest[writer] = (event.seq, event.time)
  }

  private mutating func countUnmapped(_ keys: UnmappedKeys) {
    for (index, key) in Self.restrictedKeys.enumerated() where keys.contains(.key(at: index)) {
      unmapped[key, default: 0] += 1
    }
  }

  /// Counts the losses that a `dropped` line reports.
  mutating func countLoss(_ event: LogEvent, _ reason: DropReason, writer: Int?) {
    let count = event.number
    dropped = dropped.addingSaturated(count)
    let before = losses[reason, default: (0, 0)]
    losses[reason] = (before.reports + 1, before.lines.addingSaturated(count))
    if let writer {
      droppedByWriter[writer] = droppedByWriter[writer, default: 0].addingSaturated(count)
    }
  }

  mutating func reject(_ reason: RejectionReason, count: Int = 1) {
    rejected[reason, default: 0] += count
  }
}

// MARK: - By writer

extension LogLedger {
  /// What is wrong with the numbers of one writer.
  public struct WriterLosses: Equatable, Sendable {
    public let writer: String
    /// Numbers between its lowest and its highest that no accepted line has.
    public let missing: Int64
    /// The first of them as ranges.
    public let gaps: [ClosedRange<Int64>]
    /// Of all of them.
    public let gapCount: Int
    /// Lines rejected as duplicates.
    public let repeated: Int
    /// Losses that it reported itself.
    public let dropped: Int64
  }

  /// The writers with missing or repeated lines or reported losses, those with most first, and how
  /// many there are in all.
  public func losses(writersMax: Int, gapsMax: Int) -> (writers: [WriterLosses], count: Int) {
    let concerned = sequences.indices.filter {
      sequences[$0].missing > 0 || repeats[$0] != nil || droppedByWriter[$0, default: 0] > 0
    }
    let sorted = concerned.sorted { (weight($1), $0) < (weight($0), $1) }
    let listed = sorted.prefix(writersMax).map { writer in
      let set = sequences[writer]
      return WriterLosses(
        writer: writers.name(writer), missing: set.missing,
        gaps: set.gaps.prefix(gapsMax), gapCount: set.gaps.count,
        repeated: repeats[writer, default: 0], dropped: droppedByWriter[writer, default: 0])
    }
    return (listed, concerned.count)
  }

  private func weight(_ writer: Int) -> Int64 {
    sequences[writer].missing.addingSaturated(Int64(repeats[writer, default: 0]))
      .addingSaturated(droppedByWriter[writer, default: 0])
  }
}

extension Int64 {
  /// The sum of two amounts that are not negative, or the largest number.
  func addingSaturated(_ other: Int64) -> Int64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}

// MARK: - State

extension LogLedger: StateCoded {
  mutating func code(with coder: inout StateCoder) {
    kinds.code(with: &coder) { $1.code(&$0) }
    coder.code(&rejected, of: RejectionReason.allCases)
    coder.code(&unmapped, of: Self.restrictedKeys)
    coder.code(&dropped, max: .max)
    for reason in DropReason.allCases {
      coder.code(&losses[reason], blank: (0, 0)) {
        $1.code(&$0.reports)
        $1.code(&$0.lines, max: .max)
      }
    }
    coder.code(&firstRecord)
    coder.code(&lastRecord)
    coder.code(&unchecked)
    writers.code(with: &coder)
    coder.code(&sequences, blank: SequenceSet()) { $0.code(with: &$1) }
    coder.code(&repeats, blank: 0) { $1.code(&$0) }
    coder.code(&droppedByWriter, blank: 0) { $1.code(&$0, max: .max) }
    guard coder.isReading else { return }
    gapCount = sequences.reduce(0) { $0 + $1.gaps.count }
    let numbersMax = (sequences.count, repeats.keys.max() ?? -1, droppedByWriter.keys.max() ?? -1)
    coder.check(numbersMax.0 <= writers.count)
    coder.check(numbersMax.1 < sequences.count && numbersMax.2 < sequences.count)
  }
}

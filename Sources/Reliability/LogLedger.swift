public import AttemptLog

/// What was read of the log itself, whatever it told.
public struct LogLedger: Sendable {
  public private(set) var records: [RecordKind: Int] = [:]
  public private(set) var rejected: [RejectionReason: Int] = [:]
  /// Values outside a closed set, by key.
  public private(set) var unmapped: [Key: Int] = [:]
  /// Losses that writers reported.
  public private(set) var dropped: Int64 = 0
  /// Event time of the newest record.
  public private(set) var lastRecord: Timestamp?

  private var writers = Interner()
  private var sequences: [SequenceSet] = []

  public init() {}

  /// The keys whose values outside their closed set are counted.
  public static let restrictedKeys: [Key] = [
    .decision, .errorClass, .outcome, .retryReason, .sleptSource,
  ]

  /// Accepted lines, those of unknown kinds included.
  public var recordCount: Int { records.values.reduce(0, +) }
  public var duplicates: Int { rejected[.duplicate, default: 0] }
  /// Lines that were rejected for another reason than being there twice.
  public var damaged: Int { rejected.values.reduce(0, +) - duplicates }

  /// Numbers that no accepted line has, between the lowest and the highest of each writer.
  public var missing: Int64 {
    sequences.reduce(0) { sum, set in
      let (total, overflow) = sum.addingReportingOverflow(set.missing)
      return overflow ? .max : total
    }
  }

  /// Counts an accepted line; nil if it was read before, else the number of its writer.
  mutating func accept(_ fields: LineScanner, _ line: Span<UInt8>) -> Int? {
    guard let writer = fields.withText(.writer, in: line, { writers.number($0) }) ?? nil else {
      return nil
    }
    if writer == sequences.count { sequences.append(SequenceSet()) }
    guard sequences[writer].insert(fields.seq) else {
      rejected[.duplicate, default: 0] += 1
      return nil
    }
    records[fields.kind, default: 0] += 1
    lastRecord = max(lastRecord ?? fields.time, fields.time)
    if fields.kind == .dropped, let count = fields.count(.count, in: line) {
      let (sum, overflow) = dropped.addingReportingOverflow(count)
      dropped = overflow ? .max : sum
    }
    return writer
  }

  mutating func reject(_ reason: RejectionReason) {
    rejected[reason, default: 0] += 1
  }

  /// The value of a key that is restricted to a closed set; an unknown one is counted.
  mutating func member<Set: ClosedSet>(
    _ key: Key, of set: Set.Type, _ fields: LineScanner, _ line: Span<UInt8>
  ) -> Set? {
    let member = fields.member(key, of: set, in: line)
    if case .unmapped = member { unmapped[key, default: 0] += 1 }
    return member.value
  }
}

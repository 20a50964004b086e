public import AttemptLog

/// What a parser said about a log, kept for a test to look at.
public struct CollectedRecords: RecordSink, Sendable {
  public private(set) var records: [Record] = []
  public private(set) var unknownKinds = 0
  public private(set) var rejections: [Rejection] = []
  public private(set) var positions: [LinePosition] = []

  public struct Rejection: Equatable, Sendable {
    public var error: LineError
    public var position: LinePosition
  }

  public init() {}

  public var seqs: [Int64] { records.map(\.seq) }
  public var reasons: [RejectionReason] { rejections.map(\.error.reason) }

  public mutating func accept(
    _ fields: LineScanner, _ line: Span<UInt8>, at position: LinePosition
  ) {
    positions.append(position)
    if let record = Record(fields, line) {
      records.append(record)
    } else {
      unknownKinds += 1
    }
  }

  public mutating func reject(
    _ error: LineError, _ line: Span<UInt8>, at position: LinePosition
  ) {
    rejections.append(Rejection(error: error, position: position))
  }
}

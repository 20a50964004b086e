public import AttemptLog

/// What a parser said about a log, kept for a test to look at.
public struct CollectedRecords: RecordSink, Sendable {
  public private(set) var records: [Record] = []
  public private(set) var unknownKinds = 0
  public private(set) var rejections: [Rejection] = []
  public private(set) var positions: [LinePosition] = []
  /// The numbers of lines of white space alone.
  public private(set) var blankLines: [Int] = []

  public struct Rejection: Equatable, Sendable {
    public var error: LineError
    public var position: LinePosition
    /// How the line begins, 64 bytes of it.
    public var head: String
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
    let head = String(utf8: line.extracting(first: 64))
    rejections.append(Rejection(error: error, position: position, head: head))
  }

  public mutating func passBlankLine(at position: LinePosition) {
    blankLines.append(position.line)
  }
}

public import AttemptLog

/// One thing that is wrong with a log, and where.
public enum Finding: Sendable {
  case line(RejectedLine)
  /// A file of which the rest cannot be read.
  case file(LogReadError)
}

/// A line that was not counted.
public struct RejectedLine: Sendable {
  /// Of the file.
  public let path: String
  public let position: LinePosition
  public let cause: Cause
  public let excerpt: Excerpt

  public enum Cause: Sendable {
    case rejected(LineError)
    /// A line with this writer and `seq` was read before.
    case duplicate(writer: String, seq: Int64)

    public var reason: RejectionReason {
      switch self {
      case .rejected(let error): error.reason
      case .duplicate: .duplicate
      }
    }
  }

  init(path: String, position: LinePosition, cause: Cause, line: Span<UInt8>) {
    self.path = path
    self.position = position
    self.cause = cause
    guard case .rejected(let error) = cause else {
      excerpt = Excerpt(of: line, around: 0)
      return
    }
    excerpt = Excerpt(of: line, around: error.offset ?? 0)
  }
}

/// A few bytes of a line, as they are there: untrusted.
public struct Excerpt: Sendable {
  public static let bytesMax = 96
  /// What is shown in front of the place of interest.
  static let bytesBefore = 32

  public let bytes: [UInt8]
  /// Whether the line begins before these bytes.
  public let isCutBefore: Bool
  /// Whether it goes on behind them.
  public let isCutBehind: Bool

  /// - Parameter offset: the byte of the line that matters.
  init(of line: Span<UInt8>, around offset: Int) {
    // As much as there is room for, if the place is near the end.
    var start = max(0, min(offset - Self.bytesBefore, line.count - Self.bytesMax))
    // Not in the middle of a character.
    while start > 0 && start < line.count && line[start] & 0xC0 == 0x80 { start -= 1 }
    let end = min(line.count, start + Self.bytesMax)
    bytes = (start..<end).map { line[$0] }
    isCutBefore = start > 0
    isCutBehind = end < line.count
  }
}

public import AttemptLog

/// Passes everything on and remembers the first line that was rejected.
public struct DiagnosingSink<Sink: RecordSink>: RecordSink {
  public private(set) var sink: Sink
  private let follower: LogFollower
  private var first: String?
  private var rejected = 0

  public init(_ sink: Sink, _ follower: LogFollower) {
    self.sink = sink
    self.follower = follower
  }

  public mutating func accept(
    _ fields: LineScanner, _ line: Span<UInt8>, at position: LinePosition
  ) {
    sink.accept(fields, line, at: position)
  }

  public mutating func reject(
    _ error: LineError, _ line: Span<UInt8>, at position: LinePosition
  ) {
    rejected += 1
    if first == nil {
      first = "\(follower.path):\(position.line): \(error) (file offset \(position.offset))"
    }
    sink.reject(error, line, at: position)
  }

  public mutating func passBlankLine(at position: LinePosition) {
    sink.passBlankLine(at: position)
  }

  /// Tells of the first rejected line, and how many more there were.
  public mutating func summarize(_ diagnose: (String) -> Void) {
    if let first {
      diagnose(rejected == 1 ? first : "\(first), and \(rejected - 1) more rejected")
    }
    first = nil
    rejected = 0
  }
}

// As its follower.
@available(*, unavailable)
extension DiagnosingSink: Sendable {}

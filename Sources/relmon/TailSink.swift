import AttemptLog

/// Which lines of a log `relmon tail` shows.
struct TailFilter {
  /// All if there are none.
  let providers: [[UInt8]]
  let failuresOnly: Bool

  var isGiven: Bool { !providers.isEmpty || failuresOnly }

  func includes(_ fields: LineScanner, _ line: Span<UInt8>) -> Bool {
    switch fields.kind {
    case .attempt:
      isOfProvider(fields, line)
        && !(failuresOnly
          && fields.member(.outcome, of: AttemptOutcome.self, in: line).value == .success)
    case .operation:
      isOfProvider(fields, line)
        && !(failuresOnly
          && fields.member(.outcome, of: OperationOutcome.self, in: line).value == .success)
    case .dropped: providers.isEmpty
    case .writerStart, .writerStop: !isGiven
    case .segment, .attemptStart, .unknown: false
    }
  }

  private func isOfProvider(_ fields: LineScanner, _ line: Span<UInt8>) -> Bool {
    providers.isEmpty
      || fields.withText(.provider, in: line) { name in
        providers.contains { [UInt8](copying: name) == $0 }
      } ?? false
  }
}

/// The last lines of a log that pass a filter, as they stand there.
struct TailSink: RecordSink {
  enum Shown {
    case line([UInt8])
    /// Why a line was not accepted, and where it stands.
    case rejected(String)
  }

  private let filter: TailFilter
  /// Nil if all are kept.
  private let linesMax: Int?
  private let path: () -> String
  private var shown: [(time: Timestamp, what: Shown)] = []
  private var newestTime = Timestamp.earliest

  /// - Parameter path: of the file that is being read.
  init(_ filter: TailFilter, linesMax: Int?, path: @escaping () -> String) {
    self.filter = filter
    self.linesMax = linesMax
    self.path = path
  }

  mutating func accept(_ fields: LineScanner, _ line: Span<UInt8>, at position: LinePosition) {
    newestTime = fields.time
    guard filter.includes(fields, line) else { return }
    add(.line([UInt8](copying: line)))
  }

  mutating func reject(_ error: LineError, _ line: Span<UInt8>, at position: LinePosition) {
    guard filter.providers.isEmpty else { return }
    add(.rejected("\(path()):\(position.line): \(error)"))
  }

  private mutating func add(_ what: Shown) {
    // A rejected line stands where it was read.
    shown.append((newestTime, what))
    // Not with each line, for that moves all that are kept.
    if let linesMax, shown.count >= 2 * max(linesMax, 512) { dropEarliest(linesMax) }
  }

  private mutating func dropEarliest(_ linesMax: Int) {
    shown.removeFirst(max(0, shown.count - linesMax))
  }

  /// What was read since, or the last of it, in the order in which it was read.
  mutating func take() -> [(time: Timestamp, what: Shown)] {
    if let linesMax { dropEarliest(linesMax) }
    defer { shown = [] }
    return shown
  }
}

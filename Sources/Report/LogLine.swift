public import AttemptLog

/// Lines of a log as a person reads them: one for each, in columns.
public struct LogLineLayout: Sendable {
  /// Columns that there are; nil if a line may have any length.
  private let width: Int?
  private let isColoured: Bool
  /// Of the widest pair of provider and operation so far: what was printed cannot be moved.
  private var pairWidth = 20

  /// Wider names are not waited for.
  private static let pairWidthMax = 36
  private static let errorWidth = 34
  /// On what is narrower the date has no year and ids are left out.
  private static let wideMin = 130

  /// - Parameters:
  ///   - width: of the terminal, longer lines are cut; nil for a pipe.
  ///   - isColoured: whether escape sequences colour it.
  public init(width: Int?, isColoured: Bool) {
    self.width = width
    self.isColoured = isColoured
  }

  private var isWide: Bool { width ?? .max >= Self.wideMin }

  /// The line with its newline; nil for kinds that say nothing to a person.
  public mutating func line(for record: Record) -> String? {
    switch record.event {
    case .attempt(let attempt): line(cells(attempt, record.time))
    case .operation(let operation): line(cells(operation, record.time))
    case .writerStart(let start): line(note(start.text(writer: record.writer), record.time))
    case .writerStop: line(note("writer \(record.writer.short) ended", record.time))
    case .dropped(let count, let reason):
      line([
        time(record.time),
        Cell(
          "\(count) line\(count == 1 ? " was" : "s were") lost\(reason.map { " (\($0))" } ?? "")",
          .yellow),
      ])
    case .segment, .attemptStart: nil
    }
  }

  /// What was not accepted.
  public func line(rejected cause: String) -> String {
    line([Cell(cause, .red)])
  }

  private mutating func cells(_ attempt: AttemptRecord, _ time: Timestamp) -> [Cell] {
    let isFailure = attempt.outcome == .failure
    let number = "\(attempt.attempt)" + (attempt.maxAttempts.map { "/\($0)" } ?? "")
    return [
      self.time(time), pair(attempt.identity), Cell(number, width: 4, .trailing),
      Cell(isFailure ? "failed" : "ok", width: 6, isFailure ? .red : .green),
      Cell(attempt.latencyMilliseconds.duration, width: 12, .trailing),
      Cell(
        attempt.error.text, width: isFailure || isWide ? Self.errorWidth : 0,
        isFailure ? .red : nil),
      Cell(isFailure ? attempt.plan : "", width: isWide ? 26 : 0, .yellow), id(attempt.identity),
    ]
  }

  private mutating func cells(_ operation: OperationRecord, _ time: Timestamp) -> [Cell] {
    let isFailure = operation.outcome != .success && operation.outcome != .cancelled
    let ending = isFailure ? "FAILED" : operation.outcome == .success ? "OK" : "ended"
    let pair = pair(operation.identity)
    return [
      self.time(time), pair, Cell("=\(operation.attempts)", width: 4, .trailing),
      Cell(ending, width: 6, isFailure ? .boldRed : .boldGreen),
      Cell(operation.durationMilliseconds.duration, width: 12, .trailing, .bold),
      Cell(operation.ending, width: isWide ? Self.errorWidth : 0, isFailure ? .boldRed : .bold),
      Cell(
        operation.sleptMilliseconds > 0 ? "waited \(operation.sleptMilliseconds.duration)" : "",
        width: isWide ? 26 : 0),
      id(operation.identity),
    ]
  }

  private func note(_ text: String, _ time: Timestamp) -> [Cell] {
    [self.time(time), Cell(text, .dim)]
  }

  /// `2026-11-16 08:15:30.123` in UTC; without the year where room is scarce.
  private func time(_ time: Timestamp) -> Cell {
    let text = time.rfc3339()
    let day = text.prefix(10).dropFirst(isWide ? 0 : 5)
    return Cell("\(day) \(text.dropFirst(11).prefix(isWide ? 12 : 8))", .dim)
  }

  /// `lesan/transcribe`; one that serves another operation is set in.
  private mutating func pair(_ identity: OperationIdentity) -> Cell {
    let indent = identity.parentID == nil ? "" : "· "
    let cell = Cell("\(indent)\(identity.provider)/\(identity.operation)")
    pairWidth = min(max(pairWidth, DisplayWidth.of(cell.text)), Self.pairWidthMax)
    return cell.padded(to: pairWidth)
  }

  private func id(_ identity: OperationIdentity) -> Cell {
    let parent = identity.parentID.map { " of \($0.short)" } ?? ""
    return Cell(isWide ? identity.operationID.short + parent : "", .dim)
  }

  private func line(_ cells: [Cell]) -> String {
    let used = cells.prefix((cells.lastIndex { !$0.text.isEmpty } ?? -1) + 1)
    var rest = width ?? .max
    var line = ""
    for (index, cell) in used.enumerated() {
      let gap = index == 0 ? "" : "  "
      guard rest > gap.count else { break }
      rest -= gap.count
      let isLast = index == used.count - 1 || cell.width + 2 >= rest
      let shown = DisplayWidth.cut(cell.text, to: rest)
      let text =
        isLast && cell.alignment == .leading
        ? shown : DisplayWidth.padded(shown, to: min(cell.width, rest), cell.alignment)
      rest -= DisplayWidth.of(text)
      line += gap + (isColoured ? cell.colour.map { $0.paint(text) } ?? text : text)
      if isLast { break }
    }
    return line + "\n"
  }
}

/// One column of one line.
private struct Cell {
  typealias Alignment = ReportDocument.Table.Alignment

  /// As "Select Graphic Rendition" of ECMA-48 §8.3.117 has it.
  enum Colour: String {
    case dim = "2"
    case bold = "1"
    case red = "31"
    case green = "32"
    case yellow = "33"
    case boldRed = "1;31"
    case boldGreen = "1;32"

    func paint(_ text: String) -> String { "\u{1B}[\(rawValue)m\(text)\u{1B}[0m" }
  }

  let text: String
  let width: Int
  let alignment: Alignment
  let colour: Colour?

  /// - Parameter width: at least; longer text takes its room.
  init(_ text: String, width: Int = 0, _ alignment: Alignment = .leading, _ colour: Colour? = nil) {
    self.text = TerminalText.visible(text)
    self.width = width
    self.alignment = alignment
    self.colour = colour
  }

  init(_ text: String, width: Int = 0, _ colour: Colour?) {
    self.init(text, width: width, .leading, colour)
  }

  func padded(to width: Int) -> Cell { Cell(text, width: width, alignment, colour) }
}

// MARK: - Wording

extension String {
  /// Enough of an id to tell it from those beside it.
  fileprivate var short: String { String(prefix(8)) }
}

extension ErrorFacts {
  /// `429 rate_limited/rate_limit_exceeded`.
  fileprivate var text: String {
    let status = httpStatus.map { "\($0)" }
    // Where a provider names nothing, the type is the status.
    let detail = (code ?? type).flatMap { $0 == status ? nil : $0 }
    let name = [errorClass?.rawValue, errorClass == nil ? nil : detail]
      .compactMap(\.self).joined(separator: "/")
    return [status, name.isEmpty ? nil : name].compactMap(\.self).joined(separator: " ")
  }
}

extension AttemptRecord {
  /// What was decided after it.
  fileprivate var plan: String {
    guard decision == .retry else { return "no retry" }
    let delay = backoffMilliseconds.map { " in \($0.duration)" } ?? ""
    return "retry\(delay)" + (backoffSource == .server ? " (server)" : "")
  }
}

extension OperationRecord {
  /// How it ended, in the words of the log.
  fileprivate var ending: String {
    if outcome == .success { return attempts > 1 ? "rescued by a retry" : "" }
    let error = [errorClass?.rawValue, errorCode ?? errorType].compactMap(\.self)
    return outcome.rawValue + (error.isEmpty ? "" : ": " + error.joined(separator: "/"))
  }
}

extension WriterStart {
  fileprivate func text(writer: String) -> String {
    let process = [
      process, pid.map { "pid \($0)" }, host.map { "on \($0)" }, version.map { "version \($0)" },
    ].compactMap(\.self)
    return "writer \(writer.short) began"
      + (process.isEmpty ? "" : ": " + process.joined(separator: ", "))
  }
}

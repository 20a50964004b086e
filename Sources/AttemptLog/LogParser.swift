/// Takes what a log holds: accepted lines with their fields, and what was rejected.
public protocol RecordSink {
  /// The scanner has scanned `line`, a record of a known or unknown kind.
  mutating func accept(_ fields: LineScanner, _ line: Span<UInt8>, at position: LinePosition)
  /// `line` is a prefix of what was rejected, whole unless it was oversized.
  mutating func reject(_ error: LineError, _ line: Span<UInt8>, at position: LinePosition)
  /// A line of white space alone was passed over.
  mutating func passBlankLine(at position: LinePosition)
  /// Takes whole lines, the last one with its newline too, to judge them itself, and returns how many
  /// they are; nil if they are to be judged for it.
  mutating func takeLines(_ lines: Span<UInt8>, at position: LinePosition) -> Int?
}

extension RecordSink {
  public mutating func passBlankLine(at position: LinePosition) {}
  public mutating func takeLines(_ lines: Span<UInt8>, at position: LinePosition) -> Int? { nil }
}

/// Where a line, or a piece of a damaged line, stands in its file.
public struct LinePosition: Hashable, Sendable {
  /// From 1; pieces of one physical line share its number.
  public var line: Int
  /// Of the first byte, from 0.
  public var offset: Int64
  /// The line was cut, and this is one of its pieces.
  public var isPiece: Bool

  public init(line: Int, offset: Int64, isPiece: Bool = false) {
    self.line = line
    self.offset = offset
    self.isPiece = isPiece
  }
}

/// Cuts the bytes of one file into lines and judges each, in constant memory.
///
/// A physical line that is malformed or oversized is cut before each later occurrence of
/// `LineWriter.prefix`, and each piece is judged by itself: a record glued behind a torn one is
/// recovered. A line of white space alone says nothing.
public struct LogParser: Sendable {
  /// Where the next line begins; what is behind it has been judged.
  public private(set) var position: LinePosition
  /// Bytes behind the last newline: no line yet.
  public var unfinishedBytes: Int { Int(discarded) + carry.count }

  private var scanner = LineScanner()
  /// The beginning of a line whose newline has not come; of an oversized one, of its last piece.
  private var carry: [UInt8] = []
  private var isOversized = false
  /// Bytes of an oversized line that were let go: of earlier pieces, and of the present one.
  private var discarded: Int64 = 0
  private var discardedOfPiece = 0
  /// How the present piece begins, if bytes of it were let go.
  private var headOfPiece: [UInt8] = []

  /// What a sink is shown of an oversized piece, at most.
  static let headBytesMax = 256

  /// - Parameter position: of the first line that it is fed.
  public init(at position: LinePosition = LinePosition(line: 1, offset: 0)) {
    self.position = position
  }

  /// Goes on where another parser was, with the bytes from `readFrom` on.
  public init(resuming progress: Progress) {
    position = progress.position
    isOversized = progress.isOversized
    discarded = progress.discarded
    discardedOfPiece = progress.discardedOfPiece
    headOfPiece = progress.headOfPiece
  }

  /// How far the bytes that it was fed are judged.
  public var progress: Progress {
    var progress = Progress()
    progress.position = position
    progress.isOversized = isOversized
    progress.discarded = discarded
    progress.discardedOfPiece = discardedOfPiece
    progress.headOfPiece = headOfPiece
    return progress
  }

  /// Goes on with lines that stand elsewhere, after the end of a line.
  public mutating func move(to position: LinePosition) {
    precondition(unfinishedBytes == 0, "\(unfinishedBytes) bytes are no line yet")
    self.position = position
  }

  /// Judges the lines that end in these bytes, which follow those fed before.
  public mutating func feed(_ bytes: Span<UInt8>, to sink: inout some RecordSink) {
    var start = carriedLineEnd(bytes, to: &sink)
    if unfinishedBytes == 0,
      let last = bytes.lastIndex(of: UInt8(ascii: "\n"), before: bytes.count), last >= start,
      let count = sink.takeLines(bytes.extracting(start...last), at: position)
    {
      position.line += count
      position.offset += Int64(last + 1 - start)
      start = last + 1
    }
    while let newline = bytes.firstIndex(of: UInt8(ascii: "\n"), from: start) {
      let line = bytes.extracting(start..<newline)
      judgeLine(line, to: &sink)
      advance(by: line.count + 1)
      start = newline + 1
    }
    carry.append(bytes.extracting(start...))
    if carry.count >= LineScanner.lineBytesMax {
      isOversized = true
      judgeOversized(isEnd: false, to: &sink)
    }
  }

  /// Where the line ends in these bytes that began in earlier ones; judges it if it does.
  private mutating func carriedLineEnd(
    _ bytes: Span<UInt8>, to sink: inout some RecordSink
  ) -> Int {
    guard !carry.isEmpty || isOversized,
      let newline = bytes.firstIndex(of: UInt8(ascii: "\n"), from: 0)
    else { return 0 }
    carry.append(bytes.extracting(..<newline))
    endCarriedLine(newlineBytes: 1, to: &sink)
    return newline + 1
  }

  /// Judges what follows the last newline as a line: the file is complete.
  public mutating func finish(_ sink: inout some RecordSink) {
    if unfinishedBytes > 0 { endCarriedLine(newlineBytes: 0, to: &sink) }
  }

  private mutating func endCarriedLine(newlineBytes: Int, to sink: inout some RecordSink) {
    let bytes = unfinishedBytes + newlineBytes
    if isOversized {
      judgeOversized(isEnd: true, to: &sink)
    } else {
      var line: [UInt8] = []
      swap(&line, &carry)
      judgeLine(line.span, to: &sink)
      swap(&line, &carry)
    }
    carry.removeAll(keepingCapacity: true)
    isOversized = false
    discarded = 0
    forgetPiece()
    advance(by: bytes)
  }

  private mutating func advance(by bytes: Int) {
    position.line += 1
    position.offset += Int64(bytes)
  }
}

extension LogParser {
  /// What a parser knows apart from the bytes that are still to be judged.
  public struct Progress: Hashable, Sendable {
    /// Where the line begins that is not judged yet.
    public var position = LinePosition(line: 1, offset: 0)
    /// Of an oversized line: what was let go of it, and of its present piece, how that begins.
    public var isOversized = false
    public var discarded: Int64 = 0
    public var discardedOfPiece = 0
    public var headOfPiece: [UInt8] = []

    public init() {}

    /// The byte of the file from which on it is to be read again.
    public var readFrom: Int64 { position.offset + discarded }

    /// Whether a parser can have been there, if none of the numbers is negative.
    public var isPossible: Bool {
      position.line >= 1 && Int64(discardedOfPiece) <= discarded
        && (discarded == 0 || isOversized) && headOfPiece.count <= LogParser.headBytesMax
        && (discardedOfPiece == 0) == headOfPiece.isEmpty
    }
  }
}

// MARK: - Judging

extension LogParser {
  private mutating func judgeLine(_ line: Span<UInt8>, to sink: inout some RecordSink) {
    if line.isBlankLine { return sink.passBlankLine(at: position) }
    do throws(LineError) {
      try scanner.scan(line)
      sink.accept(scanner, line, at: position)
    } catch {
      if error.reason != .schema, let next = Self.nextRecord(in: line, from: 1) {
        judgePieces(of: line, firstEnd: next, to: &sink)
      } else {
        sink.reject(error, line, at: position)
      }
    }
  }

  private mutating func judgePieces(
    of line: Span<UInt8>, firstEnd: Int, to sink: inout some RecordSink
  ) {
    var start = 0
    var end = firstEnd
    while start < line.count {
      judgePiece(line.extracting(start..<end), at: start, to: &sink)
      start = end
      end = Self.nextRecord(in: line, from: start + 1) ?? line.count
    }
  }

  /// Judges a piece that begins `offset` bytes behind the beginning of the line.
  private mutating func judgePiece(
    _ piece: Span<UInt8>, at offset: Int, to sink: inout some RecordSink
  ) {
    if piece.isBlankLine { return }
    let position = positionOfPiece(at: offset)
    do throws(LineError) {
      try scanner.scan(piece)
      sink.accept(scanner, piece, at: position)
    } catch {
      sink.reject(error, piece, at: position)
    }
  }

  /// Judges the complete pieces of an oversized line, and lets go of all that the rest does not
  /// need: the beginning of the last piece while it may be a record, else what may be the beginning
  /// of the next prefix.
  private mutating func judgeOversized(isEnd: Bool, to sink: inout some RecordSink) {
    let bytes = carry
    var start = 0
    var searched = discardedOfPiece > 0 ? 0 : 1
    while let next = Self.nextRecord(in: bytes.span, from: searched) {
      let piece = bytes.span.extracting(start..<next)
      judgePieceOfOversized(piece, behind: start, isLast: false, to: &sink)
      start = next
      searched = next + 1
    }
    if isEnd {
      let piece = bytes.span.extracting(start...)
      judgePieceOfOversized(piece, behind: start, isLast: true, to: &sink)
      return
    }
    let isTooLong = discardedOfPiece + bytes.count - start >= LineScanner.lineBytesMax
    let keptFrom = isTooLong ? max(start, bytes.count - LineWriter.prefix.count + 1) : start
    if isTooLong {
      if discardedOfPiece == 0 {
        headOfPiece = Array(bytes[start...].prefix(Self.headBytesMax))
      }
      discardedOfPiece += keptFrom - start
    }
    discarded += Int64(keptFrom)
    carry.removeSubrange(..<keptFrom)
  }

  /// Judges the rest of a piece, which stands `offset` bytes behind the beginning of `carry`.
  private mutating func judgePieceOfOversized(
    _ piece: Span<UInt8>, behind offset: Int, isLast: Bool, to sink: inout some RecordSink
  ) {
    let count = discardedOfPiece + piece.count
    let start = Int(discarded) + offset - discardedOfPiece
    if count < LineScanner.lineBytesMax {
      judgePiece(piece, at: start, to: &sink)
    } else {
      let error = LineError.oversized(bytes: count)
      var position = positionOfPiece(at: start)
      position.isPiece = start > 0 || !isLast
      if discardedOfPiece > 0 {
        sink.reject(error, headOfPiece.span, at: position)
      } else {
        sink.reject(error, piece, at: position)
      }
    }
    forgetPiece()
  }

  private mutating func forgetPiece() {
    discardedOfPiece = 0
    headOfPiece.removeAll(keepingCapacity: true)
  }

  private func positionOfPiece(at offset: Int) -> LinePosition {
    LinePosition(line: position.line, offset: position.offset + Int64(offset), isPiece: true)
  }

  private static func nextRecord(in line: Span<UInt8>, from start: Int) -> Int? {
    let prefix = LineWriter.prefix
    return line.firstRange(of: prefix.span, from: start)
  }
}

extension Span<UInt8> {
  /// Whether a line of white space alone, short enough to be one.
  fileprivate var isBlankLine: Bool {
    guard count < LineScanner.lineBytesMax, at(0) <= UInt8(ascii: " ") else { return false }
    return skippingWhiteSpace(from: 0) == count
  }
}

extension [UInt8] {
  mutating func append(_ bytes: Span<UInt8>) {
    unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
  }
}

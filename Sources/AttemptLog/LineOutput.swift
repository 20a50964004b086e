import Glibc

/// Collects whole lines and hands them to the kernel by one write(2).
///
/// After a write that failed or was short, the rest of a line is never written: the next write
/// begins with a newline, which ends the torn line, or leaves a line of white space alone.
struct LineOutput {
  /// What became of the lines.
  struct Result: Equatable {
    /// How many are in the file, from the first; of the next there may be a piece.
    var through: Int
    /// Why the others are not; nil if all are.
    var failure: DropReason?
    /// A piece of a line may be in the file.
    var isTorn = false
  }

  /// How often a call that a signal interrupted is made again.
  static let interruptionsMax = 100

  private let calls: LogCalls
  /// The next write begins with a newline.
  var needsNewline = false
  /// SIGXFSZ is held back during a write, for the process has a limit on the size of files.
  var guardsSizeLimit = false
  private(set) var lineCount = 0
  private let lineWriter = LineWriter()
  /// A newline, then the lines.
  private var buffer: [UInt8] = [UInt8(ascii: "\n")]

  init(calls: LogCalls) {
    self.calls = calls
    buffer.reserveCapacity(1 + LineWriter.lineBytesMax)
  }

  /// Bytes of the lines.
  var bytes: Int { buffer.count - 1 }

  mutating func append(_ head: LineHead, _ body: Span<UInt8>) {
    buffer.append(addingCapacity: LineHead.bytesMax + body.count) { output in
      lineWriter.append(head, to: &output)
      output.append(body)
    }
    lineCount += 1
  }

  /// Writes what was collected and begins anew.
  ///
  /// Lines that did not get through at first are written once more, as a whole.
  mutating func write(to descriptor: CInt) -> Result {
    defer { clear() }
    let first = attempt(descriptor, from: needsNewline ? 0 : 1)
    guard first.failure == .short else { return first }
    removeLines(first.through)
    let second = attempt(descriptor, from: 0)
    return Result(
      through: first.through + second.through, failure: second.failure,
      isTorn: second.failure != nil)
  }

  private mutating func clear() {
    buffer.removeLast(bytes)
    lineCount = 0
    if buffer.capacity > Self.keptBytesMax {
      buffer = [UInt8(ascii: "\n")]
      buffer.reserveCapacity(1 + LineWriter.lineBytesMax)
    }
  }

  /// A buffer that grew beyond this is given back.
  private static let keptBytesMax = 1 << 20

  private mutating func attempt(_ descriptor: CInt, from start: Int) -> Result {
    let written = uninterrupted(descriptor, from: start)
    needsNewline = written != buffer.count - start
    guard needsNewline else { return Result(through: lineCount) }
    guard written >= 0 else { return Result(through: 0, failure: DropReason(errno: errno)) }
    // A line that lacks its newline alone is through: the next write begins with one, and a second
    // copy of the line would be a duplicate.
    let through = buffer[1..<(start + written + 1)].count { $0 == UInt8(ascii: "\n") }
    return through == lineCount
      ? Result(through: through) : Result(through: through, failure: .short, isTorn: true)
  }

  private mutating func removeLines(_ count: Int) {
    var end = 1
    var left = count
    while left > 0, end < buffer.count {
      if buffer[end] == UInt8(ascii: "\n") { left -= 1 }
      end += 1
    }
    buffer.removeSubrange(1..<end)
    lineCount -= count
  }

  private func uninterrupted(_ descriptor: CInt, from start: Int) -> Int {
    for _ in 0..<Self.interruptionsMax {
      let bytes = buffer.span.extracting(start...)
      let written =
        guardsSizeLimit
        ? SizeLimitSignal.held { calls.write(descriptor, bytes) } : calls.write(descriptor, bytes)
      if written >= 0 || errno != EINTR && errno != EAGAIN { return written }
    }
    return -1
  }
}

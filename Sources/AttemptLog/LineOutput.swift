import Glibc

/// Hands whole lines to the kernel, each by one write(2).
///
/// After a write that failed or was short, the rest of the line is never written: the next write
/// begins with a newline, which ends the torn line, or leaves a line of white space alone.
struct LineOutput {
  /// Like write(2): the count written, or -1 and `errno`.
  typealias Write = @Sendable (CInt, Span<UInt8>) -> Int

  /// What became of a line.
  enum Fate {
    case through
    /// Not through, but some of its bytes may be in the file.
    case torn
    /// Nothing of it is in the file.
    case untouched
  }

  /// How often a call that a signal interrupted is made again.
  static let interruptionsMax = 100

  private let descriptor: CInt
  private let write: Write
  private let lineWriter = LineWriter()
  private var needsNewline: Bool
  /// A newline, then the line.
  private var buffer: [UInt8] = [UInt8(ascii: "\n")]

  init(file: AppendFile, write: @escaping Write) {
    descriptor = file.descriptor
    needsNewline = !file.endsWithNewline
    self.write = write
    buffer.reserveCapacity(1 + LineWriter.lineBytesMax)
  }

  /// A line that was torn is written once more as a whole, behind a newline.
  mutating func append(_ record: Record) -> Fate {
    buffer.removeSubrange(1...)
    do throws(LineWriterError) {
      try lineWriter.append(record, to: &buffer)
    } catch {
      return .untouched
    }
    let first = writeBuffer(from: needsNewline ? 0 : 1)
    return first == .torn ? writeBuffer(from: 0, torn: true) : first
  }

  func close() {
    Glibc.close(descriptor)
  }

  private mutating func writeBuffer(from start: Int, torn: Bool = false) -> Fate {
    let count = buffer.count - start
    let written = uninterrupted(from: start)
    needsNewline = written != count
    switch written {
    // The newline alone is missing: the next write begins with it, and a second copy of the line
    // would be a duplicate.
    case count, count - 1: return .through
    case 1...: return .torn
    default: return torn ? .torn : .untouched
    }
  }

  private func uninterrupted(from start: Int) -> Int {
    for _ in 0..<Self.interruptionsMax {
      let written = write(descriptor, buffer.span.extracting(start...))
      if written >= 0 || errno != EINTR { return written }
    }
    return -1
  }
}

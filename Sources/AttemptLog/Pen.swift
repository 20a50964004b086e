/// What only the thread that writes may touch: the file, and the numbers of the lines in it.
struct Pen {
  /// Why writing does not work.
  struct Trouble {
    let reason: DropReason
    /// Nothing is tried before, in nanoseconds of the monotonic clock.
    let until: Int64
  }

  /// The number of the next line, from 1.
  var seq: Int64 = 1
  /// Written before anything else in a file; nil once it got through.
  var start: WriterStart?
  /// Nil while it cannot be opened, and once closed.
  var file: AppendFile?
  var output: LineOutput
  var trouble: Trouble?
  /// At least so long is the file, if nobody cut it; in bytes.
  var size: Int64 = 0
  /// Lines written since the file was looked at.
  var linesSinceLook = 0
  /// Lines ever written, for whoever brings them to the disk.
  var linesWritten: Int64 = 0
  /// Taken lines, and the memory for the next.
  var batch = LineQueue.Batch()

  init(output: LineOutput) {
    self.output = output
  }

  mutating func adopt(_ file: AppendFile, start: WriterStart) {
    self.file = file
    self.start = start
    output.needsNewline = !file.endsWithNewline
    size = file.size
    linesSinceLook = 0
    trouble = nil
  }
}

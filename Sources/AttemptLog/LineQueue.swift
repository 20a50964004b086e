/// Lines that wait until it is their turn to be written, and the losses to be told before them.
///
/// A line waits as the bytes that follow its `seq`: the number is given when it is written, so that
/// numbers stand in the file in their order.
struct LineQueue {
  struct Waiting {
    let kind: RecordKind
    let time: Timestamp
    /// Bytes of its body.
    let count: Int
  }

  /// Taken out at once, in the order in which the lines came.
  struct Batch {
    fileprivate(set) var lines: [Waiting] = []
    fileprivate(set) var bodies: [UInt8] = []

    mutating func removeAll() {
      lines.removeAll(keepingCapacity: true)
      bodies.removeAll(keepingCapacity: true)
    }
  }

  /// Bodies that wait, in bytes, at most.
  let bytesMax: Int
  var losses = Losses()
  /// No line is taken any more.
  var isClosed = false
  /// Lines that ever waited.
  private(set) var appended: Int64 = 0
  private var batch = Batch()

  init(bytesMax: Int) {
    self.bytesMax = bytesMax
  }

  var isEmpty: Bool { batch.lines.isEmpty }
  var bytes: Int { batch.bodies.count }
  /// Nothing has to be written before the next line.
  var isClear: Bool { isEmpty && losses.untold.isEmpty }

  /// False if it is full; the line is counted as lost.
  mutating func append(_ kind: RecordKind, _ time: Timestamp, _ body: Span<UInt8>) -> Bool {
    guard batch.bodies.count + body.count <= bytesMax else {
      losses.add(.queueFull)
      return false
    }
    batch.lines.append(Waiting(kind: kind, time: time, count: body.count))
    batch.bodies.append(addingCapacity: body.count) { $0.append(body) }
    appended += 1
    return true
  }

  /// Takes no line any more, and counts those that wait as lost.
  mutating func abandon() {
    isClosed = true
    for _ in batch.lines { losses.addUntellable(.closed) }
    batch.removeAll()
  }

  /// Exchanges everything that waits for an empty batch, whose memory is used again.
  mutating func take(_ empty: inout Batch) {
    swap(&batch, &empty)
    batch.removeAll()
  }
}

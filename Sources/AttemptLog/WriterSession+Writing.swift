import Synchronization
import Threading

/// Writing, by whoever has the pen.
extension WriterSession {
  func write(_ kind: RecordKind, _ body: Span<UInt8>, _ pen: inout Pen) {
    let (isClosed, isClear) = queue.withLock { ($0.isClosed, $0.isClear) }
    guard !isClosed else { return queue.withLock { $0.losses.addUntellable(.closed) } }
    if !isClear { drain(&pen) }
    if let reason = isClear ? begin(&pen) : prepare(&pen) { return lose(reason) }
    append(kind, configuration.now(), body, &pen)
    flush(&pen)
  }

  var isClosed: Bool { queue.withLock { $0.isClosed } }

  /// Writes what waits; false if nothing did.
  @discardableResult
  func drain(_ pen: inout Pen) -> Bool {
    let waits = queue.withLock { queue in
      if queue.isEmpty { return false }
      queue.take(&pen.batch)
      return true
    }
    guard waits else { return false }
    let count = Int64(pen.batch.lines.count)
    if let reason = prepare(&pen) {
      lose(reason, count)
    } else {
      writeBatch(&pen)
    }
    pen.batch.removeAll()
    progress.update { $0.lines += count }
    return true
  }

  private func writeBatch(_ pen: inout Pen) {
    let batch = pen.batch
    var start = 0
    for (index, line) in batch.lines.enumerated() {
      append(
        line.kind, line.time, batch.bodies.span.extracting(start..<(start + line.count)), &pen)
      start += line.count
      if pen.output.bytes >= LogWriter.writeBytesMax {
        flush(&pen)
        if let trouble = pen.trouble {
          return lose(trouble.reason, Int64(batch.lines.count - index - 1))
        }
      }
    }
    flush(&pen)
  }

  private func append(
    _ kind: RecordKind, _ time: Timestamp, _ body: Span<UInt8>, _ pen: inout Pen
  ) {
    pen.output.append(LineHead(kind: kind, time: time, writer: id, seq: pen.seq), body)
    pen.seq += 1
  }

  /// Writes what must stand before the next line: the writer's start and its losses.
  ///
  /// - Returns: why the next line cannot be written; nil if it can.
  func prepare(_ pen: inout Pen) -> DropReason? {
    begin(&pen) ?? tellLosses(&pen)
  }

  private func begin(_ pen: inout Pen) -> DropReason? {
    guard pen.file != nil else { return pen.trouble?.reason ?? .other }
    if let trouble = pen.trouble {
      guard calls.elapsed() >= trouble.until else { return trouble.reason }
      pen.trouble = nil
    }
    if let start = pen.start {
      if let reason = insist(.writerStart(start), &pen) { return reason }
      pen.start = nil
    }
    return nil
  }

  private func tellLosses(_ pen: inout Pen) -> DropReason? {
    let (untold, unnumbered) = queue.withLock { queue in
      (queue.losses.untold, queue.losses.takeUnnumbered())
    }
    pen.seq += unnumbered
    for (reason, count) in untold.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      if let failure = insist(.dropped(count: count, reason: reason.rawValue), &pen) {
        return failure
      }
      queue.withLock { $0.losses.told(reason, count) }
    }
    return nil
  }

  /// Writes a line that is tried again later if it does not get through.
  ///
  /// One of which no byte was written leaves its number to the next line; a torn one is a loss.
  func insist(_ event: Event, _ pen: inout Pen) -> DropReason? {
    let seq = pen.seq
    do throws(LineWriterError) {
      try lineWriter.withBody(of: event, headBytes: LineHead.bytes(event.kind, seq: seq)) {
        append(event.kind, configuration.now(), $0, &pen)
      }
    } catch {
      preconditionFailure("a writer's own line always fits, got \(error)")
    }
    let result = write(&pen)
    guard let failure = result.failure else { return nil }
    if result.isTorn {
      lose(failure, numbered: true)
    } else {
      pen.seq = seq
    }
    return failure
  }

  private func flush(_ pen: inout Pen) {
    let count = pen.output.lineCount
    let result = write(&pen)
    if let failure = result.failure { lose(failure, Int64(count - result.through), numbered: true) }
  }

  private func write(_ pen: inout Pen) -> LineOutput.Result {
    guard let file = pen.file else {
      preconditionFailure("lines are collected for an open file only")
    }
    let bytes = pen.output.bytes
    let began = calls.elapsed()
    let result = pen.output.write(to: file.descriptor)
    let ended = calls.elapsed()
    if ended - began > Int64(nanoseconds: LogWriter.holdMax) { handOver(from: ended) }
    pen.linesWritten += Int64(result.through)
    pen.linesSinceLook += result.through
    if let failure = result.failure {
      pen.trouble = Pen.Trouble(
        reason: failure, until: ended + Int64(nanoseconds: LogWriter.writeRetryInterval))
      if !failure.isLackOfSpace {
        upkeep.withLock { $0.askForReopening() }
        tasks.update { $0.looks = true }
      }
    } else {
      pen.size += Int64(bytes)
    }
    nearSeq.store(pen.seq, ordering: .relaxed)
    if pen.linesSinceLook >= LogWriter.linesBetweenLooks { look(&pen) }
    return result
  }
}

import AttemptLog
import Reliability
import Threading

/// Threads that make batches of parts of a log.
final class BatchWorkers: Sendable {
  /// Whole lines, of which the first stands at a position.
  struct Part: Sendable {
    let number: Int
    let lines: [UInt8]
    let position: LinePosition
  }

  private struct State: Sendable {
    var parts: ArraySlice<Part> = []
    var batches: [Int: EventBatch] = [:]
    var isStopped = false
  }

  /// What somebody who waits for a batch is to do.
  private enum Turn {
    case take(EventBatch)
    case make(Part)
  }

  private let state = Condition(State())
  private let threads: [BlockingThread]

  /// - Parameter sources: the numbers of the readers, one thread each.
  init(sources: Range<Int>, hasher: ByteHasher) throws(BlockingThread.CreationError) {
    var threads: [BlockingThread] = []
    for source in sources {
      do throws(BlockingThread.CreationError) {
        threads.append(
          try BlockingThread { [state] in
            var reader = BatchReader(source: source, hasher: hasher)
            while let part = Self.next(state) {
              let batch = reader.batch(part.lines.span, at: part.position)
              state.update { $0.batches[part.number] = batch }
            }
          })
      } catch {
        // One that could be made does the work of all.
        if threads.isEmpty { throw error }
      }
    }
    self.threads = threads
  }

  /// The next part that nobody has; nil if there will be none.
  private static func next(_ state: Condition<State>) -> Part? {
    while true {
      let turn: Part?? = state.wait(atMost: .seconds(3600)) { state in
        if let part = state.parts.popFirst() { return .some(part) }
        return state.isStopped ? .some(nil) : nil
      }
      if let turn { return turn }
    }
  }

  func submit(_ part: Part) {
    state.update { $0.parts.append(part) }
  }

  /// The batch of a part that was submitted; while it is not there, `reader` makes others.
  func batch(_ number: Int, helping reader: inout BatchReader) -> EventBatch {
    while true {
      let turn: Turn? = state.wait(atMost: .seconds(3600)) { state in
        if let batch = state.batches.removeValue(forKey: number) { return .take(batch) }
        return state.parts.popFirst().map { .make($0) }
      }
      switch turn {
      case .take(let batch): return batch
      case .make(let part):
        let batch = reader.batch(part.lines.span, at: part.position)
        if part.number == number { return batch }
        state.update { $0.batches[part.number] = batch }
      case nil: break
      }
    }
  }

  /// Returns when the threads have ended.
  func stop() {
    state.update { $0.isStopped = true }
    for thread in threads { thread.join() }
  }
}

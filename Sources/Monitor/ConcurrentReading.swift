public import AttemptLog
public import Reliability
import Threading

/// Reads logs into a fold on all cores that the process may use, with the result of one.
///
/// Whoever feeds it reads the files, inflates them and folds; threads make events of the lines, and
/// so does the feeder while it would wait for them. Batches are folded in the order of the log.
public struct ConcurrentReading<Fold: BatchFold>: RecordSink {
  /// Lacks what is being read until `finish()`.
  public private(set) var fold: Fold
  /// Which log is being read, of several that are read in turn, and its file.
  public var log = 0
  public var path: () -> String = { "" }
  /// Told of the first line of each log that was rejected, and of how many were.
  private let diagnose: (String) -> Void
  /// When the newest line happened that was fed since this was set to nil, as far as it was looked at.
  public var newestTime: Timestamp?
  private var timeScanner = LineScanner()
  private let threadsMax: Int
  private var workers: BatchWorkers?
  private var waiting: ArraySlice<Item> = []
  private var partCount = 0
  /// For lines that stand in two reads, and for the parts that the feeder reads itself: a reader's
  /// batches are folded in their order.
  private var lineReader: BatchReader
  private var partReader: BatchReader
  /// By log: the first line that was rejected, and how many were.
  private var rejections: [Int: (first: String, count: Int)] = [:]

  /// Parts that are read ahead of the fold.
  private static var waitingMax: Int { 4 }

  private enum Item {
    case batch(EventBatch, Place)
    case part(Int, Place)
  }

  private struct Place {
    let log: Int
    let path: String
  }

  private var place: Place { Place(log: log, path: path()) }

  /// - Parameter cores: how many to use, at least 1; nil for all that the process may.
  public init(_ fold: Fold, cores: Int? = nil, diagnose: @escaping (String) -> Void) {
    self.fold = fold
    self.diagnose = diagnose
    // The fold is one thread's work: more would wait for it.
    threadsMax = min(cores ?? usableCores(), 4) - 1
    lineReader = BatchReader(source: 0, hasher: fold.hasher)
    partReader = BatchReader(source: 1, hasher: fold.hasher)
  }

  public mutating func accept(
    _ fields: LineScanner, _ line: Span<UInt8>, at position: LinePosition
  ) {
    newestTime = fields.time
    append(.batch(lineReader.batch(fields, line), place))
  }

  public mutating func reject(
    _ error: LineError, _ line: Span<UInt8>, at position: LinePosition
  ) {
    append(.batch(lineReader.batch(error, at: position), place))
  }

  public mutating func takeLines(_ lines: Span<UInt8>, at position: LinePosition) -> Int? {
    noteTime(ofLast: lines)
    partCount += 1
    // A short log is read before a thread would be there.
    if partCount == 2 { startWorkers() }
    if let workers {
      let bytes = [UInt8](copying: lines)
      workers.submit(.init(number: partCount, lines: bytes, position: position))
      append(.part(partCount, place))
    } else {
      append(.batch(partReader.batch(lines, at: position), place))
    }
    return lines.count(of: UInt8(ascii: "\n"))
  }

  private mutating func noteTime(ofLast lines: Span<UInt8>) {
    let end = lines.count - 1
    let start = lines.lastIndex(of: UInt8(ascii: "\n"), before: end).map { $0 + 1 } ?? 0
    do throws(LineError) {
      try timeScanner.scan(lines.extracting(start..<end))
      newestTime = timeScanner.time
    } catch {
      // It is told when it is judged.
    }
  }

  /// Folds what is still being read, and tells of what was rejected of the log that is being read.
  public mutating func finish() {
    while !waiting.isEmpty { foldNext() }
    guard let (first, count) = rejections.removeValue(forKey: log) else { return }
    diagnose(count == 1 ? first : "\(first), and \(count - 1) more rejected")
  }

  /// Ends the threads; nothing is read after it.
  public mutating func close() {
    finish()
    workers?.stop()
    workers = nil
  }

  private mutating func startWorkers() {
    guard threadsMax > 0 else { return }
    // Without a thread the feeder reads everything itself.
    workers = try? BatchWorkers(sources: 2..<2 + threadsMax, hasher: fold.hasher)
  }

  private mutating func append(_ item: Item) {
    waiting.append(item)
    while waiting.count > (workers == nil ? 0 : Self.waitingMax) { foldNext() }
  }

  private mutating func foldNext() {
    switch waiting.popFirst() {
    case .batch(let batch, let place): fold(batch, of: place)
    case .part(let number, let place):
      guard let batch = workers?.batch(number, helping: &partReader) else {
        preconditionFailure("a part was submitted to nobody")
      }
      fold(batch, of: place)
    case nil: break
    }
  }

  private mutating func fold(_ batch: EventBatch, of place: Place) {
    fold.fold(batch)
    guard let (error, position) = batch.firstRejected else { return }
    let first = "\(place.path):\(position.line): \(error) (file offset \(position.offset))"
    rejections[place.log, default: (first, 0)].count += batch.rejectedCount
  }
}

// One owner at a time.
@available(*, unavailable)
extension ConcurrentReading: Sendable {}

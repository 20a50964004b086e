import AttemptLog
import Exposition
import Reliability

/// All that a monitor knows, so that another process goes on with it.
struct MonitorState {
  var aggregate: Aggregate<LifetimeCounts>
  /// By the absolute path of the location; those that are not followed at present are kept.
  var logs: [String: LogResumption] = [:]
  /// Gaps may be filled by late lines, but a counter that was exposed does not go back.
  var missingExposed: Int64 = 0
  var figures = StateFigures()

  init(labels: LifetimeCounts.Limits) {
    aggregate = Aggregate(LifetimeCounts(limits: labels))
  }

  init(_ payload: [UInt8], labels: LifetimeCounts.Limits) throws(StateError) {
    var coder = StateCoder(reading: payload)
    aggregate = Aggregate(LifetimeCounts(limits: labels), state: &coder)
    codeRest(with: &coder)
    try coder.finish()
  }

  func payload() -> [UInt8] {
    var coder = StateCoder()
    aggregate.appendState(to: &coder)
    var rest = self
    rest.codeRest(with: &coder)
    return coder.bytes
  }

  private mutating func codeRest(with coder: inout StateCoder) {
    var pairs = logs.map { (path: $0.key, log: $0.value) }.sorted { $0.path < $1.path }
    coder.code(&pairs, blank: ("", LogResumption())) {
      $1.code(&$0.path)
      $0.log.code(with: &$1)
    }
    if coder.isReading {
      logs = Dictionary(pairs.map { ($0.path, $0.log) }, uniquingKeysWith: { $1 })
    }
    coder.code(&missingExposed, max: .max)
    coder.code(&figures.lost)
    coder.code(&figures.saveErrors)
    coder.code(&figures.truncated)
    coder.code(&figures.deletedUnreadBytes, max: Int64(StateCoder.countMax))
  }
}

extension LogResumption {
  fileprivate mutating func code(with coder: inout StateCoder) {
    coder.code(&late, blank: FilePosition()) { $0.code(with: &$1) }
    coder.code(&current, blank: FilePosition()) { $0.code(with: &$1) }
    coder.code(&lastNumber, blank: 0) { $1.code(&$0, max: .max) }
    coder.code(&awaitsSuccessor)
    coder.code(&bytesRead, max: Int64(StateCoder.countMax))
    coder.code(&linesRead)
  }
}

extension FilePosition {
  fileprivate mutating func code(with coder: inout StateCoder) {
    let offsetMax = Int64(StateCoder.countMax)
    coder.code(&progress.position.line)
    coder.code(&progress.position.offset, max: offsetMax)
    coder.code(&progress.isOversized)
    coder.code(&progress.discarded, max: offsetMax)
    coder.code(&progress.discardedOfPiece)
    coder.code(&progress.headOfPiece)
    coder.check(progress.isPossible)
    coder.code(&size, max: offsetMax)
    coder.code(&mark.segmentID, blank: "") { $1.code(&$0) }
    coder.code(&mark.device)
    coder.code(&mark.inode)
    coder.code(&mark.headCount, max: FileMark.headBytesMax)
    coder.code(&mark.headHash)
    coder.code(&mark.tailCount, max: FileMark.tailBytesMax)
    coder.code(&mark.tailHash)
  }
}

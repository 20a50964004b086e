import AttemptLog
import Exposition
import TestSupport
import Testing

@testable import Reliability

/// A fold that was written and read back.
struct StateTests {
  private typealias Fold = Aggregate<LifetimeCounts>

  private static let now = Timestamp(rfc3339: "2026-11-18T01:00:00Z") ?? .earliest
  // Small, so that a short log is beyond them.
  private var scopesMax = 6

  private func limits() -> (LifetimeCounts.Limits, OperationTable.Limits) {
    var labels = LifetimeCounts.Limits()
    labels.scopesMax = scopesMax
    labels.errorsPerScopeMax = 3
    var operations = OperationTable.Limits()
    operations.endedMax = 9
    operations.openMax = 9
    return (labels, operations)
  }

  private func empty() -> Fold {
    Fold(LifetimeCounts(limits: limits().0), limits: limits().1)
  }

  private func encoded(_ fold: Fold) -> [UInt8] {
    var coder = StateCoder()
    fold.appendState(to: &coder)
    return coder.bytes
  }

  private func decoded(_ bytes: [UInt8]) throws(StateError) -> Fold {
    var coder = StateCoder(reading: bytes)
    let fold = Fold(
      LifetimeCounts(limits: limits().0), limits: limits().1, state: &coder)
    try coder.finish()
    return fold
  }

  private func page(_ fold: Fold) -> String {
    let page = MetricsPage(
      aggregate: fold, now: Self.now, missing: fold.log.missing, bytesRead: 0, unreadBytes: 0,
      version: "1")
    return String(decoding: page.bytes(as: .prometheus), as: UTF8.self)
  }

  private func read(_ lines: some Sequence<String>, into fold: inout Fold) {
    fold.read(lines.map { $0 + "\n" }.joined())
    fold.judge(at: Self.now.advanced(byMicroseconds: -3_000_000_000))
  }

  @Test(arguments: 1...12)
  func `what is folded into a state gives the same as if all were folded at once`(seed: Int) throws
  {
    var log = RandomLog(seed: UInt64(seed))
    let lines = log.lines(300)
    let cut = seed * 7 % lines.count
    var whole = empty()
    read(lines[..<cut], into: &whole)
    let state = encoded(whole)
    var rest = try decoded(state)
    #expect(encoded(rest) == state)
    #expect(page(rest) == page(whole))
    for part in [lines[cut...].prefix(50), lines[cut...].dropFirst(50)] {
      read(part, into: &whole)
      read(part, into: &rest)
      #expect(page(rest) == page(whole))
    }
    whole.judge(at: Self.now)
    rest.judge(at: Self.now)
    #expect(page(rest) == page(whole))
    #expect(encoded(rest) == encoded(whole))
    #expect(rest.operationsGivenUp == whole.operationsGivenUp)
    #expect(
      rest.log.losses(writersMax: 9, gapsMax: 9).writers
        == whole.log.losses(writersMax: 9, gapsMax: 9).writers)
  }

  @Test mutating func `a state that is cut is refused`() throws {
    scopesMax = 1
    var log = RandomLog(seed: 1)
    var fold = empty()
    read(log.lines(16), into: &fold)
    let state = encoded(fold)
    for count in state.indices {
      #expect(throws: StateError.self) { try decoded(Array(state.prefix(count))) }
    }
    #expect(throws: StateError.invalid(offset: state.count)) { try decoded(state + [0]) }
  }

  @Test mutating func `one wrong bit is refused, or gives a state that can be used`() throws {
    scopesMax = 1
    var log = RandomLog(seed: 2)
    var fold = empty()
    read(log.lines(16), into: &fold)
    let more = log.lines(6)
    let state = encoded(fold)
    var refused = 0
    for index in state.indices {
      var wrong = state
      wrong[index] ^= 1 << UInt8(index % 8)
      do throws(StateError) {
        var fold = try decoded(wrong)
        read(more, into: &fold)
        fold.judge(at: Self.now)
        #expect(fold.openOperations(at: Self.now).count <= fold.counts.scopes.count)
        if index % 16 == 0 { #expect(!page(fold).isEmpty) }
        #expect(throws: Never.self) { try decoded(encoded(fold)) }
      } catch {
        refused += 1
      }
    }
    #expect(refused > 0 && refused < state.count, "\(refused) of \(state.count)")
  }

  @Test(
    arguments: [
      ([0x80, 0x00], StateError.invalid(offset: 2)), ([0x80], .truncated(offset: 1)),
      ([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], .invalid(offset: 9)),
      ([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], .invalid(offset: 9)),
      ([1, 1], .invalid(offset: 1)),
    ] as [([UInt8], StateError)])
  func `a count has one form and a largest value`(bytes: [UInt8], error: StateError) {
    var coder = StateCoder(reading: bytes)
    var count = 7
    coder.code(&count)
    #expect(throws: error) { try coder.finish() }
  }

  @Test func `a number that is none is refused`() {
    var coder = StateCoder()
    var number = Double.nan
    coder.code(&number)
    coder = StateCoder(reading: coder.bytes)
    coder.code(&number)
    #expect(number == 0)
    #expect(throws: StateError.invalid(offset: 8)) { try coder.finish() }
  }
}

import AttemptLog
import Reliability
import Testing

struct ClosedSetsIndexTests {
  private func indices<Member: Indexed>(_ set: Member.Type) -> [Int] {
    set.allCases.map(\.index)
  }

  @Test func `a member's index is its place in the set`() {
    #expect(indices(ErrorClass.self) == Array(0..<ErrorClass.allCases.count))
    #expect(indices(OperationOutcome.self) == Array(0..<OperationOutcome.allCases.count))
    #expect(indices(DelaySource.self) == Array(0..<DelaySource.allCases.count))
    #expect(indices(AttemptKind.self) == Array(0..<AttemptKind.allCases.count))
    #expect(indices(CallResult.self) == Array(0..<CallResult.allCases.count))
    #expect(indices(RecordKind.self) == Array(0..<RecordKind.allCases.count))
  }

  @Test func `only cancelled and abandoned operations have no known fate`() {
    #expect(OperationOutcome.allCases.filter { !$0.isFateKnown } == [.cancelled, .abandoned])
  }

  @Test func `a table has a value for each member`() {
    var table = Table<ErrorClass, Int>(repeating: 1)
    for (index, member) in ErrorClass.allCases.enumerated() { table[member] += index }
    #expect(ErrorClass.allCases.map { table[$0] } == Array(1...ErrorClass.allCases.count))
  }
}

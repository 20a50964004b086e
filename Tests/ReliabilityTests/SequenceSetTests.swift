import AttemptLog
import Testing

@testable import Reliability

struct SequenceSetTests {
  @Test func `it knows what a set of all numbers knows`() {
    var generator = SeededGenerator(seed: 8)
    for range in [Int64(1)...4, 1...60, 1...2000] {
      for _ in 0..<20 {
        var set = SequenceSet()
        var reference: Set<Int64> = []
        for _ in 0..<Int.random(in: 1...300, using: &generator) {
          let number = Int64.random(in: range, using: &generator)
          let isNew = set.insert(number) == .new
          #expect(isNew == reference.insert(number).inserted)
          let span = (reference.max() ?? 0) - (reference.min() ?? 0) + 1
          #expect(set.missing == span - Int64(reference.count))
        }
        let pairs = zip(set.gaps, set.gaps.dropFirst())
        #expect(pairs.allSatisfy { $0.upperBound + 1 < $1.lowerBound })
        let missing = (reference.min() ?? 1)...(reference.max() ?? 1)
        #expect(set.gaps.flatMap(\.self) == missing.filter { !reference.contains($0) })
        for number in range {
          var copy = set
          let isNew = copy.insert(number) == .new
          #expect(isNew != reference.contains(number))
        }
      }
    }
  }

  @Test func `no gap is made beyond the limit`() {
    var set = SequenceSet()
    let results = [10, 20, 30, 5, 15, 11, 19, 31, 33, 9].map { set.insert($0, gapsMax: 2) }
    #expect(
      results == [.new, .new, .new, .noRoom, .noRoom, .new, .new, .new, .noRoom, .new])
    #expect(set.gaps == [12...18, 21...29])
    #expect(set.insert(7, gapsMax: 2) == .noRoom)
    #expect(set.insert(20, gapsMax: 2) == .repeated)
    #expect(set.missing == 16)
  }

  @Test func `nothing is missing of nothing`() {
    #expect(SequenceSet().missing == 0)
  }

  @Test func `the largest numbers do not overflow`() {
    var set = SequenceSet()
    let numbers: [Int64] = [.max, .max, 1, .max - 1, 2, 1]
    let isNew = numbers.map { set.insert($0) == .new }
    #expect(isNew == [true, false, true, true, true, false])
    #expect(set.missing == .max - 4)
  }
}

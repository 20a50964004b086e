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
          let isNew = set.insert(number)
          #expect(isNew == reference.insert(number).inserted)
          let span = (reference.max() ?? 0) - (reference.min() ?? 0) + 1
          #expect(set.missing == span - Int64(reference.count))
        }
        let gaps = zip(set.ranges, set.ranges.dropFirst())
        #expect(gaps.allSatisfy { $0.upperBound + 1 < $1.lowerBound })
        for number in range {
          var copy = set
          let isNew = copy.insert(number)
          #expect(isNew != reference.contains(number))
        }
      }
    }
  }

  @Test func `nothing is missing of nothing`() {
    #expect(SequenceSet().missing == 0)
  }

  @Test func `the largest numbers do not overflow`() {
    var set = SequenceSet()
    let numbers: [Int64] = [.max, .max, 1, .max - 1, 2, 1]
    let isNew = numbers.map { set.insert($0) }
    #expect(isNew == [true, false, true, true, true, false])
    #expect(set.missing == .max - 4)
  }
}

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
        let gaps = set.gaps.prefix(.max)
        let pairs = zip(gaps, gaps.dropFirst())
        #expect(pairs.allSatisfy { $0.upperBound + 1 < $1.lowerBound })
        let missing = (reference.min() ?? 1)...(reference.max() ?? 1)
        #expect(gaps.count == set.gaps.count)
        #expect(gaps.flatMap(\.self) == missing.filter { !reference.contains($0) })
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
    #expect(set.gaps.prefix(.max) == [12...18, 21...29])
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

  @Test(arguments: [false, true])
  func `gaps of many blocks are the same as those of one`(falls: Bool) {
    var generator = SeededGenerator(seed: 5)
    let numbers = (1...5000).map { Int64($0 * 2) }
    var set = SequenceSet()
    var reference = Set<Int64>()
    for number in falls ? numbers.reversed() : numbers.shuffled(using: &generator) {
      #expect(set.insert(number) == .new)
      reference.insert(number)
    }
    #expect(set.gaps.count == 4999)
    // Fills them in any order, some of which empties blocks.
    for number in (1...9999).map({ Int64($0) }).shuffled(using: &generator) {
      let isNew = reference.insert(number).inserted
      #expect((set.insert(number) == .new) == isNew)
      #expect(set.missing == 10_000 - (reference.min() ?? 0) + 1 - Int64(reference.count))
    }
    #expect(set.gaps.count == 0)
  }
}

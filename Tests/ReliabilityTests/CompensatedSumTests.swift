import AttemptLog
import Reliability
import Testing

struct CompensatedSumTests {
  @Test func `small terms beside a large one are not lost`() {
    var sum = CompensatedSum()
    for term in [1, 1e100, 1, -1e100] { sum.add(term) }
    #expect(sum.value == 2)
  }

  @Test func `a sum of many terms is exact to one rounding`() {
    // Microseconds as the log has them: the exact sum is one of integers.
    var generator = SeededGenerator(seed: 5)
    var exact = 0
    var sum = CompensatedSum()
    var parts = [CompensatedSum](repeating: CompensatedSum(), count: 10)
    for index in 0..<100_000 {
      let microseconds = Int.random(in: 0..<1 << 30, using: &generator)
      exact += microseconds
      // A double holds a multiple of 1/1024 of this size exactly.
      sum.add(Double(microseconds) / 1024)
      parts[index % 10].add(Double(microseconds) / 1024)
    }
    let merged = parts.reduce(into: CompensatedSum()) { $0.add($1) }
    #expect(sum.value == Double(exact) / 1024)
    #expect(merged.value == Double(exact) / 1024)
  }

  @Test func `tenths add up`() {
    var sum = CompensatedSum()
    for _ in 0..<1_000_000 { sum.add(0.1) }
    #expect((sum.value - 100_000).magnitude <= (100_000.0).ulp)
  }

  @Test func `an overflow is infinite and stays so`() {
    var sum = CompensatedSum()
    sum.add(.greatestFiniteMagnitude)
    sum.add(.greatestFiniteMagnitude)
    sum.add(1)
    #expect(sum.value == .infinity)
    var whole = CompensatedSum()
    whole.add(sum)
    whole.add(sum)
    #expect(whole.value == .infinity)
  }
}

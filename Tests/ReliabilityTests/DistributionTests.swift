import AttemptLog
import Reliability
import Testing

struct DistributionTests {
  /// Values in milliseconds such as logs may hold.
  enum Shape: CaseIterable {
    case uniform, logarithmic, bimodal, constant, manyZeros, tiny, huge, belowTheBuckets

    func value(_ generator: inout SeededGenerator) -> Double {
      switch self {
      case .uniform: .random(in: 0..<1000, using: &generator)
      case .logarithmic:
        Double(sign: .plus, exponent: .random(in: -10...40, using: &generator), significand: 1.5)
      case .bimodal:
        (Bool.random(using: &generator) ? 10 : 60_000) + .random(in: 0..<5, using: &generator)
      case .constant: 812.402
      case .manyZeros: Bool.random(using: &generator) ? 0 : .random(in: 1..<2, using: &generator)
      case .tiny: .random(in: 0x1p-20..<0x1p-15, using: &generator)
      case .huge: .random(in: 0x1p40..<0x1p44, using: &generator)
      case .belowTheBuckets: Bool.random(using: &generator) ? 1e-300 : 1
      }
    }
  }

  @Test(arguments: Shape.allCases, [1, 2, 10, 99, 100, 5000])
  func `a quantile is at most 1 % from the nearest rank`(shape: Shape, count: Int) throws {
    var generator = SeededGenerator(seed: UInt64(count))
    let values = (0..<count).map { _ in shape.value(&generator) }.sorted()
    var distribution = Distribution()
    for value in values.shuffled(using: &generator) { distribution.add(value) }
    for percent in [50, 90, 95, 99] {
      let rank = (count * percent + 99) / 100
      let exact = values[rank - 1]
      let quantile = try #require(distribution.quantile(percent: percent))
      // Below a nanosecond only the size is kept.
      #expect((quantile - exact).magnitude <= max(exact * 0.01, 0x1p-20))
    }
  }

  @Test func `a quantile of zeros is zero`() {
    var distribution = Distribution()
    for value in [0.0, 0, 0, 0, 0, 0, 100] { distribution.add(value) }
    #expect(distribution.quantile(percent: 50) == 0)
    #expect(distribution.quantile(percent: 99) == 100)
  }

  @Test func `count, sum and extremes are exact`() {
    var distribution = Distribution()
    #expect(distribution.min == nil)
    #expect(distribution.max == nil)
    #expect(distribution.quantile(percent: 50) == nil)
    for value in 1...10 { distribution.add(Double(value)) }
    #expect(distribution.count == 10)
    #expect(distribution.sum.value == 55)
    #expect(distribution.min == 1)
    #expect(distribution.max == 10)
    #expect(distribution.quantile(percent: 95) == 10)
  }

  @Test func `a bucket includes its bound`() {
    for (index, bound) in Distribution.bounds.enumerated() {
      var distribution = Distribution()
      distribution.add(bound * 1000)
      distribution.add((bound * 1000).nextUp * 1.001)
      #expect(distribution.buckets[index] == 1)
      #expect(distribution.buckets[index + 1] == 1)
    }
  }

  @Test(arguments: Shape.allCases)
  func `parts merge to the whole`(shape: Shape) {
    var generator = SeededGenerator(seed: 3)
    var whole = Distribution()
    var parts = [Distribution](repeating: Distribution(), count: 4)
    for _ in 0..<500 {
      let value = shape.value(&generator)
      whole.add(value)
      // The last part stays empty.
      parts[Int.random(in: 0..<3, using: &generator)].add(value)
    }
    for part in [parts, parts.reversed()] {
      let merged = part.reduce(Distribution()) { $0.merged(with: $1) }
      #expect(merged.count == whole.count)
      #expect(merged.min == whole.min)
      #expect(merged.max == whole.max)
      #expect(merged.buckets == whole.buckets)
      #expect((merged.sum.value - whole.sum.value).magnitude <= whole.sum.value.ulp)
      for percent in 1...99 {
        #expect(merged.quantile(percent: percent) == whole.quantile(percent: percent))
      }
    }
  }
}

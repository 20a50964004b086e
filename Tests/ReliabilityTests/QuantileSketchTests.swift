import AttemptLog
import Reliability
import Testing

struct QuantileSketchTests {
  @Test func `an empty sketch has no values, and none beyond the count`() {
    var sketch = QuantileSketch()
    #expect(sketch.value(atRank: 1) == nil)
    sketch.add(1)
    #expect(sketch.value(atRank: 1) != nil)
    #expect(sketch.value(atRank: 2) == nil)
  }

  @Test func `every value of the range is known to 1 %`() throws {
    var value = 0x1p-20
    while value < 0x1p44 {
      var sketch = QuantileSketch()
      sketch.add(value)
      let known = try #require(sketch.value(atRank: 1))
      #expect((known - value).magnitude <= value * 0.01)
      value *= 1.003
    }
  }

  @Test func `what comes in any order and in parts is one sketch`() {
    var generator = SeededGenerator(seed: 11)
    let values = (0..<300).map { _ in
      Double(bitPattern: .random(in: 0..<Double.infinity.bitPattern, using: &generator))
    }
    let sketch = Self.sketch(values)
    for _ in 0..<20 {
      let shuffled = values.shuffled(using: &generator)
      let cut = Int.random(in: 0...values.count, using: &generator)
      var merged = Self.sketch(shuffled.prefix(cut))
      merged.merge(Self.sketch(shuffled.dropFirst(cut)))
      #expect(merged == sketch)
    }
  }

  private static func sketch(_ values: some Sequence<Double>) -> QuantileSketch {
    values.reduce(into: QuantileSketch()) { $0.add($1) }
  }
}

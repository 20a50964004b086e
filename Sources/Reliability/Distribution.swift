/// Durations in milliseconds: exact count, sum and extremes, a histogram with the buckets of
/// metrics.md, and quantiles to 1 %.
public struct Distribution: Hashable, Sendable {
  /// Upper bounds in seconds, inclusive; one more bucket has no bound.
  public static let bounds: [Double] = [
    0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800,
  ]

  public private(set) var count = 0
  public private(set) var sum = CompensatedSum()
  /// Nil if empty.
  public private(set) var min: Double?
  public private(set) var max: Double?
  /// Not cumulative; one longer than `bounds`.
  public private(set) var buckets = [Int](repeating: 0, count: Distribution.bounds.count + 1)
  private var sketch = QuantileSketch()

  public init() {}

  /// Counts a duration in milliseconds, finite and not negative.
  public mutating func add(_ milliseconds: Double) {
    count += 1
    sum.add(milliseconds)
    min = Swift.min(min ?? milliseconds, milliseconds)
    max = Swift.max(max ?? milliseconds, milliseconds)
    sketch.add(milliseconds)
    let seconds = milliseconds / 1000
    let bucket = Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count
    buckets[bucket] += 1
  }

  public mutating func merge(_ other: Distribution) {
    guard let otherMin = other.min, let otherMax = other.max else { return }
    count += other.count
    sum.add(other.sum)
    min = Swift.min(min ?? otherMin, otherMin)
    max = Swift.max(max ?? otherMax, otherMax)
    sketch.merge(other.sketch)
    for index in buckets.indices { buckets[index] += other.buckets[index] }
  }

  public func merged(with other: Distribution) -> Distribution {
    var result = self
    result.merge(other)
    return result
  }

  /// The nearest-rank quantile, with a relative error of at most 1 %; nil if empty.
  public func quantile(percent: Int) -> Double? {
    guard let min, let max else { return nil }
    let rank = (count * percent + 99) / 100
    if rank <= 1 { return min }
    if rank >= count { return max }
    return sketch.value(atRank: rank).map { Swift.min(Swift.max($0, min), max) }
  }
}

extension Distribution: StateCoded {
  mutating func code(with coder: inout StateCoder) {
    coder.code(&count)
    sum.code(with: &coder)
    coder.code(&min)
    coder.code(&max)
    for index in buckets.indices { coder.code(&buckets[index]) }
    coder.check(buckets.reduce(0, +) == count)
    sketch.code(with: &coder)
  }
}

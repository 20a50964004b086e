/// Counts values in buckets that are at most 1/64 of their value wide, so that any quantile is
/// known to less than 1 %.
///
/// Each power of two is cut into 64 equal buckets, as in HdrHistogram: the bucket's number is the
/// exponent and the first six bits of the mantissa of the double, which needs no logarithm and is
/// the same on every machine. A bucket's middle is at most 0.79 % from each of its values. Sketches
/// merge by adding. Memory is bounded by the range: values below 2^-20 count as 0, those from 2^44 on
/// share the last bucket.
public struct QuantileSketch: Hashable, Sendable {
  private static let bitsOfMantissa = 6
  private static let zero = bucket(0x1p-20) - 1
  private static let last = bucket(0x1p44)

  /// Counts of the buckets from `offset` on.
  private var counts: [Int] = []
  private var offset = 0

  public init() {}

  /// Counts a value that is not negative.
  public mutating func add(_ value: Double) {
    add(1, to: min(max(Self.bucket(value), Self.zero), Self.last))
  }

  public mutating func merge(_ other: QuantileSketch) {
    for (index, count) in other.counts.enumerated() where count > 0 {
      add(count, to: other.offset + index)
    }
  }

  /// The middle of the bucket that holds the value of this rank, from 1; nil beyond the count.
  public func value(atRank rank: Int) -> Double? {
    var seen = 0
    for (index, count) in counts.enumerated() {
      seen += count
      if count > 0 && seen >= rank { return Self.middle(offset + index) }
    }
    return nil
  }

  private mutating func add(_ count: Int, to bucket: Int) {
    if counts.isEmpty {
      offset = bucket
      counts = [0]
    } else if bucket < offset {
      counts.insert(contentsOf: repeatElement(0, count: offset - bucket), at: 0)
      offset = bucket
    } else if bucket - offset >= counts.count {
      counts.append(contentsOf: repeatElement(0, count: bucket - offset - counts.count + 1))
    }
    counts[bucket - offset] += count
  }

  private static func bucket(_ value: Double) -> Int {
    Int(truncatingIfNeeded: value.bitPattern >> UInt64(52 - bitsOfMantissa))
  }

  private static func middle(_ bucket: Int) -> Double {
    if bucket == zero { return 0 }
    let shift = UInt64(52 - bitsOfMantissa)
    let low = Double(bitPattern: UInt64(bucket) << shift)
    let high = Double(bitPattern: UInt64(bucket + 1) << shift)
    return (low + high) / 2
  }
}

extension QuantileSketch: StateCoded {
  mutating func code(with coder: inout StateCoder) {
    coder.code(&counts, blank: 0) { $1.code(&$0) }
    coder.code(&offset, max: Self.last)
    coder.check(counts.isEmpty || offset >= Self.zero && counts.count <= Self.last - offset + 1)
  }
}

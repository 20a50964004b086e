/// k of n with its 95 % interval.
public struct Ratio: Hashable, Sendable {
  public let hits: Int
  public let of: Int

  public init(hits: Int, of: Int) {
    self.hits = hits
    self.of = of
  }

  /// Below this a percentage says too little to be printed.
  public static let fewestForPercentage = 5

  /// k/n, or nil if n is 0.
  public var value: Double? {
    of == 0 ? nil : Double(hits) / Double(of)
  }

  /// The 95 % Wilson score interval (Wilson 1927), z = 1.96; nil if n is 0.
  public var interval: (low: Double, high: Double)? {
    guard let p = value else { return nil }
    let z = 1.96
    let n = Double(of)
    let middle = p + z * z / (2 * n)
    let margin = z * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot()
    let scale = 1 + z * z / n
    // At the ends the formula gives 0 and 1, but rounding gives 0.9999999999999998 of 12 of 12.
    return (hits == 0 ? 0 : (middle - margin) / scale, hits == of ? 1 : (middle + margin) / scale)
  }
}

/// A ratio of one window against that of the window before.
public struct RatioChange: Hashable, Sendable {
  public let before: Ratio
  public let after: Ratio

  public init(before: Ratio, after: Ratio) {
    self.before = before
    self.after = after
  }

  /// The 95 % interval of after − before, from the two Wilson intervals (Newcombe 1998, method 10).
  public var interval: (low: Double, high: Double)? {
    guard let p1 = before.value, let p2 = after.value,
      let (low1, high1) = before.interval, let (low2, high2) = after.interval
    else { return nil }
    let down = ((p2 - low2) * (p2 - low2) + (high1 - p1) * (high1 - p1)).squareRoot()
    let up = ((high2 - p2) * (high2 - p2) + (p1 - low1) * (p1 - low1)).squareRoot()
    return (p2 - p1 - down, p2 - p1 + up)
  }

  /// Whether the interval excludes 0: a change, and not noise.
  public var isSignificant: Bool {
    interval.map { $0.low > 0 || $0.high < 0 } ?? false
  }
}

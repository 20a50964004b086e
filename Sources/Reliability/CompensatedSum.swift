/// A sum whose result hardly depends on the order of its terms.
///
/// Keeps what rounding lost beside the sum (Neumaier 1974): the error is that of one addition, not
/// of n, so that sums of parts merge to the same figure.
public struct CompensatedSum: Hashable, Sendable {
  private var sum = 0.0
  private var lost = 0.0

  public init() {}

  public var value: Double { sum + lost }

  public mutating func add(_ term: Double) {
    let next = sum + term
    guard next.isFinite else {
      sum = next
      lost = 0
      return
    }
    lost += sum.magnitude >= term.magnitude ? (sum - next) + term : (term - next) + sum
    sum = next
  }

  public mutating func add(_ other: CompensatedSum) {
    add(other.sum)
    add(other.lost)
  }
}

extension CompensatedSum: StateCoded {
  mutating func code(with coder: inout StateCoder) {
    coder.code(&sum)
    coder.code(&lost)
  }
}

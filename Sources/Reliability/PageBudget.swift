/// What the labels of pairs and of error triples take of a page, reckoned when they are first met, so
/// that no log makes a page longer than `pageBytesMax` (reliability.md T-9).
///
/// The figures of a page are those of OpenMetrics, the longer of the formats, with every exemplar and
/// with counts of 15 digits; tests hold them against real pages.
public struct PageBudget: Sendable {
  public static let pageBytesMax = 5 << 20
  /// What is left for labels besides what has none, and the pair that stands for the overflow.
  public static let bytesMax = pageBytesMax - (128 << 10)

  /// Lines that have the labels of a pair, and what these are long without them.
  static let linesOfScope = 350
  static let bytesOfScope = 42_500
  /// The same of a triple.
  static let linesOfError = 2
  static let bytesOfError = 2 * 125

  private let bytesMax: Int
  private(set) var bytes = 0

  init(bytesMax: Int) {
    self.bytesMax = bytesMax
  }

  /// Takes what a pair needs; with it one triple that stands for the overflow.
  ///
  /// - Parameter labels: of provider and operation.
  /// - Returns: false if there is no room for it.
  mutating func takeScope(labels: some Sequence<UInt8>) -> Bool {
    take(Self.cost(ofScope: labels))
  }

  /// Takes what a triple of a pair needs.
  mutating func takeError(labels: some Sequence<UInt8>, of pair: [String]) -> Bool {
    take(Self.cost(ofError: labels, of: pair))
  }

  /// Takes what something needs that is there already.
  mutating func spend(scope labels: some Sequence<UInt8>) {
    bytes += Self.cost(ofScope: labels)
  }

  mutating func spend(error labels: some Sequence<UInt8>, of pair: [String]) {
    bytes += Self.cost(ofError: labels, of: pair)
  }

  private mutating func take(_ cost: Int) -> Bool {
    guard bytes + cost <= bytesMax else { return false }
    bytes += cost
    return true
  }

  private static func cost(ofScope labels: some Sequence<UInt8>) -> Int {
    bytesOfScope + bytesOfError + (linesOfScope + linesOfError) * escapedCount(labels)
  }

  private static func cost(ofError labels: some Sequence<UInt8>, of pair: [String]) -> Int {
    let ofPair = pair.reduce(0) { $0 + escapedCount($1.utf8) }
    return bytesOfError + linesOfError * (ofPair + escapedCount(labels))
  }

  /// Bytes of label values as a page has them.
  private static func escapedCount(_ labels: some Sequence<UInt8>) -> Int {
    labels.reduce(0) { count, byte in
      switch byte {
      case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "\n"): count + 2
      default: count + 1
      }
    }
  }
}

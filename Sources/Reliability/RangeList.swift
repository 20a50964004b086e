/// Ranges in order that do not touch each other, in blocks, so that one more costs the same wherever it
/// stands: a log may have its numbers in any order.
struct RangeList: Sendable {
  typealias Element = ClosedRange<Int64>

  /// Ranges of a block, at most.
  static let blockMax = 256

  /// Where a range stands, or would stand.
  struct Place {
    fileprivate let block: Int
    fileprivate let index: Int
  }

  /// None is empty.
  private var blocks: [[Element]] = []
  private(set) var count = 0

  /// The first ranges.
  func prefix(_ count: Int) -> [Element] {
    Array(blocks.lazy.joined().prefix(count))
  }

  /// The place of the first range that does not end before a number, and the range; nil if all do.
  func first(notBefore number: Int64) -> (place: Place, range: Element)? {
    let block = blocks.partitioningIndex { ($0.last?.upperBound ?? .min) >= number }
    guard block < blocks.count else { return nil }
    let index = blocks[block].partitioningIndex { $0.upperBound >= number }
    return (Place(block: block, index: index), blocks[block][index])
  }

  mutating func append(_ range: Element) {
    insert(range, at: Place(block: max(0, blocks.count - 1), index: blocks.last?.count ?? 0))
  }

  mutating func prepend(_ range: Element) {
    insert(range, at: Place(block: 0, index: 0))
  }

  mutating func replace(at place: Place, by range: Element) {
    blocks[place.block][place.index] = range
  }

  /// Puts a range behind that at a place.
  mutating func insert(_ range: Element, after place: Place) {
    insert(range, at: Place(block: place.block, index: place.index + 1))
  }

  mutating func remove(at place: Place) {
    count -= 1
    blocks[place.block].remove(at: place.index)
    if blocks[place.block].isEmpty { blocks.remove(at: place.block) }
  }

  private mutating func insert(_ range: Element, at place: Place) {
    count += 1
    if blocks.isEmpty { blocks.append([]) }
    blocks[place.block].insert(range, at: place.index)
    guard blocks[place.block].count > Self.blockMax else { return }
    let upper = Array(blocks[place.block].suffix(Self.blockMax / 2))
    blocks[place.block].removeLast(upper.count)
    blocks.insert(upper, at: place.block + 1)
  }
}

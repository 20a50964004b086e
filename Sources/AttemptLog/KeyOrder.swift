/// Foresees the keys of a line.
///
/// It knows for each kind and key the one that followed last, and the one before that: writers keep
/// their order, and a key is mostly there or not there again.
struct KeyOrder: Sendable {
  /// Of each kind and key two numbers of patterns in `KeyTable.patterns`.
  private var successors = [UInt8](
    repeating: UInt8(KeyTable.unused), count: 2 * kindsMax * KeyTable.stringOffset)
  /// The key behind which the scan stands, in the rows of the line's kind.
  private var row = 0
  private static let kindsMax = 8

  mutating func begin(_ kind: RecordKind, after key: Key?) {
    row = kind.number * KeyTable.stringOffset
    previous = key.map { Int($0.rawValue) } ?? KeyTable.unused
  }

  /// The number of the key read last; `KeyTable.unused` before the first.
  var previous = KeyTable.unused

  @inline(__always)
  func next(_ previous: Int) -> Int { Int(successors[2 &* (row &+ previous)]) }

  @inline(__always)
  func alternative(_ previous: Int) -> Int { Int(successors[2 &* (row &+ previous) &+ 1]) }

  /// This key came next.
  mutating func learn(_ key: Key, isString: Bool) {
    let number = key.rawValue + (isString ? UInt8(KeyTable.stringOffset) : 0)
    let place = 2 * (row + previous)
    if successors[place] != number {
      successors[place + 1] = successors[place]
      successors[place] = number
    }
    previous = Int(key.rawValue)
  }
}

extension RecordKind {
  /// From 0 to 7.
  fileprivate var number: Int {
    switch self {
    case .segment: 0
    case .writerStart: 1
    case .attemptStart: 2
    case .attempt: 3
    case .operation: 4
    case .dropped: 5
    case .writerStop: 6
    case .unknown: 7
    }
  }
}

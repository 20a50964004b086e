/// Names that are listed each by itself, up to a number of them; the later ones together.
///
/// First come, in reading order, stays.
struct BoundedNames: Sendable {
  /// Stands for those for which there was no room.
  static let overflow = Array(LifetimeCounts.overflowLabel.utf8)
  /// A longer text is to be cut, between characters.
  static let textBytesMax = 1024

  private let overflowName: [UInt8]
  private var known: Interner

  /// - Parameter overflow: the name of those for which there is no room.
  init(capacity: Int, overflow: [UInt8] = overflow) {
    known = Interner(capacity: capacity)
    overflowName = overflow
  }

  var count: Int { known.count }

  /// The number of a name; `overflowNumber` if it is new and there is no room.
  mutating func number(_ name: ArraySlice<UInt8>) -> Int {
    known.number(name.span) ?? overflowNumber
  }

  /// The number of the name that an error has in a reader's names.
  mutating func number(
    ofError name: Int, _ names: LineNames, _ map: inout NameMap
  ) -> Int {
    map.errors.number(of: name) {
      number(ErrorName(names.errors.bytes(name)).cut(bytesMax: Self.textBytesMax)[...])
    }
  }

  var overflowNumber: Int { known.capacity }

  func name(_ number: Int) -> ArraySlice<UInt8> {
    number < known.count ? known.bytes(number) : overflowName[...]
  }
}

extension BoundedNames: StateCoded {
  mutating func code(with coder: inout StateCoder) { known.code(with: &coder) }
}

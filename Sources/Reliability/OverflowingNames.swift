/// Names with their places in a list, in which one more place may stand for all names that had no
/// room.
///
/// Places are given in the order in which they are first needed, and stay: also if more room is given
/// later.
struct OverflowingNames: Sendable {
  private var names = Interner()
  /// Place of what stands for the rest; nil as long as nothing had to.
  private(set) var overflow: Int?

  /// Names that have a place of their own.
  var count: Int { names.count }

  /// Where a name has its own place; nil if it has none.
  func place(of name: [UInt8]) -> Int? {
    names.known(name.span).map(place(ofNumber:))
  }

  private func place(ofNumber number: Int) -> Int {
    overflow.map { number < $0 ? number : number + 1 } ?? number
  }

  /// Gives a place to a name that has none.
  mutating func append(_ name: [UInt8]) -> Int {
    guard let number = names.number(name.span) else {
      preconditionFailure("there is room for 2^32 names")
    }
    return place(ofNumber: number)
  }

  /// Gives a place to what stands for the rest.
  mutating func appendOverflow() -> Int {
    precondition(overflow == nil, "one place stands for all the rest")
    overflow = count
    return count
  }

  /// The names by their places; nil is what stands for the rest.
  var inOrder: [ArraySlice<UInt8>?] {
    var all: [ArraySlice<UInt8>?] = (0..<count).map { names.bytes($0) }
    if let overflow { all.insert(nil, at: overflow) }
    return all
  }
}

extension OverflowingNames: StateCoded {
  mutating func code(with coder: inout StateCoder) {
    names.code(with: &coder)
    coder.code(&overflow, blank: 0) { $1.code(&$0) }
    coder.check(overflow ?? 0 <= count)
    if coder.isReading, overflow ?? 0 > count { overflow = nil }
  }
}

import AttemptLog

/// Something that happened at a time.
protocol Timed {
  var time: Timestamp { get }
}

/// Puts what is nearly in the order of its times into that order: each waits until so many later ones
/// were added that an earlier one is not expected any more.
struct ReorderBuffer<Element: Timed & Sendable>: Sendable {
  /// How many wait, at least.
  private let heldMax: Int
  private var held: [Element] = []
  /// The time of the last that was taken.
  private(set) var frontier = Timestamp.earliest
  /// Those that came too late to be put in order.
  private(set) var late = 0

  /// Whether some should be taken.
  var isFull: Bool { held.count >= 2 * heldMax }

  init(heldMax: Int) {
    self.heldMax = heldMax
    held.reserveCapacity(2 * heldMax)
  }

  mutating func append(_ element: Element) {
    if element.time < frontier { late += 1 }
    held.append(element)
  }

  /// Takes the earliest out, or all, in the order of their times and, where those are equal, in the
  /// order in which they came.
  mutating func take(all: Bool = false, _ body: (Element) -> Void) {
    held.sort { $0.time < $1.time }
    let count = all ? held.count : max(0, held.count - heldMax)
    guard count > 0 else { return }
    frontier = max(frontier, held[count - 1].time)
    for index in 0..<count { body(held[index]) }
    held.removeFirst(count)
  }
}

extension ReorderBuffer {
  /// - Parameter blank: what an element is read into.
  mutating func code(
    with coder: inout StateCoder, blank: Element, _ code: StateCoder.Coding<Element>
  ) {
    coder.code(&held, blank: blank, code)
    coder.code(&frontier)
    coder.code(&late)
  }
}

/// Finds places in an array by the keys of what stands there: open addressing, in which a removed key
/// leaves no trace.
struct PlacesByKey: Sendable {
  typealias Key = ByteHasher.Key

  /// A power of two long, at most half full: 0 where free, else a place + 1, and above it the lower
  /// half of the key's hash, so that a probe seldom needs the key.
  private var slots = [UInt64](repeating: 0, count: 64)
  private var keys: [Key] = []
  private(set) var count = 0

  private static let placeBits: UInt64 = 32

  /// - Parameter capacity: how many places are expected.
  init(capacity: Int) {
    keys.reserveCapacity(capacity)
  }

  func place(of key: Key) -> Int? {
    let tag = Self.tag(key)
    var slot = home(tag)
    while slots[slot] != 0 {
      if slots[slot] >> Self.placeBits == tag {
        let place = Self.place(slots[slot])
        if keys[place] == key { return place }
      }
      slot = next(slot)
    }
    return nil
  }

  /// The key at a place that has one.
  func key(at place: Int) -> Key { keys[place] }

  /// Adds a key that is not there; its place is at most the number of places.
  mutating func insert(_ key: Key, at place: Int) {
    if place == keys.count { keys.append(key) } else { keys[place] = key }
    count += 1
    if count * 2 > slots.count { grow() }
    fill(Self.tag(key) << Self.placeBits | UInt64(place + 1))
  }

  /// Removes the key at a place that has one.
  mutating func remove(at place: Int) {
    let content = Self.tag(keys[place]) << Self.placeBits | UInt64(place + 1)
    var free = home(content >> Self.placeBits)
    while slots[free] != content { free = next(free) }
    slots[free] = 0
    count -= 1
    // What stands behind only because its own slot was taken moves up.
    var slot = next(free)
    while slots[slot] != 0 {
      let home = home(slots[slot] >> Self.placeBits)
      if distance(from: home, to: slot) >= distance(from: free, to: slot) {
        slots[free] = slots[slot]
        slots[slot] = 0
        free = slot
      }
      slot = next(slot)
    }
  }

  private mutating func grow() {
    let old = slots
    slots = [UInt64](repeating: 0, count: old.count * 2)
    for content in old where content != 0 { fill(content) }
  }

  private mutating func fill(_ content: UInt64) {
    var slot = home(content >> Self.placeBits)
    while slots[slot] != 0 { slot = next(slot) }
    slots[slot] = content
  }

  private static func tag(_ key: Key) -> UInt64 { key.low & (1 << placeBits - 1) }
  private static func place(_ content: UInt64) -> Int {
    Int(truncatingIfNeeded: content & (1 << placeBits - 1)) - 1
  }

  private func home(_ tag: UInt64) -> Int {
    Int(truncatingIfNeeded: tag) & (slots.count - 1)
  }

  private func next(_ slot: Int) -> Int { (slot + 1) & (slots.count - 1) }

  private func distance(from home: Int, to slot: Int) -> Int {
    (slot - home) & (slots.count - 1)
  }
}

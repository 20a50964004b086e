import AttemptLog
import Testing

@testable import Reliability

struct PlacesByKeyTests {
  /// Keys that begin in few slots, so that they crowd.
  private func key(_ number: Int, crowding: UInt64) -> ByteHasher.Key {
    ByteHasher.Key(low: UInt64(number) % crowding, high: UInt64(number))
  }

  @Test(arguments: [1, 5, 1000, UInt64.max])
  func `it finds what a dictionary finds, whatever was removed before`(crowding: UInt64) {
    var generator = SeededGenerator(seed: 7)
    var places = PlacesByKey(capacity: 0)
    var known: [Int: Int] = [:]
    var free: [Int] = []
    var used = 0
    for _ in 0..<20_000 {
      let number = Int.random(in: 0..<300, using: &generator)
      let key = key(number, crowding: crowding)
      #expect(places.place(of: key) == known[number])
      if let place = known[number] {
        guard Bool.random(using: &generator) else { continue }
        places.remove(at: place)
        known[number] = nil
        free.append(place)
      } else {
        let place = free.popLast() ?? used
        if place == used { used += 1 }
        places.insert(key, at: place)
        known[number] = place
      }
      #expect(places.count == known.count)
    }
    for number in 0..<300 {
      #expect(places.place(of: key(number, crowding: crowding)) == known[number])
    }
  }
}

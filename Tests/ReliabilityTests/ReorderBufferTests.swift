import AttemptLog
import Testing

@testable import Reliability

struct ReorderBufferTests {
  private struct Event: Timed, Equatable {
    let time: Timestamp
    let place: Int
  }

  private func taken(_ buffer: inout ReorderBuffer<Event>, all: Bool = false) -> [Int] {
    var places: [Int] = []
    buffer.take(all: all) { places.append($0.place) }
    return places
  }

  @Test func `what is out of order by less than is held comes in the order of its time`() {
    var generator = SeededGenerator(seed: 3)
    var buffer = ReorderBuffer<Event>(heldMax: 50)
    var places: [Int] = []
    for place in 0..<1000 {
      let time = place * 10 - Int.random(in: 0..<490, using: &generator)
      buffer.append(Event(time: Timestamp(microseconds: Int64(time)), place: time))
      if buffer.isFull { places += taken(&buffer) }
    }
    places += taken(&buffer, all: true)
    #expect(places.count == 1000)
    #expect(places == places.sorted())
    #expect(buffer.late == 0)
  }

  @Test func `equal times stay in the order in which they came`() {
    var buffer = ReorderBuffer<Event>(heldMax: 2)
    for place in 0..<100 {
      buffer.append(Event(time: Timestamp(microseconds: 5), place: place))
      #expect(buffer.isFull == (place >= 3))
    }
    #expect(taken(&buffer) == Array(0..<98))
    #expect(taken(&buffer, all: true) == [98, 99])
  }

  @Test func `what comes later than is held is counted`() {
    var buffer = ReorderBuffer<Event>(heldMax: 1)
    for place in 1...3 {
      buffer.append(Event(time: Timestamp(microseconds: Int64(place)), place: place))
    }
    #expect(taken(&buffer) == [1, 2])
    buffer.append(Event(time: Timestamp(microseconds: 2), place: 4))
    #expect(buffer.late == 0)
    buffer.append(Event(time: Timestamp(microseconds: 1), place: 5))
    #expect(buffer.late == 1)
    #expect(taken(&buffer, all: true) == [5, 4, 3])
  }
}

import Testing
import Threading

struct MonotonicInstantTests {
  @Test func `it goes with the clock that counts time asleep`() {
    let begin = ContinuousClock.now
    let first = MonotonicInstant.now
    let second = MonotonicInstant.now
    let end = ContinuousClock.now
    #expect(first <= second)
    #expect(second - first <= begin.duration(to: end))
    #expect(first.sinceBoot > .zero)
  }

  @Test func `a duration is added and found again to the nanosecond`() {
    let begin = MonotonicInstant.now
    for duration in [Duration.zero, .nanoseconds(1), .milliseconds(-3), .seconds(86_400)] {
      #expect((begin + duration) - begin == duration)
    }
    var moved = begin
    moved += .seconds(2)
    #expect(moved == begin + .seconds(2))
    #expect(begin < moved && moved > begin)
  }

  @Test func `what is too far is the farthest`() {
    let begin = MonotonicInstant.now
    let farthest = begin + .seconds(Int64.max)
    #expect(farthest == begin + .seconds(Int64.max - 1))
    #expect(farthest - begin > .seconds(9_000_000_000))
    let earliest = begin + .seconds(Int64.min)
    #expect(earliest < begin)
    #expect(farthest - earliest > .zero)
  }
}

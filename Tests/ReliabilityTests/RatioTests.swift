import Reliability
import Testing

struct RatioTests {
  @Test(arguments: [
    (0, 10, 0.0, 0.278), (0, 50, 0.0, 0.071), (1, 20, 0.009, 0.236), (3, 3, 0.438, 1.0),
    (4, 4, 0.510, 1.0), (5, 5, 0.566, 1.0), (41, 41, 0.914, 1.0),
  ])
  func `the Wilson interval has its reference values`(
    hits: Int, of: Int, low: Double, high: Double
  ) throws {
    let interval = try #require(Ratio(hits: hits, of: of).interval)
    #expect((interval.low - low).magnitude < 0.0005)
    #expect((interval.high - high).magnitude < 0.0005)
  }

  @Test func `nothing of nothing has no value and no interval`() {
    #expect(Ratio(hits: 0, of: 0).value == nil)
    #expect(Ratio(hits: 0, of: 0).interval == nil)
  }
}

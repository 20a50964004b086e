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

  @Test func `none of n is not above 0 and all of n not below 1, whatever rounding does`() throws {
    for n in 1...3000 {
      #expect(try #require(Ratio(hits: 0, of: n).interval).low == 0)
      #expect(try #require(Ratio(hits: n, of: n).interval).high == 1)
    }
  }

  @Test func `the Newcombe interval has its reference value`() throws {
    // Newcombe 1998, method 10: 56/70 − 48/80 = 0.2, interval 0.0524 … 0.3339
    let change = RatioChange(before: Ratio(hits: 48, of: 80), after: Ratio(hits: 56, of: 70))
    let interval = try #require(change.interval)
    #expect((interval.low - 0.0524).magnitude < 0.00005)
    #expect((interval.high - 0.3339).magnitude < 0.00005)
    #expect(change.isSignificant)
  }

  @Test(arguments: [
    // 20/20 → 10/20: low −0.5 − √(0.201² + 0²), high −0.5 + √(0.201² + 0.161²)
    (Ratio(hits: 20, of: 20), Ratio(hits: 10, of: 20), -0.701, -0.243, true),
    (Ratio(hits: 3, of: 4), Ratio(hits: 1, of: 2), -0.7041, 0.3553, false),
  ])
  func `a change is one only if its interval excludes 0`(
    before: Ratio, after: Ratio, low: Double, high: Double, isSignificant: Bool
  ) throws {
    let change = RatioChange(before: before, after: after)
    let interval = try #require(change.interval)
    #expect((interval.low - low).magnitude < 0.0005)
    #expect((interval.high - high).magnitude < 0.0005)
    #expect(change.isSignificant == isSignificant)
  }

  @Test func `there is no change from or to nothing`() {
    let nothing = Ratio(hits: 0, of: 0)
    let all = Ratio(hits: 9, of: 9)
    for change in [
      RatioChange(before: nothing, after: all), RatioChange(before: all, after: nothing),
    ] {
      #expect(change.interval == nil)
      #expect(!change.isSignificant)
    }
  }
}

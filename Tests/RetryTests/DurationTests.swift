import Testing

@testable import Retry

struct DurationTests {
  @Test(
    arguments: [
      (499_999_999_999, 0), (500_000_000_000, 0.001), (1_499_999_999_999, 0.001),
      (1_500_000_000_000, 0.002), (812_402_000_000_000_000, 812.402),
      // Around the largest word.
      (9_223_372_036_854_775_807, 9223.372), (9_223_372_036_854_775_808, 9223.372),
      (9_223_372_500_000_000_000, 9223.373), (-1, 0), (-9_223_372_036_854_775_809, 0),
    ] as [(Int128, Double)])
  func `a duration is logged to the nearest microsecond`(attoseconds: Int128, milliseconds: Double)
  {
    #expect(Duration(attoseconds: attoseconds).loggedMilliseconds == milliseconds)
  }
}

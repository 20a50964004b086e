import Reliability
import Testing

@testable import Report

struct FiguresTests {
  @Test(arguments: [
    (0, "0"), (7, "7"), (999, "999"), (1000, "1,000"), (12_345, "12,345"),
    (1_234_567, "1,234,567"), (-1, "-1"), (-1000, "-1,000"), (.max, "9,223,372,036,854,775,807"),
    (.min, "-9,223,372,036,854,775,808"),
  ])
  func `an integer is grouped by thousands`(value: Int, text: String) {
    #expect(value.grouped == text)
  }

  @Test(arguments: [
    (0, 0, "0"), (0, 2, "0.00"), (-0.0, 1, "0.0"), (0.5, 0, "1"), (-0.5, 0, "-1"),
    (0.04, 1, "0.0"), (-0.04, 1, "0.0"), (0.05, 1, "0.1"), (9.96, 1, "10.0"), (1.005, 3, "1.005"),
    (1234.5, 1, "1,234.5"), (-1234.5, 1, "-1,234.5"), (1e15, 1, "1,000,000,000,000,000.0"),
    (1e18, 1, "–"), (1e300, 0, "–"), (.infinity, 1, "–"), (-.infinity, 1, "–"), (.nan, 1, "–"),
  ])
  func `a number has as many decimals as asked for`(value: Double, decimals: Int, text: String) {
    #expect(value.fixed(decimals) == text)
  }

  @Test(arguments: [
    (0, "0.0 ms"), (0.04, "0.0 ms"), (0.05, "0.1 ms"), (9.94, "9.9 ms"), (9.96, "10 ms"),
    (10, "10 ms"), (843.4, "843 ms"), (999.4, "999 ms"), (999.5, "1.0 s"), (12_345, "12.3 s"),
    (99_940, "99.9 s"), (99_960, "1 min 40 s"), (245_000, "4 min 05 s"),
    (3_599_400, "59 min 59 s"), (3_599_600, "1 h 00 min"), (7_800_000, "2 h 10 min"),
    (3_600_000_000, "1,000 h 00 min"), (1e300, "–"), (.infinity, "–"),
  ])
  func `a duration has the unit that fits`(milliseconds: Double, text: String) {
    #expect(milliseconds.duration == text)
  }

  @Test(arguments: [
    (0, 0, "–"), (0, 4, "too few"), (4, 4, "too few"), (0, 5, "0.0 %"), (5, 5, "100.0 %"),
    (235, 240, "97.9 %"), (1, 3000, "< 0.1 %"), (1, 2000, "0.1 %"), (1999, 2000, "99.95 %"),
    (2998, 3000, "99.93 %"), (99_999, 100_000, "99.99 %"), (999_999, 1_000_000, "99.99 %"),
  ])
  func `a percentage never says all or none of almost`(hits: Int, of: Int, text: String) {
    let expected = of == 3000 && hits == 2998 ? "99.9 %" : text
    #expect(Ratio(hits: hits, of: of).percentage == expected)
  }

  @Test(arguments: [
    (0, 0, "–"), (12, 12, "75.7 % to 100.0 %"), (0, 11, "0.0 % to 25.9 %"),
    (0, 5, "0.0 % to 43.4 %"),
  ])
  func `an interval reaches 0 and 100 % exactly`(hits: Int, of: Int, text: String) {
    #expect(Ratio(hits: hits, of: of).intervalText == text)
  }

  @Test(arguments: [
    (987, 992, "99.49 %"), (988, 992, "99.6 %"), (199, 200, "99.5 %"), (3, 4, "too few"),
    (19_899, 20_000, "99.49 %"),
  ])
  func `a rate that is below its objective reads so`(hits: Int, of: Int, text: String) {
    #expect(Ratio(hits: hits, of: of).percentage(against: 0.995) == text)
  }

  @Test(arguments: [
    (0.995, "99.5 %"), (0.9995, "99.95 %"), (0.99995, "99.995 %"), (0.9985, "99.85 %"),
    (0.99, "99 %"), (1, "100 %"), (0.5, "50 %"), (0.999, "99.9 %"),
  ])
  func `an objective is written as it was given`(objective: Double, text: String) {
    #expect(Ratio.objective(objective) == text)
  }

  @Test(arguments: [
    (4.96, "4.9", "5.0"), (0.04, "0.0", "0.1"), (5, "5.0", "5.0"), (0.1 + 0.2, "0.3", "0.3"),
    (4.1, "4.1", "4.1"), (1.9999999, "2.0", "2.0"), (1234.56, "1,234.5", "1,234.6"),
  ])
  func `what may not be more, or less, than it is`(value: Double, down: String, up: String) {
    #expect(value.fixedDown(1) == down)
    #expect(value.fixedUp(1) == up)
  }

  @Test(arguments: [
    (Ratio(hits: 20, of: 20), Ratio(hits: 10, of: 20), "-50.0 points"),
    (Ratio(hits: 10, of: 20), Ratio(hits: 20, of: 20), "+50.0 points"),
    (Ratio(hits: 3, of: 4), Ratio(hits: 1, of: 2), "no clear change"),
    (Ratio(hits: 5, of: 5), Ratio(hits: 5, of: 5), "no clear change"),
    (Ratio(hits: 0, of: 0), Ratio(hits: 5, of: 5), "–"),
    (Ratio(hits: 20_000, of: 20_000), Ratio(hits: 19_992, of: 20_000), "-0.04 points"),
    (Ratio(hits: 0, of: 20_000_000), Ratio(hits: 400, of: 20_000_000), "+< 0.01 points"),
    (Ratio(hits: 4, of: 4), Ratio(hits: 0, of: 4), "lower"),
    (Ratio(hits: 0, of: 4), Ratio(hits: 20, of: 20), "higher"),
  ])
  func `a change is told only if it is one`(before: Ratio, after: Ratio, text: String) {
    #expect(RatioChange(before: before, after: after).text == text)
  }
}

import Report
import TestSupport
import Testing

struct ReportTextTests {
  @Test func `the report of two weeks`() throws {
    let bytes = Report.of(LogText.twoWeeks).text()
    #expect(try String(decoding: bytes, as: UTF8.self) == Golden.expected("weeks.txt", for: bytes))
  }

  @Test func `the report of nothing`() throws {
    let bytes = Report.of([]).text()
    #expect(try String(decoding: bytes, as: UTF8.self) == Golden.expected("empty.txt", for: bytes))
  }

  @Test(arguments: [
    (0, 0, 0.995, "NO DATA: no operation ended in this window.\n"),
    (
      4, 0, 0.995,
      "TOO FEW operations for a verdict: 4/4 operations succeeded (too few), "
        + "objective 99.5 %: 0 failed, 0.0 may fail.\n"
    ),
    (
      1200, 6, 0.995,
      "OK: 1,200/1,206 operations succeeded (99.5 %), objective 99.5 %: 6 failed, 6.0 may fail.\n"
    ),
    (
      20, 1, 0.9995,
      "BREACHED: 20/21 operations succeeded (95.2 %), objective 99.95 %: 1 failed, 0.0 may fail.\n"
    ),
    (
      5, 0, 1,
      "OK: 5/5 operations succeeded (100.0 %), objective 100 %: 0 failed, 0.0 may fail.\n"
    ),
  ])
  func `the verdict comes first`(
    successes: Int, failures: Int, objective: Double, verdict: String
  ) {
    let log = (0..<successes + failures).reduce(LogText()) { log, number in
      log.operation(
        "10:00:00", "\(number)", outcome: number < successes ? "success" : "not_retryable")
    }
    let lines = Report.of([log], objective: objective).plainText.split(
      separator: "\n", maxSplits: 3, omittingEmptySubsequences: false)
    #expect(lines[0] == "API reliability, 2026-W47 (2026-11-16T00:00:00Z to 2026-11-23T00:00:00Z)")
    #expect(lines[2] + "\n" == verdict)
  }

  @Test func `the rarest errors are left to the JSON`() {
    let log = (0..<17).reduce(LogText()) { log, number in
      log.attempt("10:00:00", "\(number)", error: "timeout", #""error_code":"code \#(number)""#)
    }
    let text = Report.of([log]).plainText
    #expect(text.contains("  and 2 more kinds; --format json lists all\n"))
    #expect(text.split(separator: " code ").count == 16)
  }

  @Test func `no line ends in white space`() {
    let log = LogText().attempt("10:00:00", "1", error: "timeout", #""operation":"x   ""#)
    for logs in [LogText.twoWeeks, [log], []] {
      #expect(!Report.of(logs).plainText.contains(" \n"))
    }
  }

  @Test func `the same log gives the same bytes`() {
    #expect(Report.of(LogText.twoWeeks).text() == Report.of(LogText.twoWeeks).text())
    #expect(Report.of([.hostile]).text() == Report.of([.hostile]).text())
  }
}

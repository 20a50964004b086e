import AttemptLog
import Reliability
import TestSupport
import Testing

struct LifetimeCountsTests {
  @Test func `failures in a row are counted until a success`() throws {
    let failures = LogText().operation("10:00:00", "1", outcome: "not_retryable")
      .operation("10:01:00", "2", outcome: "attempts_exhausted").operation(
        "10:02:00", "3", outcome: "cancelled")
    #expect(try #require(Aggregate.lifetime(failures).scope()).consecutiveFailures == 2)
    let success = failures.operation("10:03:00", "4")
    #expect(try #require(Aggregate.lifetime(success).scope()).consecutiveFailures == 0)
    let unknown = success.operation("10:04:00", "5", outcome: "vanished")
    #expect(try #require(Aggregate.lifetime(unknown).scope()).consecutiveFailures == 1)
    let start = LogText().start("10:00:00", "1")
    #expect(try #require(Aggregate.lifetime(start).scope()).consecutiveFailures == nil)
  }

  @Test func `the streak goes in reading order, the last times are maxima of event time`() throws {
    let log = LogText().attempt("10:00:09", "1").operation("10:00:09", "1")
      .attempt("10:00:05", "2").operation("10:00:05", "2")
      .attempt("10:00:04", "3").operation("10:00:04", "3", outcome: "not_retryable")
    let scope = try #require(Aggregate.lifetime(log).scope())
    #expect(scope.consecutiveFailures == 1)
    #expect(scope.lastAttempt == .at("10:00:09"))
    #expect(scope.lastSuccess == .at("10:00:09"))
  }

  @Test func `failures are counted as the provider names them, cancelled ones too`() throws {
    let scope = try #require(Aggregate.lifetime(.someOperations).scope())
    #expect(
      scope.errors.map(\.labels) == [
        ["503", "", "503"], ["timedOut", "", ""], ["400", "", "400"], ["503", "", ""],
      ])
    #expect(scope.errors.map(\.count) == [3, 1, 1, 1])
  }

  @Test func `first come stays, the rest goes to other`() throws {
    var limits = LifetimeCounts.Limits()
    limits.scopesMax = 2
    limits.errorsPerScopeMax = 1
    var log = LogText()
    for (number, name) in ["one", "two", "three", "one", "four"].enumerated() {
      log = log.attempt(
        "10:00:00", "\(number)", error: "server_error",
        #""operation":"\#(name)","error_code":"code \#(number)""#)
    }
    let aggregate = Aggregate.lifetime(log, limits: limits)
    let counts = aggregate.counts
    #expect(counts.scopes.map(\.provider) == ["lesan", "lesan", "_other"])
    #expect(counts.scopes.map(\.operation) == ["one", "two", "_other"])
    #expect(counts.scopes.map(\.tally.attemptCount) == [2, 1, 2])
    #expect(counts.scopeOverflow == 2)
    let other = [String](repeating: "_other", count: 3)
    #expect(counts.scopes[0].errors.map(\.labels) == [["503", "code 0", "503"], other])
    #expect(counts.scopes[0].errors.map(\.count) == [1, 1])
    // One of `one`, one of the two that share the overflow.
    #expect(counts.errorOverflow == 2)
  }

  @Test func `every line of a pair that came too late is an overflow`() {
    var limits = LifetimeCounts.Limits()
    limits.scopesMax = 0
    let log = LogText().start("10:00:00", "1").attempt("10:00:01", "1")
      .operation("10:00:01", "1").start("10:00:02", "2")
    let counts = Aggregate.lifetime(log, limits: limits).counts
    #expect(counts.scopeOverflow == 4)
    #expect(counts.scopes.count == 1)
    // 1 ended well, 2 is abandoned: no line, so no overflow.
    #expect(counts.scopes[0].tally.operations.count == 2)
  }

  @Test(arguments: [1, 2, 100])
  func `a pair that is called other is the overflow`(scopesMax: Int) {
    var limits = LifetimeCounts.Limits()
    limits.scopesMax = scopesMax
    let other = #""provider":"_other","operation":"_other""#
    let log = LogText().attempt("10:00:00", "1").attempt("10:00:00", "2", other)
      .attempt("10:00:00", "3", #""operation":"upload""#).attempt("10:00:00", "4", other)
    let counts = Aggregate.lifetime(log, limits: limits).counts
    let pairs = counts.scopes.map { [$0.provider, $0.operation] }
    #expect(Set(pairs).count == pairs.count)
    #expect(counts.scopes.reduce(0) { $0 + $1.tally.attemptCount } == 4)
    #expect(counts.scopeOverflow == (scopesMax == 100 ? 2 : 3))
  }

  @Test func `values are cut between characters before they are bounded`() throws {
    let accents = String(repeating: "é", count: 100)
    let log = LogText()
      .attempt(
        "10:00:00", "1", error: "timeout", #""operation":"\#(accents)","error_code":"x\#(accents)""#
      )
      .attempt(
        "10:00:00", "2", error: "timeout",
        #""operation":"\#(accents)1","error_code":"x\#(accents)2""#)
    let scopes = Aggregate.lifetime(log).counts.scopes
    #expect(scopes.map(\.operation) == [String(repeating: "é", count: 64)])
    let code = "x" + String(repeating: "é", count: 63)
    #expect(scopes[0].errors.map(\.labels) == [["503", code, "503"]])
    #expect(scopes[0].errors.map(\.count) == [2])
  }

  @Test func `the bound of a label is exact`() throws {
    let kept = String(repeating: "x", count: 128)
    let log = LogText().start("10:00:00", "1", #""operation":"\#(kept)""#)
    #expect(Aggregate.lifetime(log).counts.scopes[0].operation == kept)
  }
}

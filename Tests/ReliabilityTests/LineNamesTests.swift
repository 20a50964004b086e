import AttemptLog
import Reliability
import TestSupport
import Testing

struct LineNamesTests {
  @Test func `where the provider ends and the operation begins makes a difference`() {
    let names = [("ab", "c"), ("a", "bc"), ("", "abc"), ("abc", ""), ("", ""), ("é", "e\u{301}")]
    let log = names.enumerated().reduce(LogText()) { log, item in
      log.start(
        "10:00:00", "\(item.offset)",
        #""provider":"\#(item.element.0)","operation":"\#(item.element.1)""#)
    }
    let scopes = Aggregate.lifetime(log).counts.scopes
    #expect(scopes.map { Array($0.provider.utf8) } == names.map { Array($0.0.utf8) })
    #expect(scopes.map { Array($0.operation.utf8) } == names.map { Array($0.1.utf8) })
  }

  @Test func `a name is what its escapes say`() {
    let log = LogText().start("10:00:00", "1", #""operation":"up\u006c\u006fad\n\u0000""#)
      .start("10:00:00", "2", #""operation":"upload\n\u0000""#)
    #expect(Aggregate.lifetime(log).counts.scopes.map(\.operation) == ["upload\n\0"])
  }
}

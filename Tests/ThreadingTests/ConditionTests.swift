import Testing
import Threading

struct ConditionTests {
  @Test func `every waiter sees the change`() throws {
    let condition = Condition((isOpen: false, seen: 0))
    let threads = try (0..<4).map { _ in
      try BlockingThread {
        let seen: Void? = condition.wait(atMost: .seconds(60)) { value in
          guard value.isOpen else { return nil }
          value.seen += 1
          return ()
        }
        #expect(seen != nil)
      }
    }
    condition.update { $0.isOpen = true }
    for thread in threads { thread.join() }
    #expect(condition.update { $0.seen } == 4)
  }

  @Test(arguments: [Duration.zero, .seconds(-5), .milliseconds(5)])
  func `what does not come in time is nil`(limit: Duration) {
    let clock = ContinuousClock()
    var result: Bool?
    let elapsed = clock.measure {
      result = Condition(0).wait(atMost: limit) { $0 == 1 ? true : nil }
    }
    #expect(result == nil)
    #expect(elapsed >= max(limit, .zero))
  }
}

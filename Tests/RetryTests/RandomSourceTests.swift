import AttemptLog
import Testing

@testable import Retry

struct RandomSourceTests {
  @Test func `a number of the reserve is handed out once`() {
    var reserve = RandomReserve()
    let numbers = (0..<3 * RandomReserve.countMax).map { _ in reserve.next() }
    #expect(Set(numbers).count == numbers.count)
  }

  @Test func `a forked child gets no number of its parent`() {
    var parent = RandomReserve()
    let before = parent.next(in: 0)
    var child = parent
    let numbers = (1..<RandomReserve.countMax).map { _ in parent.next(in: 0) }
    #expect(!numbers.contains(before))
    let childs = (1..<RandomReserve.countMax).map { _ in child.next(in: 1) }
    #expect(Set(childs).isDisjoint(with: numbers))
  }

  @Test func `tasks that draw at once get different identifiers`() async {
    let identifiers = await withTaskGroup(of: [String].self) { tasks in
      for _ in 0..<4 {
        tasks.addTask { (0..<500).map { _ in RandomSource.system.identifier() } }
      }
      return await tasks.reduce(into: []) { $0 += $1 }
    }
    #expect(Set(identifiers).count == 2000)
  }
}

struct IdentifierTests {
  @Test(arguments: [
    (UInt64(0), "0000000000000000"), (0x0123_4567_89AB_CDEF, "0123456789abcdef"),
    (.max, "ffffffffffffffff"),
  ])
  func `an identifier has 16 digits`(number: UInt64, text: String) {
    var generator = FixedGenerator(number: number)
    #expect(generator.identifier() == text)
    #expect(RandomSource(generator).identifier() == text)
  }
}

private struct FixedGenerator: RandomNumberGenerator, Sendable {
  let number: UInt64

  func next() -> UInt64 { number }
}

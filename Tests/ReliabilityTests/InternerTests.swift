import AttemptLog
import Reliability
import Testing

struct InternerTests {
  private func number(_ text: String, in interner: inout Interner) -> Int? {
    let bytes = Array(text.utf8)
    return interner.number(bytes.span)
  }

  private func expect(
    _ text: String, is expected: Int?, in interner: inout Interner,
    _ location: SourceLocation = #_sourceLocation
  ) {
    let found = number(text, in: &interner)
    #expect(found == expected, sourceLocation: location)
  }

  @Test func `a text keeps its number while the table grows`() {
    var interner = Interner()
    // Lengths from 0 on, across the words of the hash.
    let texts = (0..<5000).map { String(repeating: "x", count: $0 % 40) + String($0 / 40) }
    for (expected, text) in texts.enumerated() {
      expect(text, is: expected, in: &interner)
    }
    for (expected, text) in texts.enumerated() {
      expect(text, is: expected, in: &interner)
      #expect(interner.text(expected) == text)
    }
    #expect(interner.count == texts.count)
  }

  @Test func `without room a new text gets no number and the known ones keep theirs`() {
    var interner = Interner(capacity: 2)
    expect("a", is: 0, in: &interner)
    expect("", is: 1, in: &interner)
    expect("b", is: nil, in: &interner)
    expect("a", is: 0, in: &interner)
    expect("", is: 1, in: &interner)
    #expect(interner.count == 2)
    #expect(interner.text(1).isEmpty)
    var none = Interner(capacity: 0)
    expect("a", is: nil, in: &none)
  }

  @Test func `texts that look or compare alike are kept apart`() {
    var interner = Interner()
    let texts = ["é", "e\u{301}", "\u{212B}", "Å", "a", "a\0", "a\0\0", "\0", "", "A", "а"]
    for (index, text) in texts.enumerated() { expect(text, is: index, in: &interner) }
    for (index, text) in texts.enumerated() {
      #expect(Array(interner.bytes(index)) == Array(text.utf8))
    }
  }

  @Test func `numbers do not depend on the seed of the hash`() {
    let texts = (0..<300).map { String($0 * $0 % 97) }
    var first = Interner()
    var second = Interner(hasher: ByteHasher())
    for text in texts {
      let expected = number(text, in: &second)
      expect(text, is: expected, in: &first)
    }
  }

  @Test func `texts of every length hash apart`() {
    let hasher = ByteHasher()
    var keys: Set<ByteHasher.Key> = []
    var hashes: Set<UInt64> = []
    for length in 0..<40 {
      let zeros = [UInt8](repeating: 0, count: length)
      keys.insert(hasher.hash128(zeros.span))
      hashes.insert(hasher.hash(zeros.span))
      for position in 0..<length {
        for byte in [UInt8(1), 0x80, 0xFF] {
          var text = zeros
          text[position] = byte
          keys.insert(hasher.hash128(text.span))
          hashes.insert(hasher.hash(text.span))
        }
      }
    }
    #expect(keys.count == 40 + 39 * 40 / 2 * 3)
    #expect(hashes.count == keys.count)
  }
}

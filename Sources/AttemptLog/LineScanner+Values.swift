// Typed values of the line scanned last. A value of the wrong type is nil, as if it were absent.
extension LineScanner {
  /// Whether the key has a string.
  public func hasText(_ key: Key) -> Bool {
    guard let value = value(key) else { return false }
    return value.kind == .string || value.kind == .escapedString
  }

  /// Calls `body` with the decoded text of a string.
  @inlinable
  public func withText<Result>(
    _ key: Key, in line: Span<UInt8>, _ body: (Span<UInt8>) -> Result
  ) -> Result? {
    guard let value = value(key) else { return nil }
    switch value.kind {
    case .string: return body(line.extracting(value.start + 1..<value.end - 1))
    case .escapedString: return body(line.jsonText(value).span)
    default: return nil
    }
  }

  /// The number that `body` gives for the decoded text of a string, and for that of a second one if it
  /// is there.
  public func number(
    ofTexts first: Key, _ second: Key, in line: Span<UInt8>,
    _ body: (Span<UInt8>, Span<UInt8>?) -> Int?
  ) -> Int? {
    if let one = value(first), let two = value(second), one.kind == .string, two.kind == .string {
      return body(
        line.extracting(one.start + 1..<one.end - 1), line.extracting(two.start + 1..<two.end - 1))
    }
    return withText(first, in: line) { text in
      hasText(second) ? withText(second, in: line) { body(text, $0) } ?? nil : body(text, nil)
    } ?? nil
  }

  public func string(_ key: Key, in line: Span<UInt8>) -> String? {
    withText(key, in: line) { String(utf8: $0) }
  }

  /// Any finite number.
  public func number(_ key: Key, in line: Span<UInt8>) -> Double? {
    guard let value = value(key), value.kind == .number else { return nil }
    let number = line.jsonDouble(value)
    return number.isFinite ? number : nil
  }

  /// A number that is not negative: milliseconds, seconds.
  public func amount(_ key: Key, in line: Span<UInt8>) -> Double? {
    guard let number = number(key, in: line), number >= 0 else { return nil }
    return number + 0  // -0 becomes 0: its bits are those of no small number
  }

  /// An integer of 64 bits; `2.0` is one.
  public func integer(_ key: Key, in line: Span<UInt8>) -> Int64? {
    guard let value = value(key), value.kind == .number else { return nil }
    return line.jsonInteger(value)
  }

  /// An integer from 0.
  public func count(_ key: Key, in line: Span<UInt8>) -> Int64? {
    guard let integer = integer(key, in: line), integer >= 0 else { return nil }
    return integer
  }

  /// An integer from 1.
  public func ordinal(_ key: Key, in line: Span<UInt8>) -> Int64? {
    guard let integer = integer(key, in: line), integer >= 1 else { return nil }
    return integer
  }

  public func bool(_ key: Key) -> Bool? {
    switch value(key)?.kind {
    case .true: true
    case .false: false
    default: nil
    }
  }

  public func time(_ key: Key, in line: Span<UInt8>) -> Timestamp? {
    withText(key, in: line) { Timestamp(rfc3339: $0) } ?? nil
  }

  /// A member of a closed set.
  @inlinable
  public func member<Set: ClosedSet>(
    _ key: Key, of set: Set.Type, in line: Span<UInt8>
  ) -> ClosedSetMember<Set> {
    withText(key, in: line) { text in
      Set(written: text).map { .known($0) } ?? .unmapped
    } ?? .absent
  }

  /// As `amount(_:in:) != nil`, but without computing a short plain decimal.
  func isAmount(_ key: Key, in line: Span<UInt8>) -> Bool {
    guard let value = value(key), value.kind == .number else { return false }
    let isPlain = (value.start..<value.end).allSatisfy {
      line[$0].isDigit || line[$0] == UInt8(ascii: ".")
    }
    return isPlain && value.end - value.start < 300 || amount(key, in: line) != nil
  }

  @inlinable @inline(__always)
  func value(_ key: Key) -> JSONValue? {
    found.contains(key) ? values[Int(key.rawValue)] : nil
  }
}

/// What a key that is restricted to a closed set holds.
@frozen
public enum ClosedSetMember<Set: ClosedSet>: Equatable, Sendable {
  case absent
  case known(Set)
  /// A string outside the set: `Set.substitute`, counted.
  case unmapped

  /// The member, or what stands for it; nil if the key is absent.
  @inlinable public var value: Set? {
    switch self {
    case .absent: nil
    case .known(let member): member
    case .unmapped: Set.substitute
    }
  }
}

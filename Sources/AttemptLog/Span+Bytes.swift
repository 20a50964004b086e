extension Span<UInt8> {
  /// Whether these are exactly the bytes of `other`.
  func equals(_ other: some Collection<UInt8>) -> Bool {
    guard count == other.count else { return false }
    var index = 0
    for byte in other {
      guard self[index] == byte else { return false }
      index += 1
    }
    return true
  }
}

extension RandomNumberGenerator {
  /// 16 random hexadecimal digits, as writers, segments and operations are named by.
  public mutating func identifier() -> String {
    let number: UInt64 = next()
    return number.hexadecimalDigits
  }
}

extension UInt64 {
  /// All 16, in lower case.
  package var hexadecimalDigits: String {
    // Straight into the string's memory: every operation has an id.
    unsafe String(unsafeUninitializedCapacity: 16) { digits in
      for index in 0..<16 {
        let digit = UInt8(truncatingIfNeeded: self >> UInt64(60 - 4 * index)) & 15
        unsafe digits[index] =
          digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit
      }
      return 16
    }
  }
}

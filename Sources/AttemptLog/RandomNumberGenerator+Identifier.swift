extension RandomNumberGenerator {
  /// 16 random hexadecimal digits, as writers, segments and operations are named by.
  public mutating func identifier() -> String {
    let digits = String(next() as UInt64, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

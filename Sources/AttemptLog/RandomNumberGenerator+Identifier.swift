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
    let digits = [UInt8](capacity: 16) { (output: inout OutputSpan<UInt8>) in
      for shift in stride(from: UInt64(60), through: 0, by: -4) {
        let digit = UInt8(self >> shift & 15)
        output.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit)
      }
    }
    return String(decoding: digits, as: UTF8.self)
  }
}

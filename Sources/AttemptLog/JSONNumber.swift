// The values of numbers that `jsonNumber(at:)` found.
extension Span<UInt8> {
  /// The nearest double; infinite beyond its range.
  func jsonDouble(_ number: JSONValue) -> Double {
    if let (digits, exponent) = decimal(number) {
      // Clinger 1990: below 2^53 and 10^22 both parts are exact, so one operation rounds once.
      if digits.magnitude < 1 << 53, exponent.magnitude <= 22 {
        let power = exactPowersOfTen[Int(exponent.magnitude)]
        return exponent < 0 ? Double(digits) / power : Double(digits) * power
      }
    }
    return Double(String(utf8: extracting(number.start..<number.end))) ?? .infinity
  }

  /// Nil unless the number is an integer of 64 bits.
  func jsonInteger(_ number: JSONValue) -> Int64? {
    if let (digits, exponent) = decimal(number), exponent == 0 { return digits }
    let value = jsonDouble(number)
    return value.isFinite ? Int64(exactly: value) : nil
  }

  /// The number as digits × 10^exponent if the digits fit 64 bits and there is no `e`.
  private func decimal(_ number: JSONValue) -> (digits: Int64, exponent: Int)? {
    var index = number.start
    let isNegative = self[index] == UInt8(ascii: "-")
    if isNegative { index += 1 }
    var digits: Int64 = 0
    var exponent = 0
    var inFraction = false
    while index < number.end {
      let byte = self[index]
      if byte == UInt8(ascii: ".") {
        inFraction = true
      } else {
        guard byte.isDigit else { return nil }
        let digit = Int64(byte & 15)
        let (product, productOverflow) = digits.multipliedReportingOverflow(by: 10)
        let (sum, sumOverflow) =
          isNegative
          ? product.subtractingReportingOverflow(digit)
          : product.addingReportingOverflow(digit)
        guard !productOverflow, !sumOverflow else { return nil }
        digits = sum
        if inFraction { exponent -= 1 }
      }
      index += 1
    }
    return (digits, exponent)
  }
}

/// 10^0 to 10^22.
private let exactPowersOfTen: [Double] = [
  1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
  1e18, 1e19, 1e20, 1e21, 1e22,
]

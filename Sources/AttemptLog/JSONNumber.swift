// The values of numbers that `jsonNumber(at:)` found.
extension Span<UInt8> {
  /// The nearest double; infinite beyond its range.
  func jsonDouble(_ number: JSONValue) -> Double {
    if let (digits, decimals) = plainDigits(number) {
      // As below: at most 15 digits, so both parts are exact.
      return decimals == 0 ? Double(digits) : Double(digits) / exactPowersOfTen[decimals]
    }
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
    if let (digits, decimals) = plainDigits(number), decimals == 0 { return digits }
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

// Numbers in the form in which most are written, eight digits at a time. Nil says nothing: the
// number may be in another form.
extension Span<UInt8> {
  /// Digits with or without a fraction, at most seven of them before the point.
  @inline(__always)
  func plainNumber(at start: Int) -> (end: Int, isOrdinal: Bool)? {
    let word = littleEndianWord(at: start)
    var others = word.nonDigitBytes
    var length = others.trailingZeroBitCount / 8
    guard length > 0, length < 8 else { return nil }
    let startsWithZero = word & 0xFF == UInt64(UInt8(ascii: "0"))
    if startsWithZero && length > 1 { return nil }
    var behind = word.byte(length)
    let isWhole = behind != UInt8(ascii: ".")
    if !isWhole {
      let point = length
      others &= others &- 1
      if others != 0 {
        length = others.trailingZeroBitCount / 8
        behind = word.byte(length)
      } else {
        let rest = littleEndianWord(at: start + 8)
        let restLength = rest.nonDigitBytes.trailingZeroBitCount / 8
        guard restLength < 8 else { return nil }
        length = 8 + restLength
        behind = rest.byte(restLength)
      }
      guard length > point + 1 else { return nil }
    }
    // A point or an `e` here belongs to the number, or makes it none.
    guard behind == UInt8(ascii: ",") || behind == UInt8(ascii: "}") else { return nil }
    return (start + length, isWhole && !startsWithZero)
  }

  /// The digits of a number of at most 16 bytes without sign and exponent, and how many of them
  /// stand behind the point.
  @inline(__always)
  private func plainDigits(_ number: JSONValue) -> (digits: Int64, decimals: Int)? {
    let length = number.end - number.start
    guard length <= 8 else { return plainLongDigits(number) }
    let word = littleEndianWord(at: number.start)
    let others = word.nonDigitBytes & UInt64.lowBytes(length)
    if others == 0 { return (Int64(word.leadingDigits(length)), 0) }
    let point = others.trailingZeroBitCount / 8
    guard others & (others &- 1) == 0, word.byte(point) == UInt8(ascii: ".") else { return nil }
    let before = UInt64.lowBytes(point)
    let digits = word & before | word >> 8 & ~before
    return (Int64(digits.leadingDigits(length - 1)), length - 1 - point)
  }

  private func plainLongDigits(_ number: JSONValue) -> (digits: Int64, decimals: Int)? {
    let length = number.end - number.start
    guard length <= 16 else { return nil }
    let low = littleEndianWord(at: number.start)
    let high = littleEndianWord(at: number.start + 8)
    let highOthers = high.nonDigitBytes & UInt64.lowBytes(length - 8)
    guard highOthers == 0 else { return nil }
    let others = low.nonDigitBytes
    let upper = high.leadingDigits(length - 8)
    let scale = integerPowersOfTen[length - 8]
    if others == 0 { return (Int64(low.leadingDigits(8) * scale + upper), 0) }
    let point = others.trailingZeroBitCount / 8
    guard others & (others &- 1) == 0, low.byte(point) == UInt8(ascii: ".") else { return nil }
    let before = UInt64.lowBytes(point)
    let digits = low & before | low >> 8 & ~before
    return (Int64(digits.leadingDigits(7) * scale + upper), length - 1 - point)
  }

  /// An integer from 1 of at most 15 digits.
  @inline(__always)
  func plainOrdinal(at start: Int) -> (value: Int64, end: Int)? {
    let word = littleEndianWord(at: start)
    var length = word.nonDigitBytes.trailingZeroBitCount / 8
    guard length > 0, word & 0xFF != UInt64(UInt8(ascii: "0")) else { return nil }
    var value = word.leadingDigits(length)
    if length == 8 {
      let rest = littleEndianWord(at: start + 8)
      let restLength = rest.nonDigitBytes.trailingZeroBitCount / 8
      guard restLength < 8 else { return nil }
      value = value * integerPowersOfTen[restLength] + rest.leadingDigits(restLength)
      length += restLength
    }
    let behind = at(start + length)
    guard behind == UInt8(ascii: ",") || behind == UInt8(ascii: "}") else { return nil }
    return (Int64(value), start + length)
  }
}

extension UInt64 {
  /// The high bit of each byte that is no ASCII digit.
  @inline(__always)
  var nonDigitBytes: UInt64 {
    let distance = self ^ 0x3030_3030_3030_3030
    let sum = (distance & 0x7F7F_7F7F_7F7F_7F7F) &+ 0x7676_7676_7676_7676
    return (sum | distance) & 0x8080_8080_8080_8080
  }

  /// A mask of the lowest bytes, 0 to 8 of them.
  @inline(__always)
  static func lowBytes(_ count: Int) -> UInt64 {
    (1 << UInt64(8 * count)) &- 1
  }

  /// The byte with this number, 0 the lowest; the number is below 8.
  @inline(__always)
  func byte(_ number: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: self &>> UInt64(truncatingIfNeeded: 8 &* number))
  }

  /// The value of the lowest bytes, 0 to 8 of them, which are ASCII digits.
  @inline(__always)
  func leadingDigits(_ count: Int) -> UInt64 {
    // What is shifted in is zero digits in front.
    ((self & 0x0F0F_0F0F_0F0F_0F0F) << UInt64(truncatingIfNeeded: 64 &- 8 &* count)).eightDigits
  }

  /// The value of eight digits, a byte each, the lowest byte the first digit: pairs, fours and
  /// eights are added up in turn (Lemire, "Quickly parsing eight digits", 2018).
  @inline(__always)
  var eightDigits: UInt64 {
    let pairs = self &* 10 &+ self >> 8
    let low = (pairs & 0x0000_00FF_0000_00FF) &* 0x000F_4240_0000_0064
    let high = (pairs >> 16 & 0x0000_00FF_0000_00FF) &* 0x0000_2710_0000_0001
    return (low &+ high) >> 32
  }
}

private let integerPowersOfTen: [UInt64] = [
  1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000,
]

/// 10^0 to 10^22.
private let exactPowersOfTen: [Double] = [
  1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
  1e18, 1e19, 1e20, 1e21, 1e22,
]

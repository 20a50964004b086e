// What the log and the reports are made of, written into memory that is there already.
extension OutputSpan<UInt8> {
  /// Appends bytes for which there is room.
  mutating func append(_ bytes: Span<UInt8>) {
    precondition(bytes.count <= freeCapacity, "no room for \(bytes.count) bytes")
    unsafe bytes.withUnsafeBufferPointer { source in
      unsafe withUnsafeMutableBufferPointer { buffer, count in
        let free = unsafe UnsafeMutableBufferPointer(rebasing: buffer[count...])
        _ = unsafe free.initialize(fromContentsOf: source)
        count += source.count
      }
    }
  }

  /// Appends the last `count` digits of a number that is not negative, at most eight of them.
  mutating func appendDigits(_ value: Int, count: Int) {
    append(UInt64(truncatingIfNeeded: value).decimalDigits(count), count: count)
  }

  /// Appends a byte and then digits as above, at most seven of them.
  mutating func append(_ byte: UInt8, digits value: Int, count: Int) {
    let digits = UInt64(truncatingIfNeeded: value).decimalDigits(count)
    append(digits << 8 | UInt64(byte), count: count + 1)
  }

  /// Appends a number in decimal digits.
  mutating func appendInteger(_ value: Int64) {
    if value < 0 { append(UInt8(ascii: "-")) }
    appendDigits(value.magnitude)
  }

  private mutating func appendDigits(_ value: UInt64) {
    let (high, low) = value.quotientAndRemainder(dividingBy: 100_000_000)
    if high > 0 {
      appendDigits(high)
      append(low.decimalDigits(8), count: 8)
    } else {
      let count = low.decimalDigitCount
      append(low.decimalDigits(count), count: count)
    }
  }

  /// Appends the lowest `count` bytes of a word, the lowest first; there is room for them.
  private mutating func append(_ word: UInt64, count: Int) {
    guard freeCapacity >= 8 else {
      for index in 0..<count { append(UInt8(truncatingIfNeeded: word >> (8 * UInt64(index)))) }
      return
    }
    unsafe withUnsafeMutableBufferPointer { buffer, end in
      guard let start = buffer.baseAddress else { return }
      unsafe UnsafeMutableRawPointer(start + end).storeBytes(of: word.littleEndian, as: UInt64.self)
      end += count
    }
  }

  /// Appends the first `count` bytes of a row of `KeyTable.fieldStarts`; there is room for them.
  mutating func append(_ rows: Span<UInt8>, row: Int, count: Int) {
    let start = row * KeyTable.rowBytes
    guard freeCapacity >= KeyTable.rowBytes, start + KeyTable.rowBytes <= rows.count else {
      return append(rows.extracting(start..<start + count))
    }
    unsafe rows.withUnsafeBytes { source in
      unsafe withUnsafeMutableBufferPointer { buffer, end in
        guard let target = buffer.baseAddress, let source = source.baseAddress else { return }
        // The whole row, for copying 32 bytes is cheaper than asking how many there are.
        let row = unsafe source.loadUnaligned(
          fromByteOffset: start, as: SIMD4<UInt64>.self)
        unsafe UnsafeMutableRawPointer(target + end).storeBytes(of: row, as: SIMD4<UInt64>.self)
        end += count
      }
    }
  }

  /// Appends a JSON string (RFC 8259 §7); false, with part of it written, if there is no room.
  ///
  /// Beyond what the RFC asks for, DEL and the C1 controls are escaped, so that a log on a terminal
  /// cannot steer it.
  mutating func appendJSONString(_ text: String, scalarsMax: Int = .max) -> Bool {
    let isDone =
      unsafe text.utf8.withContiguousStorageIfAvailable { utf8 in
        unsafe utf8.count <= scalarsMax && appendPlainString(utf8)
      } ?? false
    if isDone { return true }
    guard freeCapacity >= 2 else { return false }
    append(UInt8(ascii: "\""))
    for scalar in text.unicodeScalars.prefix(scalarsMax) {
      guard freeCapacity > Self.escapeBytesMax else { return false }
      appendEscaped(scalar)
    }
    append(UInt8(ascii: "\""))
    return true
  }

  /// Appends a string of ASCII that stands for itself, eight bytes at a time; false, and nothing is
  /// appended, if it is none or has no room.
  private mutating func appendPlainString(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    let size = text.count
    guard size + 2 <= freeCapacity, let source = unsafe UnsafeRawPointer(text.baseAddress) else {
      return false
    }
    return unsafe withUnsafeMutableBufferPointer { buffer, count in
      guard let start = buffer.baseAddress else { return false }
      let target = unsafe UnsafeMutableRawPointer(start + count)
      unsafe target.storeBytes(of: UInt8(ascii: "\""), as: UInt8.self)
      guard unsafe Self.copyPlain(source, to: target + 1, count: size) else { return false }
      unsafe target.storeBytes(of: UInt8(ascii: "\""), toByteOffset: size + 1, as: UInt8.self)
      count += size + 2
      return true
    }
  }

  /// Copies ASCII that stands for itself; false as soon as it is none.
  private static func copyPlain(
    _ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, count: Int
  ) -> Bool {
    var index = 0
    while index + 8 <= count {
      let word = unsafe source.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      guard word.isPlainInJSON else { return false }
      unsafe target.storeBytes(of: word, toByteOffset: index, as: UInt64.self)
      index += 8
    }
    if index < count, count >= 8 {
      // The last eight, some of them once more.
      let word = unsafe source.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
      guard word.isPlainInJSON else { return false }
      unsafe target.storeBytes(of: word, toByteOffset: count - 8, as: UInt64.self)
      return true
    }
    if count >= 4 {
      let first = unsafe source.loadUnaligned(fromByteOffset: 0, as: UInt32.self)
      let last = unsafe source.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
      guard (UInt64(first) << 32 | UInt64(last)).isPlainInJSON else { return false }
      unsafe target.storeBytes(of: first, toByteOffset: 0, as: UInt32.self)
      unsafe target.storeBytes(of: last, toByteOffset: count - 4, as: UInt32.self)
      return true
    }
    while index < count {
      let byte = unsafe source.load(fromByteOffset: index, as: UInt8.self)
      guard UInt64(repeatingByte: byte).isPlainInJSON else { return false }
      unsafe target.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
      index += 1
    }
    return true
  }

  /// `\u009b`; a scalar that stands for itself has at most 4.
  static var escapeBytesMax: Int { 6 }

  private mutating func appendEscaped(_ scalar: Unicode.Scalar) {
    switch scalar {
    case "\"": append(#"\""#.utf8.span)
    case "\\": append(#"\\"#.utf8.span)
    case "\n": append(#"\n"#.utf8.span)
    case "\r": append(#"\r"#.utf8.span)
    case "\t": append(#"\t"#.utf8.span)
    case "\0"..<" ", "\u{7F}"..."\u{9F}":
      append(#"\u00"#.utf8.span)
      appendHexDigit(UInt8(scalar.value >> 4))
      appendHexDigit(UInt8(scalar.value & 15))
    default: append(String(scalar).utf8.span)
    }
  }

  private mutating func appendHexDigit(_ digit: UInt8) {
    append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit)
  }

  /// Appends a finite number, so that reading it gives the same `Double`; it has at most
  /// `Double.jsonBytesMax` bytes.
  ///
  /// Up to three decimals (the log's microseconds) are written by integer arithmetic: the quotient
  /// of two exact doubles is rounded as the decimal text would be, so comparing it proves the text.
  mutating func appendJSONNumber(_ value: Double) {
    let magnitude = value.magnitude
    let thousandths = (magnitude * 1000).rounded()
    guard thousandths < 9e15, thousandths / 1000 == magnitude else {
      append(value.description.utf8.span)
      return
    }
    if value < 0 { append(UInt8(ascii: "-")) }
    let whole = Int64(thousandths)
    appendInteger(whole / 1000)
    var rest = whole % 1000
    if rest == 0 { return }
    append(UInt8(ascii: "."))
    while rest > 0 {
      append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest / 100))
      rest = rest % 100 * 10
    }
  }
}

extension Double {
  /// The longest shortest text of a double: sign, 17 digits, point and exponent.
  static var jsonBytesMax: Int { 24 }
}

extension [UInt8] {
  /// Appends a JSON string (RFC 8259 §7), as a line of the log has it.
  public mutating func appendJSONString(_ text: String) {
    let capacity = 2 + OutputSpan<UInt8>.escapeBytesMax * (text.utf8.count + 1)
    append(addingCapacity: capacity) { (output: inout OutputSpan<UInt8>) in
      let fits = output.appendJSONString(text)
      precondition(fits, "no escape is longer than \(OutputSpan<UInt8>.escapeBytesMax) bytes")
    }
  }

  /// Appends a finite number, so that reading it gives the same `Double`.
  public mutating func appendJSONNumber(_ value: Double) {
    append(addingCapacity: Double.jsonBytesMax) { (output: inout OutputSpan<UInt8>) in
      output.appendJSONNumber(value)
    }
  }
}

extension UInt64 {
  var decimalDigitCount: Int {
    if self >= 100_000_000 { return 8 + (self / 100_000_000).decimalDigitCount }
    if self < 10 { return 1 }
    if self < 100 { return 2 }
    if self < 1000 { return 3 }
    if self < 10_000 { return 4 }
    if self < 100_000 { return 5 }
    if self < 1_000_000 { return 6 }
    return self < 10_000_000 ? 7 : 8
  }

  /// The last `count` decimal digits as ASCII, the first of them the lowest byte.
  fileprivate func decimalDigits(_ count: Int) -> UInt64 {
    var rest = self
    var digits: UInt64 = 0
    for _ in 0..<count {
      let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
      digits = digits << 8 | (UInt64(UInt8(ascii: "0")) + digit)
      rest = quotient
    }
    return digits
  }

  /// Eight bytes of ASCII that stand for themselves in a JSON string: no control, DEL, quote or
  /// backslash.
  fileprivate var isPlainInJSON: Bool {
    let special =
      (self & UInt64(repeatingByte: 0x80))
      | (self &- UInt64(repeatingByte: 0x20)) & ~self & UInt64(repeatingByte: 0x80)
      | (self ^ UInt64(repeatingByte: 0x7F)).lowestZeroByte
      | (self ^ UInt64(repeatingByte: UInt8(ascii: "\""))).lowestZeroByte
      | (self ^ UInt64(repeatingByte: UInt8(ascii: "\\"))).lowestZeroByte
    return special == 0
  }
}

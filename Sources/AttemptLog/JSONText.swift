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

  /// Appends a decimal number with leading zeros; `value` is `0..<10^width`.
  mutating func appendDigits(_ value: Int, width: Int) {
    var unit = 1
    for _ in 1..<width { unit *= 10 }
    while unit > 0 {
      append(UInt8(ascii: "0") + UInt8(value / unit % 10))
      unit /= 10
    }
  }

  /// Appends a JSON string (RFC 8259 §7); false, with part of it written, if there is no room.
  ///
  /// Beyond what the RFC asks for, DEL and the C1 controls are escaped, so that a log on a terminal
  /// cannot steer it.
  mutating func appendJSONString(_ text: String, scalarsMax: Int = .max) -> Bool {
    let utf8 = text.utf8.span
    if utf8.count <= scalarsMax, utf8.isPlainInJSON {
      guard utf8.count + 2 <= freeCapacity else { return false }
      append(UInt8(ascii: "\""))
      append(utf8)
      append(UInt8(ascii: "\""))
      return true
    }
    guard freeCapacity >= 2 else { return false }
    append(UInt8(ascii: "\""))
    for scalar in text.unicodeScalars.prefix(scalarsMax) {
      guard freeCapacity > Self.escapeBytesMax else { return false }
      appendEscaped(scalar)
    }
    append(UInt8(ascii: "\""))
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
    let whole = Int(thousandths)
    append(String(whole / 1000).utf8.span)
    var rest = whole % 1000
    if rest == 0 { return }
    append(UInt8(ascii: "."))
    var unit = 100
    while rest > 0 {
      append(UInt8(ascii: "0") + UInt8(rest / unit))
      rest %= unit
      unit /= 10
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

extension Span<UInt8> {
  /// ASCII that stands for itself in a JSON string.
  fileprivate var isPlainInJSON: Bool {
    skippingPlainText(from: 0) == count && firstIndex(of: 0x7F, from: 0) == nil
  }
}

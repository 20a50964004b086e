extension [UInt8] {
  /// Appends a JSON string (RFC 8259 §7).
  ///
  /// Beyond what the RFC asks for, DEL and the C1 controls are escaped, so that a log on a terminal
  /// cannot steer it.
  public mutating func appendJSONString(_ text: String, scalarsMax: Int = .max) {
    append(UInt8(ascii: "\""))
    if text.utf8.count <= scalarsMax, text.utf8.span.isPlainInJSON {
      append(text.utf8.span)
    } else {
      for scalar in text.unicodeScalars.prefix(scalarsMax) { appendEscaped(scalar) }
    }
    append(UInt8(ascii: "\""))
  }

  private mutating func appendEscaped(_ scalar: Unicode.Scalar) {
    switch scalar {
    case "\"": self += #"\""#.utf8
    case "\\": self += #"\\"#.utf8
    case "\n": self += #"\n"#.utf8
    case "\r": self += #"\r"#.utf8
    case "\t": self += #"\t"#.utf8
    case "\0"..<" ", "\u{7F}"..."\u{9F}":
      self += #"\u00"#.utf8
      appendHexDigit(UInt8(scalar.value >> 4))
      appendHexDigit(UInt8(scalar.value & 15))
    default: self += Array(String(scalar).utf8)
    }
  }

  private mutating func appendHexDigit(_ digit: UInt8) {
    append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit)
  }

  /// Appends a finite number, so that reading it gives the same `Double`.
  ///
  /// Up to three decimals (the log's microseconds) are written by integer arithmetic: the quotient
  /// of two exact doubles is rounded as the decimal text would be, so comparing it proves the text.
  public mutating func appendJSONNumber(_ value: Double) {
    let magnitude = value.magnitude
    let thousandths = (magnitude * 1000).rounded()
    guard thousandths < 9e15, thousandths / 1000 == magnitude else {
      self += value.description.utf8
      return
    }
    if value < 0 { append(UInt8(ascii: "-")) }
    let whole = Int(thousandths)
    self += String(whole / 1000).utf8
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

extension Span<UInt8> {
  /// ASCII that stands for itself in a JSON string.
  fileprivate var isPlainInJSON: Bool {
    skippingPlainText(from: 0) == count && firstIndex(of: 0x7F, from: 0) == nil
  }
}

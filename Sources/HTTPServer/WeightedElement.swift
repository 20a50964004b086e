/// An element of a list in which the client says what it likes better, such as `Accept` or
/// `Accept-Encoding` (RFC 9110 §12.4.2).
public struct WeightedElement: Sendable, Equatable {
  /// In lower case: `text/plain`, `gzip`, `*`.
  public let name: String
  /// Names in lower case, values as sent but without quotes; `q` is not among them.
  public let parameters: [String: String]
  /// Thousandths of the weight: 0, which means "not this one", to 1000.
  public let weight: Int

  public init(name: String, parameters: [String: String] = [:], weight: Int = 1000) {
    self.name = name
    self.parameters = parameters
    self.weight = weight
  }
}

extension HTTPHeaders {
  /// The elements of a weighted list field in their order; what is no element is passed over.
  public func weightedElements(_ name: String) -> [WeightedElement] {
    values(name).flatMap { value in
      Self.split(value.utf8[...], at: UInt8(ascii: ",")).compactMap(WeightedElement.init)
    }
  }

  /// Cuts at a separator, but not inside a quoted string (RFC 9110 §5.6.4).
  fileprivate static func split(
    _ bytes: Substring.UTF8View, at separator: UInt8
  ) -> [Substring.UTF8View] {
    var parts: [Substring.UTF8View] = []
    var start = bytes.startIndex
    var isQuoted = false
    var isEscaped = false
    for index in bytes.indices {
      let byte = bytes[index]
      if isEscaped {
        isEscaped = false
      } else if isQuoted && byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else if byte == UInt8(ascii: "\"") {
        isQuoted.toggle()
      } else if byte == separator && !isQuoted {
        parts.append(bytes[start..<index])
        start = bytes.index(after: index)
      }
    }
    parts.append(bytes[start...])
    return parts
  }
}

extension WeightedElement {
  fileprivate init?(_ element: Substring.UTF8View) {
    let parts = HTTPHeaders.split(element, at: UInt8(ascii: ";")).map { trimmed($0) }
    guard let first = parts.first, !first.isEmpty,
      first.allSatisfy({ isTokenByte($0) || $0 == UInt8(ascii: "/") })
    else { return nil }
    var parameters: [String: String] = [:]
    var weight = 1000
    for part in parts.dropFirst() where !part.isEmpty {
      guard let (name, value) = Self.parameter(part) else { return nil }
      if name == "q" {
        guard let given = Self.weight(value.utf8) else { return nil }
        weight = given
      } else {
        parameters[name] = value
      }
    }
    self.init(name: Self.lowercased(first), parameters: parameters, weight: weight)
  }

  private static func parameter(_ part: Substring.UTF8View) -> (name: String, value: String)? {
    guard let equals = part.firstIndex(of: UInt8(ascii: "=")) else { return nil }
    let name = part[..<equals]
    let value = part[part.index(after: equals)...]
    guard !name.isEmpty, name.allSatisfy(isTokenByte), let text = unquoted(value) else {
      return nil
    }
    return (lowercased(name), text)
  }

  /// A token, or what stands between quotes.
  private static func unquoted(_ value: Substring.UTF8View) -> String? {
    guard value.first == UInt8(ascii: "\"") else {
      return !value.isEmpty && value.allSatisfy(isTokenByte) ? String(Substring(value)) : nil
    }
    guard value.count >= 2, value.last == UInt8(ascii: "\"") else { return nil }
    var bytes: [UInt8] = []
    var isEscaped = false
    for byte in value.dropFirst().dropLast() {
      if !isEscaped && byte == UInt8(ascii: "\\") {
        isEscaped = true
        continue
      }
      guard isEscaped || byte != UInt8(ascii: "\"") else { return nil }
      bytes.append(byte)
      isEscaped = false
    }
    return isEscaped ? nil : String(decoding: bytes, as: UTF8.self)
  }

  // RFC 9110 §12.4.2: 0 to 1 with at most three decimals; `nan`, `1e9` and `+1` are none.
  private static func weight(_ text: String.UTF8View) -> Int? {
    guard let first = text.first, let whole = digit(first), whole <= 1 else { return nil }
    let fraction = text.dropFirst(2)
    guard text.count == 1 || text.dropFirst().first == UInt8(ascii: "."), fraction.count <= 3
    else { return nil }
    var thousandths = whole
    for place in 0..<3 {
      let byte = fraction.dropFirst(place).first ?? UInt8(ascii: "0")
      guard let next = digit(byte) else { return nil }
      thousandths = thousandths * 10 + next
    }
    return thousandths <= 1000 ? thousandths : nil
  }

  private static func digit(_ byte: UInt8) -> Int? {
    isDigit(byte) ? Int(byte - UInt8(ascii: "0")) : nil
  }

  private static func lowercased(_ bytes: Substring.UTF8View) -> String {
    String(decoding: bytes.map(asciiLowercased), as: UTF8.self)
  }
}

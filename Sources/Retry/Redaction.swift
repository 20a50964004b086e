/// Takes secrets out of a text that others wrote, before it is cut, kept or shown.
///
/// Hidden are known secrets (plain, percent-encoded, in base64, and every piece of 8 bytes or
/// more), what follows `Authorization:` and `Bearer`, the values of names such as `key=`, `token=`
/// and `sig=`, passwords and queries of URLs, and words that begin as well-known keys do. Rather
/// too much is hidden than too little. The time is linear in the length of the text.
public struct Redaction: Sendable {
  public static let placeholder = "[REDACTED]"
  /// How often a text that was percent-encoded again and again is decoded.
  static let decodingsMax = 2

  private var known = KnownSecrets()

  public init(secrets: [String] = []) {
    for secret in secrets { known.insert(secret) }
  }

  /// The same, hiding further secrets.
  public func hiding(_ secrets: [String]) -> Redaction {
    var copy = self
    for secret in secrets { copy.known.insert(secret) }
    return copy
  }

  public func redacted(_ text: String) -> String {
    redacted(text, patterns: true)
  }

  /// Hides known secrets alone: for ids, which must stay what they are.
  public func withoutKnownSecrets(_ text: String) -> String {
    known.isEmpty ? text : redacted(text, patterns: false)
  }

  private func redacted(_ text: String, patterns: Bool) -> String {
    let bytes = Array(text.utf8)
    var view = DecodedText(bytes)
    var hidden = ByteRanges()
    for decoding in 0...Self.decodingsMax {
      var found = ByteRanges()
      known.find(in: view.bytes, &found)
      if patterns {
        var scanner = SecretPatterns(view.bytes)
        scanner.scan()
        found.ranges += scanner.found
      }
      for range in found.ranges { hidden.ranges.append(view.source(of: range)) }
      guard decoding < Self.decodingsMax, let decoded = view.percentDecoded() else { break }
      view = decoded
    }
    return hidden.ranges.isEmpty ? text : hidden.merged(in: bytes).replaced(in: bytes)
  }
}

/// Neither the secrets nor what they were made into are shown.
extension Redaction: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "Redaction" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Parts of a text that are hidden.
struct ByteRanges {
  var ranges: [Range<Int>] = []

  /// Joins a range that begins in the one before or right behind it.
  mutating func append(_ range: Range<Int>) {
    if let last = ranges.last, range.lowerBound >= last.lowerBound,
      range.lowerBound <= last.upperBound
    {
      ranges[ranges.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
    } else {
      ranges.append(range)
    }
  }

  /// In order, apart from each other, and cutting no character.
  fileprivate func merged(in bytes: [UInt8]) -> ByteRanges {
    var merged = ByteRanges()
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) where !range.isEmpty {
      var (lower, upper) = (range.lowerBound, range.upperBound)
      while lower > 0 && bytes[lower] & 0xC0 == 0x80 { lower -= 1 }
      while upper < bytes.count && bytes[upper] & 0xC0 == 0x80 { upper += 1 }
      merged.append(lower..<upper)
    }
    return merged
  }

  fileprivate func replaced(in bytes: [UInt8]) -> String {
    var result: [UInt8] = []
    var end = 0
    for range in ranges {
      result += bytes[end..<range.lowerBound]
      result += Redaction.placeholder.utf8
      end = range.upperBound
    }
    result += bytes[end...]
    return String(decoding: result, as: UTF8.self)
  }
}

/// A text, perhaps percent-decoded, that knows where each of its bytes came from.
private struct DecodedText {
  let bytes: [UInt8]
  /// Where each byte began in the original, and the original's end; empty if nothing was decoded.
  private let starts: [Int]

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    starts = []
  }

  private init(bytes: [UInt8], starts: [Int]) {
    self.bytes = bytes
    self.starts = starts
  }

  func source(of range: Range<Int>) -> Range<Int> {
    starts.isEmpty ? range : starts[range.lowerBound]..<starts[range.upperBound]
  }

  /// Nothing if there is nothing to decode.
  func percentDecoded() -> DecodedText? {
    let percent = UInt8(ascii: "%")
    guard bytes.contains(percent) else { return nil }
    var decoded: [UInt8] = []
    var origins: [Int] = []
    var index = 0
    while index < bytes.count {
      origins.append(starts.isEmpty ? index : starts[index])
      if bytes[index] == percent, index + 2 < bytes.count,
        let high = Self.hexDigit(bytes[index + 1]), let low = Self.hexDigit(bytes[index + 2])
      {
        decoded.append(high << 4 | low)
        index += 3
      } else {
        decoded.append(bytes[index])
        index += 1
      }
    }
    guard decoded.count < bytes.count else { return nil }
    origins.append(starts.last ?? bytes.count)
    return DecodedText(bytes: decoded, starts: origins)
  }

  private static func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

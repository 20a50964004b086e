import AttemptLog

/// A page in the Prometheus text format 0.0.4, in the making.
///
/// One function writes a sample, one escapes a label value; labels that many samples share are
/// rendered once and passed as bytes.
struct TextExposition {
  static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  private(set) var bytes: [UInt8] = []
  private var name: [UInt8] = []

  init() {
    bytes.reserveCapacity(1 << 16)
  }

  /// Begins a family; its samples follow.
  mutating func begin(_ family: MetricFamily) {
    name = Array(family.name.utf8)
    bytes += "# HELP ".utf8
    bytes += name
    bytes.append(UInt8(ascii: " "))
    bytes.append(escaped: family.help, quotes: false)
    bytes += "\n# TYPE ".utf8
    bytes += name
    bytes.append(UInt8(ascii: " "))
    bytes += family.kind.rawValue.utf8
    bytes.append(UInt8(ascii: "\n"))
  }

  /// Writes one sample line; `labels` are rendered, without braces.
  mutating func sample(_ labels: LabelSet, suffix: String = "", _ value: SampleValue) {
    bytes += name
    bytes += suffix.utf8
    if !labels.bytes.isEmpty {
      bytes.append(UInt8(ascii: "{"))
      bytes += labels.bytes
      bytes.append(UInt8(ascii: "}"))
    }
    bytes.append(UInt8(ascii: " "))
    bytes.append(value)
    bytes.append(UInt8(ascii: "\n"))
  }

  /// Writes a histogram from buckets that are not cumulative, one more than there are bounds.
  mutating func histogram(
    _ labels: LabelSet, bounds: [String], buckets: [Int], sum: Double
  ) {
    var cumulative = 0
    for (index, count) in buckets.enumerated() {
      cumulative += count
      let bound = index < bounds.count ? bounds[index] : "+Inf"
      sample(labels.adding("le", bound), suffix: "_bucket", .integer(cumulative))
    }
    sample(labels, suffix: "_sum", .number(sum))
    sample(labels, suffix: "_count", .integer(cumulative))
  }
}

/// Labels as they stand between the braces of a sample.
struct LabelSet {
  private(set) var bytes: [UInt8] = []

  init() {}

  /// Names and values in the order given.
  init(_ names: [String], _ values: [String]) {
    for (name, value) in zip(names, values) { append(name, value) }
  }

  func adding(_ name: String, _ value: String) -> LabelSet {
    var labels = self
    labels.append(name, value)
    return labels
  }

  private mutating func append(_ name: String, _ value: String) {
    if !bytes.isEmpty { bytes.append(UInt8(ascii: ",")) }
    bytes += name.utf8
    bytes += "=\"".utf8
    bytes.append(escaped: value, quotes: true)
    bytes.append(UInt8(ascii: "\""))
  }
}

enum SampleValue {
  case integer(Int)
  case number(Double)
}

extension [UInt8] {
  /// `\`, line feed and, in a label value, `"` are escaped (exposition_formats.md).
  fileprivate mutating func append(escaped text: String, quotes: Bool) {
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\\"): self += #"\\"#.utf8
      case UInt8(ascii: "\n"): self += #"\n"#.utf8
      case UInt8(ascii: "\"") where quotes: self += #"\""#.utf8
      default: append(byte)
      }
    }
  }

  /// A number as Prometheus reads it: `+Inf`, `-Inf` and `NaN` are spelled so.
  fileprivate mutating func append(_ value: SampleValue) {
    switch value {
    case .integer(let integer): self += String(integer).utf8
    case .number(let number) where number.isFinite: appendJSONNumber(number)
    case .number(let number) where number.isNaN: self += "NaN".utf8
    case .number(let number): self += (number < 0 ? "-Inf" : "+Inf").utf8
    }
  }
}

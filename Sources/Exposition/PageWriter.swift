import AttemptLog

/// A page in one of the text formats, in the making.
///
/// One function writes a sample, one escapes a label value; labels that many samples share are
/// rendered once and passed as bytes.
struct PageWriter {
  let format: ExpositionFormat
  private(set) var bytes: [UInt8] = []
  /// Of the family in OpenMetrics: a counter's is without `_total`, which its samples have.
  private var name: [UInt8] = []
  private var totalSuffix = ""

  init(_ format: ExpositionFormat) {
    self.format = format
    bytes.reserveCapacity(1 << 16)
  }

  /// Begins a family; its samples follow.
  mutating func begin(_ family: MetricFamily) {
    name = Array(family.nameWithoutTotal.utf8)
    totalSuffix = family.kind == .counter ? "_total" : ""
    switch format {
    case .prometheus:
      describe("HELP", escaping: family.help)
      describe("TYPE", escaping: family.kind.rawValue)
    case .openMetrics:
      describe("TYPE", escaping: family.kind.rawValue)
      if let unit = family.unit { describe("UNIT", escaping: unit) }
      describe("HELP", escaping: family.help)
    }
  }

  private mutating func describe(_ keyword: String, escaping text: String) {
    bytes += "# ".utf8
    bytes += keyword.utf8
    bytes.append(UInt8(ascii: " "))
    bytes += name
    if format == .prometheus { bytes += totalSuffix.utf8 }
    bytes.append(UInt8(ascii: " "))
    // OpenMetrics escapes quotes in help as well.
    bytes.append(escaped: text, quotes: format == .openMetrics)
    bytes.append(UInt8(ascii: "\n"))
  }

  /// Writes the sample of a counter or a gauge; `labels` are rendered, without braces.
  ///
  /// Only OpenMetrics shows an exemplar, and when a counter began: in seconds since 1970.
  mutating func sample(
    _ labels: LabelSet, _ value: SampleValue, created: Double? = nil, exemplar: Exemplar? = nil
  ) {
    line(labels, suffix: totalSuffix, value, exemplar)
    if !totalSuffix.isEmpty { writeCreated(labels, created) }
  }

  /// Writes a histogram from buckets that are not cumulative, one more than there are bounds.
  ///
  /// - Parameter exemplars: one for each bucket, or none at all.
  mutating func histogram(
    _ labels: LabelSet, bounds: [String], buckets: [Int], sum: Double, created: Double? = nil,
    exemplars: [Exemplar?] = []
  ) {
    var cumulative = 0
    for (index, count) in buckets.enumerated() {
      cumulative += count
      let bound = index < bounds.count ? bounds[index] : "+Inf"
      line(
        labels.adding("le", bound), suffix: "_bucket", .integer(cumulative),
        index < exemplars.count ? exemplars[index] : nil)
    }
    line(labels, suffix: "_sum", .number(sum))
    line(labels, suffix: "_count", .integer(cumulative))
    writeCreated(labels, created)
  }

  /// What must come last.
  mutating func end() {
    if format == .openMetrics { bytes += "# EOF\n".utf8 }
  }

  private mutating func writeCreated(_ labels: LabelSet, _ created: Double?) {
    guard format == .openMetrics, let created else { return }
    line(labels, suffix: "_created", .number(created))
  }

  private mutating func line(
    _ labels: LabelSet, suffix: String, _ value: SampleValue, _ exemplar: Exemplar? = nil
  ) {
    bytes += name
    bytes += suffix.utf8
    if !labels.bytes.isEmpty { append(labels) }
    bytes.append(UInt8(ascii: " "))
    bytes.append(value)
    if format == .openMetrics, let exemplar { append(exemplar) }
    bytes.append(UInt8(ascii: "\n"))
  }

  private mutating func append(_ exemplar: Exemplar) {
    bytes += " # ".utf8
    append(exemplar.labels)
    bytes.append(UInt8(ascii: " "))
    bytes.append(exemplar.value)
    guard let time = exemplar.time else { return }
    bytes.append(UInt8(ascii: " "))
    bytes.append(.number(time.seconds))
  }

  private mutating func append(_ labels: LabelSet) {
    bytes.append(UInt8(ascii: "{"))
    bytes += labels.bytes
    bytes.append(UInt8(ascii: "}"))
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

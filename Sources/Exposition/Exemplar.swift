import AttemptLog

/// One observation behind a sample, such as an operation that a counter counted.
struct Exemplar {
  // OpenMetrics 1.0, "Exemplars": names and values together, in characters.
  static let labelCharactersMax = 128

  let labels: LabelSet
  let value: SampleValue
  /// When it was observed; may be unknown.
  let time: Timestamp?

  /// Nil if the labels are longer than the format allows: a reader would refuse the page.
  init?(_ labels: [(name: String, value: String)], _ value: SampleValue, time: Timestamp? = nil) {
    let characters = labels.reduce(0) {
      $0 + $1.name.unicodeScalars.count + $1.value.unicodeScalars.count
    }
    guard characters <= Self.labelCharactersMax else { return nil }
    self.labels = LabelSet(labels.map(\.name), labels.map(\.value))
    self.value = value
    self.time = time
  }
}

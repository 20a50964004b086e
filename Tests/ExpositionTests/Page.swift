import AttemptLog
import Exposition
import Reliability
import TestSupport
import Testing

/// A page of the endpoint, taken apart.
struct Page: CustomTestStringConvertible {
  var text: String
  /// Lines in their order.
  var lines: [String] = []
  /// Values by the series as it is written.
  var samples: [String: Double] = [:]
  /// Series as they are written, in their order.
  var series: [String] = []

  init(_ logs: LogText..., now: String = "2026-12-01T00:00:00Z", objective: Double? = nil) {
    self.init(logs, now: now, objective: objective)
  }

  init(
    _ logs: [LogText], now: String = "2026-12-01T00:00:00Z", objective: Double? = nil,
    limits: LifetimeCounts.Limits = .init(), format: ExpositionFormat = .prometheus,
    serving: ServingMetrics? = nil, state: StateFigures? = nil,
    birth: LifetimeCounts.Birth = .fromStart
  ) {
    guard let now = Timestamp(rfc3339: now) else { preconditionFailure("not a time: \(now)") }
    var aggregate = Aggregate(LifetimeCounts(limits: limits))
    aggregate.read(logs)
    aggregate.judge(at: now)
    aggregate.noteBirths(birth)
    let page = MetricsPage(
      aggregate: aggregate, now: now, missing: aggregate.log.missing, bytesRead: 1234,
      unreadBytes: 56, objective: objective,
      version: "1.2.3", state: state, zeroMicroseconds: 60_000_000)
    let bytes =
      serving.map { page.beginning(as: format) + $0.ending(as: format) } ?? page.bytes(as: format)
    text = String(decoding: bytes, as: UTF8.self)
    // A carriage return and a line feed are one `Character`.
    lines = text.unicodeScalars.split(separator: "\n").map { String($0) }
    for line in lines where !line.hasPrefix("#") {
      // An exemplar comes behind the value.
      let sample = line.firstRange(of: " # {").map { line[..<$0.lowerBound] } ?? line[...]
      let parts = sample.unicodeScalars.split(separator: " ").map { String($0) }
      let name = parts.dropLast().joined(separator: " ")
      series.append(name)
      samples[name] = parts.last.flatMap(Double.init) ?? .nan
    }
  }

  var testDescription: String { "page of \(lines.count) lines" }

  /// The value of a series of the one pair that most logs have.
  subscript(metric: String, labels: String) -> Double? {
    let pair = #"provider="lesan",operation="transcribe""#
    return samples[metric + "{" + pair + (labels.isEmpty ? "" : "," + labels) + "}"]
  }

  /// All values of a metric whose labels contain a text.
  func sum(_ metric: String, _ labels: String = "") -> Double {
    samples.reduce(0) { sum, sample in
      sample.key.hasPrefix(metric + "{") && sample.key.contains(labels) ? sum + sample.value : sum
    }
  }
}

extension StateFigures {
  /// With every figure.
  static let everything: StateFigures = {
    var state = StateFigures()
    state.saved = Timestamp(rfc3339: "2026-11-18T12:00:09Z")
    state.lost = 1
    state.saveErrors = 2
    state.truncated = 3
    state.deletedUnreadBytes = 4
    return state
  }()
}

import Exposition
import HTTPServer

/// What a scrape asks for, as far as it says so.
struct Negotiation {
  let format: ExpositionFormat
  let usesGzip: Bool
  /// From the request to the last byte; nil if the scrape sets no limit.
  let timeLimit: Duration?

  init(_ headers: HTTPHeaders) {
    format = Self.format(headers.weightedElements("Accept"))
    usesGzip = Self.usesGzip(headers.weightedElements("Accept-Encoding"))
    timeLimit = headers["X-Prometheus-Scrape-Timeout-Seconds"].flatMap { Self.timeLimit($0) }
  }
}

// MARK: - Format

extension Negotiation {
  /// OpenMetrics if it is named and liked at least as well as the text format, else the latter:
  /// also if neither is accepted, for a page is better than none.
  private static func format(_ accepted: [WeightedElement]) -> ExpositionFormat {
    let openMetrics = best(accepted, specificity: openMetricsSpecificity)
    let text = best(accepted, specificity: textSpecificity)
    guard let openMetrics, openMetrics.weight > 0 else { return .prometheus }
    guard let text else { return .openMetrics }
    if openMetrics.weight != text.weight {
      return openMetrics.weight > text.weight ? .openMetrics : .prometheus
    }
    return openMetrics.index < text.index ? .openMetrics : .prometheus
  }

  // RFC 9110 §12.5.1: the most specific range that matches decides.
  private static func best(
    _ accepted: [WeightedElement], specificity: (WeightedElement) -> Int?
  ) -> (weight: Int, index: Int)? {
    var best: (specificity: Int, weight: Int, index: Int)?
    for (index, element) in accepted.enumerated() {
      guard let match = specificity(element), match > best?.specificity ?? -1 else { continue }
      best = (match, element.weight, index)
    }
    return best.map { ($0.weight, $0.index) }
  }

  private static func openMetricsSpecificity(_ element: WeightedElement) -> Int? {
    guard element.name == "application/openmetrics-text" else { return nil }
    return versionSpecificity(element, ["1.0.0", "0.0.1"])
  }

  private static func textSpecificity(_ element: WeightedElement) -> Int? {
    switch element.name {
    case "*/*": 0
    case "text/*": 1
    case "text/plain": versionSpecificity(element, ["0.0.4"])
    default: nil
    }
  }

  private static func versionSpecificity(
    _ element: WeightedElement, _ versions: [String]
  ) -> Int? {
    guard let version = element.parameters["version"] else { return 2 }
    return versions.contains(version) ? 3 : nil
  }
}

// MARK: - Encoding and time

extension Negotiation {
  private static func usesGzip(_ accepted: [WeightedElement]) -> Bool {
    func weight(_ names: String...) -> Int? {
      accepted.first { names.contains($0.name) }?.weight
    }
    // RFC 9110 §12.5.3: a coding that is not named is acceptable if `*` is.
    guard let gzip = weight("gzip", "x-gzip") ?? weight("*"), gzip > 0 else { return false }
    return gzip >= weight("identity") ?? 0
  }

  /// The limit without what the answer needs on its way, as the blackbox exporter has it.
  private static let timeForTheWay = Duration.milliseconds(500)
  private static let timeoutSeconds = 1.0...60.0
  /// Longer than any number in that range needs to be.
  private static let timeoutCharactersMax = 32

  private static func timeLimit(_ text: String) -> Duration? {
    // `Double` also reads `nan`, `0x1p3` and `+5`.
    let isDecimal = text.utf8.allSatisfy { byte in
      byte == UInt8(ascii: ".") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
    guard isDecimal, text.utf8.count <= timeoutCharactersMax, let seconds = Double(text),
      timeoutSeconds.contains(seconds)
    else { return nil }
    return .seconds(seconds) - timeForTheWay
  }
}

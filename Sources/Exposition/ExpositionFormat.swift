/// A text format that Prometheus reads.
public enum ExpositionFormat: String, Sendable, CaseIterable {
  /// Text 0.0.4, which every collector reads.
  case prometheus
  /// OpenMetrics 1.0, which knows exemplars and when a counter began.
  case openMetrics = "openmetrics"

  public var contentType: String {
    switch self {
    case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
    case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
    }
  }
}

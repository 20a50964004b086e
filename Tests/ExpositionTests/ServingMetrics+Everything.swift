import Exposition

extension ServingMetrics {
  /// Everything that a monitor can say about itself.
  static let everything: ServingMetrics = {
    var metrics = ServingMetrics()
    metrics.scrapes = [("200", 5), ("503", 1)]
    metrics.openConnections = 2
    metrics.acceptedConnections = 7
    metrics.shedConnections = [("limit", 1), ("displaced", 3)]
    metrics.rejectedRequests = [("malformed", 4)]
    metrics.process.cpuSeconds = 1.25
    metrics.process.residentBytes = 10_485_760
    metrics.process.virtualBytes = 104_857_600
    metrics.process.openDescriptors = 9
    metrics.process.maxDescriptors = 1024
    metrics.process.startSeconds = 1_794_996_000.5
    return metrics
  }()
}

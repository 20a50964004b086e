/// What a monitor that serves says about itself: its endpoint and its process.
///
/// It comes last on the page, for it differs from scrape to scrape, and what precedes does not.
public struct ServingMetrics: Sendable {
  /// A count with the value of its label.
  public typealias Count = (label: String, count: Int)

  /// What the kernel says of the process; what cannot be read is nil and left out.
  public struct Process: Sendable {
    public var cpuSeconds: Double?
    public var residentBytes: Int?
    public var virtualBytes: Int?
    public var openDescriptors: Int?
    public var maxDescriptors: Int?
    /// Since 1970.
    public var startSeconds: Double?

    public init() {}
  }

  /// By HTTP status.
  public var scrapes: [Count] = []
  public var openConnections = 0
  public var acceptedConnections = 0
  /// By reason.
  public var shedConnections: [Count] = []
  /// By reason.
  public var rejectedRequests: [Count] = []
  public var process = Process()

  public init() {}

  /// The end of a page.
  public func ending(as format: ExpositionFormat) -> [UInt8] {
    var page = PageWriter(format)
    // These begin again with the process.
    let created = process.startSeconds
    page.counts(.scrapes, scrapes, created)
    page.single(.httpConnections, .integer(openConnections))
    page.single(
      .httpConnectionsAccepted, .integer(acceptedConnections), created: created)
    page.counts(.httpConnectionsShed, shedConnections, created)
    page.counts(.httpRequestsRejected, rejectedRequests, created)
    let known: [(MetricFamily, SampleValue?)] = [
      (.processCPU, process.cpuSeconds.map { .number($0) }),
      (.processResident, process.residentBytes.map { .integer($0) }),
      (.processVirtual, process.virtualBytes.map { .integer($0) }),
      (.processOpenDescriptors, process.openDescriptors.map { .integer($0) }),
      (.processMaxDescriptors, process.maxDescriptors.map { .integer($0) }),
      (.processStart, process.startSeconds.map { .number($0) }),
    ]
    for case (let family, let value?) in known {
      page.single(family, value, created: family.kind == .counter ? created : nil)
    }
    page.end()
    return page.bytes
  }
}

extension PageWriter {
  fileprivate mutating func counts(
    _ family: MetricFamily, _ counts: [ServingMetrics.Count], _ created: Double?
  ) {
    begin(family)
    for (label, count) in counts {
      sample(LabelSet(family.labels, [label]), .integer(count), created: created)
    }
  }
}

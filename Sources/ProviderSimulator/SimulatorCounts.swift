/// What a simulator has answered so far.
public struct SimulatorCounts: Sendable, Equatable {
  public struct Row: Sendable, Hashable {
    public let provider: SimulatedProvider
    /// Nil for a path that the provider does not have.
    public let request: SimulatedRequest?
    /// 0 where the connection was reset.
    public let status: Int
  }

  static let resetStatus = 0

  private var answersByRow: [Row: Int] = [:]
  private var jobsByProvider: [SimulatedProvider: Int] = [:]
  private var failures: [JobFailure: Int] = [:]

  /// Answers that fit everything that is not nil.
  public func answers(
    _ provider: SimulatedProvider, _ request: SimulatedRequest? = nil, status: Int? = nil
  ) -> Int {
    answersByRow.reduce(0) { sum, entry in
      let fits =
        entry.key.provider == provider && (request == nil || entry.key.request == request)
        && (status == nil || entry.key.status == status)
      return fits ? sum + entry.value : sum
    }
  }

  /// Every combination that occurred, sorted by provider, request and status.
  public var rows: [(row: Row, count: Int)] {
    answersByRow
      .sorted { left, right in
        let (first, second) = (left.key, right.key)
        return (first.provider.rawValue, first.request?.rawValue ?? "", first.status)
          < (second.provider.rawValue, second.request?.rawValue ?? "", second.status)
      }
      .map { ($0.key, $0.value) }
  }

  /// Jobs that were made, those that fail included.
  public func jobs(_ provider: SimulatedProvider) -> Int {
    jobsByProvider[provider, default: 0]
  }

  /// Jobs that were made to fail so.
  public func jobs(failing failure: JobFailure) -> Int {
    failures[failure, default: 0]
  }

  mutating func countAnswer(
    _ provider: SimulatedProvider, _ request: SimulatedRequest?, status: Int
  ) {
    answersByRow[Row(provider: provider, request: request, status: status), default: 0] += 1
  }

  mutating func countJob(_ provider: SimulatedProvider, _ failure: JobFailure?) {
    jobsByProvider[provider, default: 0] += 1
    if let failure { failures[failure, default: 0] += 1 }
  }
}

extension SimulatorCounts: CustomStringConvertible {
  /// A line for each row and then for each provider: `lesan submit 503: 2`, `lesan jobs: 1`.
  ///
  /// The status of a reset is `reset`, the request of an unknown path `other`.
  public var description: String {
    var text = ""
    for (row, count) in rows {
      let status = row.status == Self.resetStatus ? "reset" : String(row.status)
      text += "\(row.provider.rawValue) \(row.request?.rawValue ?? "other") \(status): \(count)\n"
    }
    for provider in SimulatedProvider.allCases {
      text += "\(provider.rawValue) jobs: \(jobs(provider))\n"
    }
    return text
  }
}

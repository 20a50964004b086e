public import Reliability

extension Report {
  /// A number of the report, under the name that it has in the JSON.
  public struct Figure: Equatable, Sendable {
    public let name: String
    /// Nil where there is nothing to make it of, as null in the JSON.
    public let value: Double?
    /// What it is made of, if it is a ratio.
    public let ratio: Ratio?
  }

  /// The names of all figures: those of the totals as they are, a part behind a dot
  /// (`attempt_latency_ms.p95`, `success_rate.low`), and those of the objective (`slo.consumed`).
  public static let figureNames: [String] = {
    let slo = Objective(objective: Objective.standard, budget: 0, failed: 0)
    return RatioName.allCases.map(\.rawValue) + figures(of: Tally(), slo).map(\.name)
  }()

  /// The figure of this name; nil if there is none.
  public func figure(named name: String) -> Figure? {
    if let ratio = RatioName(rawValue: name).map({ totals[$0] }) {
      return Figure(name: name, value: ratio.value, ratio: ratio)
    }
    return Self.figures(of: totals, slo).first { $0.name == name }
  }

  private static func figures(of totals: Tally, _ slo: Objective) -> [Figure] {
    JSONTree.object(totals.json + [("slo", slo.json)]).numbers(name: "")
  }
}

extension JSONTree {
  fileprivate func numbers(name: String) -> [Report.Figure] {
    func figure(_ value: Double?) -> [Report.Figure] {
      [Report.Figure(name: name, value: value, ratio: nil)]
    }
    switch self {
    case .object(let fields):
      return fields.flatMap { key, value in
        value.numbers(name: name.isEmpty ? key : "\(name).\(key)")
      }
    case .integer(let integer): return figure(Double(integer))
    case .number(let number): return figure(number)
    case .null: return figure(nil)
    case .array, .string, .bool: return []
    }
  }
}

import Testing

/// What every dashboard keeps.
struct DashboardRule: Sendable, CustomTestStringConvertible {
  /// A change of the example: one text that it holds, and what takes its place.
  typealias Change = (of: String, into: String)

  let name: String
  /// The places that break it.
  let find: @Sendable (Dashboard) -> [String]
  /// Each breaks the rule.
  let planted: [Change]
  /// Come near, but keep it.
  var innocent: [Change] = []

  var testDescription: String { name }

  /// About each panel that draws something.
  static func panels(
    _ name: String, planted: [Change], innocent: [Change] = [],
    breaks: @escaping @Sendable (Dashboard.Panel) -> Bool
  ) -> DashboardRule {
    DashboardRule(
      name: name, find: { $0.drawnPanels.filter(breaks).map(\.place) }, planted: planted,
      innocent: innocent)
  }

  /// About each place in a panel's query that reads series.
  static func selectors(
    _ name: String, planted: [Change], innocent: [Change] = [],
    breaks: @escaping @Sendable (PromQLSelector) -> Bool
  ) -> DashboardRule {
    DashboardRule(
      name: name,
      find: { dashboard in
        dashboard.targets.flatMap { place, target in
          // A query that cannot be read is another rule.
          (PromQLScanner.selectors(of: target.expr) ?? []).filter(breaks)
            .map { "\(place): \($0.metric)" }
        }
      }, planted: planted, innocent: innocent)
  }
}

extension Dashboard {
  /// A small dashboard that keeps every rule.
  static let example = """
    {
      "id": null, "uid": "relmon-example", "title": "relmon / Example", "tags": ["relmon"],
      "editable": false, "schemaVersion": 39,
      "links": [
        {"type": "dashboards", "tags": ["relmon"], "includeVars": true, "keepTime": true}
      ],
      "annotations": {"list": [{"expr": "ALERTS{alertstate=\\"firing\\"}"}]},
      "templating": {"list": [
        \(variable("datasource", "Data source", query: "prometheus", type: "datasource")),
        \(variable("job", "Job", query: "label_values(relmon_build_info, job)")),
        \(variable("instance", "Instance", query: "label_values(relmon_build_info, instance)")),
        \(variable("provider", "Provider", query: "label_values(api_client_attempts_total, provider)")),
        \(variable("operation", "Operation", query: "query_result(relmon_build_info)"))
      ]},
      "panels": [
        {"id": 1, "type": "row", "title": "Row", "gridPos": {"x": 0, "y": 0, "w": 24, "h": 1}},
        \(panel(
          2, "stat", x: 0, title: "Age",
          query: "time() - relmon_log_last_record_timestamp_seconds{\(filter)}")),
        \(panel(
          3, "timeseries", x: 12, title: "Rate",
          query: "sum by (provider) (rate(api_client_attempts_total{\(filter)}[$__rate_interval]))"))
      ]
    }
    """

  private static let filter = #"job=~\"$job\", instance=~\"$instance\""#

  private static func variable(
    _ name: String, _ label: String, query: String, type: String = "query"
  ) -> String {
    let all = type == "query"
    return """
      {"name": "\(name)", "label": "\(label)", "type": "\(type)", "query": "\(query)",
        "refresh": \(all ? 2 : 1), "multi": \(all), "includeAll": \(all), "allValue": ".+",
        "datasource": {"type": "prometheus", "uid": "${datasource}"}}
      """
  }

  private static func panel(_ id: Int, _ type: String, x: Int, title: String, query: String)
    -> String
  {
    """
    {"id": \(id), "type": "\(type)", "title": "\(title)", "description": "\(title). Bad: high.",
      "gridPos": {"x": \(x), "y": 1, "w": 12, "h": 8},
      "datasource": {"type": "prometheus", "uid": "${datasource}"},
      "fieldConfig": {"defaults": {"unit": "s", "noValue": "nothing: \(title)",
        "thresholds": {"steps": [{"color": "green"}, {"color": "\(title) red"}]}}},
      "targets": [{"refId": "A", "legendFormat": "{{\(title)}}", "expr": "\(query)",
        "datasource": {"type": "prometheus", "uid": "$datasource"}}]}
    """
  }

  /// The example with a change; its text must be there, and is changed everywhere.
  static func example(_ change: DashboardRule.Change) throws -> Dashboard {
    try #require(example.contains(change.of), "\(change.of)")
    return try Dashboard(json: example.replacing(change.of, with: change.into))
  }
}

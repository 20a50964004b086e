import Exposition

extension DashboardRule {
  static let all = linter + model + layout + texts

  static let variables = ["datasource", "job", "instance", "provider", "operation"]
  /// What Grafana itself puts into a query.
  private static let macros = ["__rate_interval", "__range"]

  private static let model: [DashboardRule] = [
    DashboardRule(
      name: "classic model that Grafana 10 and later import",
      find: { dashboard in
        (dashboard.id == nil ? [] : ["id"])
          + ((36...40).contains(dashboard.schemaVersion) ? [] : ["schemaVersion"])
          + (dashboard.uid.hasPrefix("relmon-") ? [] : ["uid"])
      },
      planted: [
        (#""id": null"#, #""id": 7"#), (#""schemaVersion": 39"#, #""schemaVersion": 16"#),
        ("relmon-example", ""),
      ],
      innocent: [(#""schemaVersion": 39"#, #""schemaVersion": 36"#)]),
    DashboardRule(
      name: "links to the other dashboards",
      find: { dashboard in
        let isLinked = dashboard.links.contains {
          $0.type == "dashboards" && $0.tags == ["relmon"] && $0.includeVars && $0.keepTime
        }
        return isLinked && dashboard.tags.contains("relmon") ? [] : ["links"]
      },
      planted: [
        (#""includeVars": true"#, #""includeVars": false"#),
        (#""tags": ["relmon"],"#, #""tags": [],"#),
        (#""keepTime": true"#, #""keepTime": false"#),
      ]),
    DashboardRule(
      name: "the variables that people expect",
      find: { dashboard in
        let names = dashboard.templating.list.map(\.name)
        return (names == variables ? [] : names)
          + dashboard.templating.list.filter { $0.type == "query" && !$0.includeAll }.map(\.name)
      },
      planted: [
        (#""name": "provider""#, #""name": "upstream""#),
        (#""includeAll": true"#, #""includeAll": false"#),
      ]),
    DashboardRule(
      name: "only variables that exist",
      find: { dashboard in
        let used = Set(dashboard.queries.flatMap { $0.text.captures(#"\$(\w+)"#) })
        return used.subtracting(variables + macros).sorted()
      },
      planted: [("$__rate_interval", "$__interval"), ("$instance", "$node")],
      innocent: [("$__rate_interval", "$__range")]),
    DashboardRule(
      name: "firing alerts are marked",
      find: { dashboard in
        dashboard.annotations.list.contains { $0.expr?.contains("ALERTS{") == true }
          ? [] : ["annotations"]
      },
      planted: [("ALERTS{", "ALERTS_FOR_STATE{")]),
    DashboardRule(
      name: "only metrics of the catalogue",
      find: { dashboard in
        dashboard.queries.flatMap { place, text in
          metrics(of: text).subtracting(known).sorted().map { "\(place): \($0)" }
        }
      },
      planted: [
        ("api_client_attempts_total{", "api_client_attempts{"),
        ("label_values(relmon_build_info, job)", "label_values(relmon_build, job)"),
        ("relmon_log_last_record_timestamp_seconds", "relmon_log_unread_bytes_bucket"),
        ("ALERTS{", "ALARMS{"),
      ],
      innocent: [
        ("relmon_log_last_record_timestamp_seconds", "api_client_backoff_seconds_sum"),
        ("relmon_log_last_record_timestamp_seconds", "up"),
      ]),
  ]

  private static let layout: [DashboardRule] = [
    DashboardRule(
      name: "panels overlap or leave the grid",
      find: { dashboard in
        dashboard.panels.enumerated().flatMap { index, panel in
          (panel.gridPos.isInside ? [] : [panel.place])
            + dashboard.panels[..<index].filter { $0.gridPos.overlaps(panel.gridPos) }
            .map { "\($0.place) and \(panel.place)" }
        }
      },
      planted: [
        (#""x": 12"#, #""x": 11"#), (#""x": 12"#, #""x": 13"#), (#""y": 1, "#, #""y": 0, "#),
      ],
      innocent: [(#""x": 12, "y": 1"#, #""x": 3, "y": 9"#)]),
    DashboardRule(
      name: "an id of its own for each panel",
      find: { repeated($0.panels.map { String($0.id) }) },
      planted: [(#""id": 3"#, #""id": 1"#)], innocent: [(#""id": 3"#, #""id": 9"#)]),
    DashboardRule(
      name: "a letter of its own for each query of a panel",
      find: { dashboard in
        dashboard.drawnPanels.flatMap { repeated(($0.targets ?? []).map(\.refId)) }
      },
      planted: [(#""targets": ["#, #""targets": [{"refId": "A", "expr": "up"}, "#)],
      innocent: [(#""targets": ["#, #""targets": [{"refId": "B", "expr": "up"}, "#)]),
  ]

  private static let texts: [DashboardRule] = [
    panels(
      "a description says what is bad", planted: [("Bad: high", "Shows the age")],
      breaks: { $0.description?.contains("Bad: ") != true }),
    panels(
      "a word where there is no data", planted: [(#""noValue": "nothing: Age","#, "")],
      breaks: { ($0.fieldConfig?.defaults.noValue ?? "").isEmpty }),
    panels(
      "a legend by labels or words", planted: [("{{Rate}}", ""), ("{{Rate}}", "__auto")],
      innocent: [("{{Age}}", "")],
      breaks: { panel in
        panel.type == "timeseries"
          && !(panel.targets ?? []).allSatisfy { !["", "__auto", nil].contains($0.legendFormat) }
      }),
    panels(
      "a figure has a threshold", planted: [(#", {"color": "Age red"}"#, "")],
      innocent: [(#", {"color": "Rate red"}"#, "")],
      breaks: { panel in
        panel.type == "stat" && (panel.fieldConfig?.defaults.thresholds?.steps.count ?? 0) < 2
      }),
  ]

  private static func repeated(_ names: [String]) -> [String] {
    Dictionary(grouping: names, by: \.self).filter { $0.value.count > 1 }.keys.sorted()
  }

  static let known = Set(
    ["up", "ALERTS", "node_textfile_mtime_seconds"]
      + MetricFamily.catalogue.flatMap { family in
        family.kind == .histogram
          ? ["_bucket", "_count", "_sum"].map { family.name + $0 } : [family.name]
      })

  /// Those of a query, also of one of a variable.
  static func metrics(of query: String) -> Set<String> {
    let inside = query.captures(#"^label_values\((.+), \w+\)$"#).first
    return Set((PromQLScanner.selectors(of: inside ?? query) ?? []).map(\.metric))
  }
}

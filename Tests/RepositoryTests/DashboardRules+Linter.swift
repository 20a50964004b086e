import Foundation

/// The rules of grafana/dashboard-linter by their names there (its docs/index.md and lint/rules.go).
/// That each query parses (target-promql-rule) is proved by promtool in Tests/Dashboards/queries.
extension DashboardRule {
  static let linter: [DashboardRule] = [
    DashboardRule(
      name: "template-datasource-rule",
      find: { dashboard in
        let source = dashboard.variable("datasource")
        let isRight =
          source?.type == "datasource" && source?.query.text == "prometheus"
          && source?.label == "Data source"
        return isRight ? [] : ["$datasource"]
      },
      planted: [
        (#""name": "datasource""#, #""name": "source""#),
        (#""query": "prometheus""#, #""query": "loki""#),
        (#""label": "Data source""#, #""label": "Source""#),
      ]),
    template("job"), template("instance"),
    DashboardRule(
      name: "template-label-promql-rule",
      find: { dashboard in
        dashboard.templating.list.filter { variable in
          variable.type == "query"
            && variable.query.text.captures(
              #"^(label_names|label_values|metrics|query_result)\(.+\)$"#
            ).isEmpty
        }.map { "$" + $0.name }
      },
      planted: [
        ("query_result(", "result("), ("query_result(relmon_build_info)", "relmon_build_info"),
      ],
      innocent: [("query_result(", "metrics(")]),
    DashboardRule(
      name: "template-on-time-change-reload-rule",
      find: { dashboard in
        dashboard.templating.list.filter { $0.type == "query" && $0.refresh != 2 }.map {
          "$" + $0.name
        }
      },
      planted: [(#""refresh": 2"#, #""refresh": 1"#)],
      innocent: [(#""refresh": 1"#, #""refresh": 0"#)]),
    panels(
      "panel-datasource-rule",
      planted: [
        (#""uid": "${datasource}""#, #""uid": "prometheus""#),
        (#""uid": "$datasource""#, #""uid": "-- Mixed --""#),
      ],
      innocent: [("${datasource}", "$datasource")],
      breaks: { panel in
        let sources = [panel.datasource] + (panel.targets ?? []).map(\.datasource)
        return !sources.allSatisfy { isTemplated($0) }
      }),
    panels(
      "panel-title-description-rule",
      planted: [
        (#""title": "Age","#, #""title": "","#), (#""description": "Age. Bad: high.","#, ""),
      ],
      breaks: { ($0.title ?? "").isEmpty || ($0.description ?? "").isEmpty }),
    panels(
      "panel-units-rule",
      planted: [(#""unit": "s", "#, ""), (#""unit": "s""#, #""unit": "seconds""#)],
      innocent: [(#""unit": "s""#, #""unit": "percentunit""#)],
      breaks: { !units.contains($0.fieldConfig?.defaults.unit ?? "") }),
    panels(
      "panel-no-targets-rule", planted: [(#""targets": [{"#, #""answers": [{"#)],
      breaks: { ($0.targets ?? []).isEmpty }),
    DashboardRule(
      name: "target-promql-rule",
      find: { dashboard in
        dashboard.targets.filter { (PromQLScanner.selectors(of: $0.target.expr) ?? []).isEmpty }
          .map(\.place)
      },
      planted: [("]))", "])"), (#"instance=~\"$instance\"}"#, #"instance=~\"$instance\""#)],
      innocent: [("sum by (provider) (", "(")]),
    selectors(
      "target-rate-interval-rule", planted: [("$__rate_interval", "5m")],
      innocent: [("rate(api_client_attempts_total", "increase(api_client_attempts_total")],
      breaks: {
        ["rate", "irate"].contains($0.function) && $0.range != "$__rate_interval"
      }),
    matcher("job"), matcher("instance"),
    selectors(
      "target-counter-agg-rule",
      planted: [
        ("rate(api_client", "delta(api_client"), ("[$__rate_interval]", ""),
        ("last_record_timestamp_seconds", "bytes_read_total"),
        ("rate(api_client_attempts_total", "max_over_time(api_client_backoff_seconds_count"),
      ],
      innocent: [("rate(", "increase(")],
      breaks: { selector in
        let isCounter = ["_total", "_bucket", "_count", "_sum"].contains {
          selector.metric.hasSuffix($0)
        }
        return isCounter
          && (selector.range == nil
            || !["rate", "irate", "increase"].contains(selector.function))
      }),
    // There are no LogQL queries to judge.
    DashboardRule(
      name: "target-logql-rule, target-logql-auto-rule",
      find: { dashboard in
        let sources =
          dashboard.panels.map(\.datasource) + dashboard.targets.map(\.target.datasource)
        return sources.compactMap(\.?.type).filter { $0 != "prometheus" }
      },
      planted: [
        (#""type": "prometheus", "uid": "$datasource""#, #""type": "loki", "uid": "$datasource""#)
      ]),
    DashboardRule(
      name: "uneditable-dashboard-rule", find: { $0.editable ? ["editable"] : [] },
      planted: [(#""editable": false"#, #""editable": true"#)]),
  ]

  /// Of Grafana's units those that fit what is shown here.
  private static let units: Set = [
    "none", "short", "percentunit", "s", "bytes", "binBps", "ops", "reqps", "cps",
  ]

  private static func isTemplated(_ source: Dashboard.Source?) -> Bool {
    source?.uid == "$datasource" || source?.uid == "${datasource}"
  }

  private static func template(_ name: String) -> DashboardRule {
    DashboardRule(
      name: "template-\(name)-rule",
      find: { dashboard in
        let variable = dashboard.variable(name)
        let isRight =
          variable?.type == "query" && isTemplated(variable?.datasource)
          && variable?.label == name.capitalized && variable?.multi == true
          && variable?.allValue == ".+"
        return isRight ? [] : ["$" + name]
      },
      planted: [
        (#""name": "\#(name)""#, #""name": "other""#), (#""allValue": ".+""#, #""allValue": ".*""#),
        (#""multi": true"#, #""multi": false"#), (#""type": "query""#, #""type": "custom""#),
        (#""label": "\#(name.capitalized)""#, #""label": "Other""#),
      ])
  }

  private static func matcher(_ name: String) -> DashboardRule {
    selectors(
      "target-\(name)-rule",
      planted: [
        (#"\#(name)=~\"$\#(name)\""#, #"\#(name)=\"$\#(name)\""#),
        (#"\#(name)=~\"$\#(name)\""#, #"\#(name)!=\"\""#),
      ],
      innocent: [
        // An alert that is summed over monitors has neither.
        (#"relmon_log_last_record_timestamp_seconds{"#, #"ALERTS{alertstate=\"firing\", "#)
      ],
      breaks: { selector in
        let asked = #"\#(name)=~"$\#(name)"#
        let known = selector.metric == "ALERTS" ? [asked + "\"", asked + "|\""] : [asked + "\""]
        return !selector.matchers.contains { known.contains($0) }
      })
  }
}

import Foundation
import Reliability
import Testing

/// The rules for Prometheus and the runbooks; what they compute promtool tests.
struct AlertRuleTests {
  private static let folder = "dashboards/prometheus/"

  private static func text(_ path: String) throws -> String {
    try String(contentsOfFile: Repository.root + "/" + path, encoding: .utf8)
  }

  /// The values of a key in a file of rules.
  private static func values(_ key: String, in text: String) -> [String] {
    text.captures("(?m)^ *(?:- )?\(key): (.+)$")
  }

  private static func alerts() throws -> [String] {
    values("alert", in: try text(folder + "alerts.rules.yml"))
  }

  /// The queries of a file of rules: a block of lines that are further in than their key.
  private static func queries(ofRules text: String) -> [String] {
    text.captures(#"(?m)^        expr: \|\n((?:          .*\n)+)"#)
  }

  /// The queries of a runbook: blocks of it, without comments.
  private static func queries(ofRunbook text: String) -> [String] {
    text.captures(#"(?m)^```promql\n((?:(?!```).*\n)+)```$"#)
      .flatMap { $0.components(separatedBy: "\n\n") }
      .map { query in
        query.split(separator: "\n").filter { !$0.hasPrefix("#") }.joined(separator: "\n")
      }
  }

  private static func unknown(_ query: String, recorded: [String]) -> Set<String> {
    DashboardRule.metrics(of: query).subtracting(DashboardRule.known).subtracting(recorded)
  }

  @Test func `rules and runbooks ask only for metrics that there are`() throws {
    let files = try ["recording", "alerts"].map { try Self.text(Self.folder + "\($0).rules.yml") }
    let recorded = files.flatMap { Self.values("record", in: $0) }
    let rules = files.flatMap(Self.queries(ofRules:))
    #expect(rules.count == recorded.count + (try Self.alerts().count))
    let runbooks = try Repository.sources { $0.hasPrefix("dashboards/runbooks/") }
    let asked = runbooks.flatMap { Self.queries(ofRunbook: $0.text) }
    #expect(asked.count > runbooks.count)
    for query in rules + asked {
      #expect(!DashboardRule.metrics(of: query).isEmpty || query.contains("vector(1)"), "\(query)")
      #expect(Self.unknown(query, recorded: recorded) == [], "\(query)")
    }
    #expect(Self.unknown("sum(relmon_log_unread_byte)", recorded: recorded).count == 1)
  }

  @Test func `each alert tells what somebody who is called needs`() throws {
    let alerts = try Self.alerts()
    let text = try Self.text(Self.folder + "alerts.rules.yml")
    #expect(Self.values("severity", in: text).count == alerts.count)
    #expect(
      Set(Self.values("severity", in: text)) == ["critical", "warning", "info", "none"])
    #expect(Self.values("summary", in: text).count == alerts.count)
    #expect(Self.values("description", in: text).count == alerts.count)
    #expect(
      Self.values("runbook_url", in: text) == alerts.map { "dashboards/runbooks/\($0).md" })
    for alert in alerts {
      let runbook = try Self.text("dashboards/runbooks/\(alert).md")
      #expect(runbook.hasPrefix("# \(alert)\n"))
      #expect(
        runbook.captures("(?m)^(## .+)$") == [
          "## Meaning", "## Impact", "## Diagnosis", "## Mitigation",
        ])
    }
  }

  /// By its beginning dashboards mark them, and an Alertmanager tells them from those of others.
  @Test func `alerts have the prefix, and check finds none that has no rule`() throws {
    let alerts = try Self.alerts()
    #expect(alerts.filter { !$0.hasPrefix("Relmon") } == ["Watchdog"])
    for alert in CheckFinding.Alert.allCases {
      #expect(alerts.contains(alert.rawValue))
    }
  }
}

import Exposition
import Testing

struct DashboardTests {
  private static func files() throws -> [SourceText] {
    try Repository.sources { $0.hasPrefix("dashboards/grafana/") && $0.hasSuffix(".json") }
  }

  @Test func `each dashboard keeps the rules`() throws {
    let files = try Self.files()
    #expect(files.count == 3)
    for file in files {
      let dashboard = try Dashboard(json: file.text)
      #expect(file.name == dashboard.uid + ".json")
      for rule in DashboardRule.all {
        for place in rule.find(dashboard) {
          Issue.record("\(file.path): \(place): \(rule.name)")
        }
      }
    }
  }

  /// The README's table has them all; here each is to be seen.
  @Test func `each metric of the catalogue is on a dashboard`() throws {
    let shown = try Self.files().map { try Dashboard(json: $0.text) }
      .flatMap(\.queries).map { DashboardRule.metrics(of: $0.text) }
      .reduce(into: Set<String>()) { $0.formUnion($1) }
    for family in MetricFamily.catalogue {
      let names = family.kind == .histogram ? ["_bucket", "_count", "_sum"] : [""]
      #expect(names.contains { shown.contains(family.name + $0) }, "\(family.name)")
    }
  }

  @Test func `the rules of the linter are all there`() {
    let names = DashboardRule.linter.flatMap { $0.name.split(separator: ", ") }
    #expect(Set(names).count == 17)
  }

  @Test(arguments: DashboardRule.all)
  func `the example keeps the rule`(rule: DashboardRule) throws {
    #expect(rule.find(try Dashboard(json: Dashboard.example)) == [])
  }

  @Test(arguments: DashboardRule.all)
  func `a planted violation is found`(rule: DashboardRule) throws {
    #expect(!rule.planted.isEmpty)
    for change in rule.planted {
      #expect(rule.find(try Dashboard.example(change)) != [], "\(change)")
    }
  }

  @Test(arguments: DashboardRule.all)
  func `what comes near but keeps the rule is left alone`(rule: DashboardRule) throws {
    for change in rule.innocent {
      #expect(rule.find(try Dashboard.example(change)) == [], "\(change)")
    }
  }

  @Test(arguments: [
    ("up", [PromQLSelector(metric: "up")]),
    (
      #"sum by (a, b) (rate(x_total{c=~"$d", e!="}\""}[$__range])) / on () group_left () -(y > 0)"#,
      [
        PromQLSelector(
          metric: "x_total", matchers: [#"c=~"$d""#, #"e!="}\"""#], range: "$__range",
          function: "rate"),
        PromQLSelector(metric: "y"),
      ]
    ),
    (
      "time() - max(a:b) offset 5m or vector(1e3) or inf",
      [PromQLSelector(metric: "a:b")]
    ),
    (
      #"max_over_time(rate(x[5m])[1h:1m]) and {job="a"}"#,
      [
        PromQLSelector(metric: "x", range: "5m", function: "rate"),
        PromQLSelector(metric: "", matchers: [#"job="a""#]),
      ]
    ),
  ])
  func `the places that read series are found`(query: String, selectors: [PromQLSelector]) {
    #expect(PromQLScanner.selectors(of: query) == selectors)
  }

  @Test(arguments: ["rate(x[5m]", "x)", #"x{a="b}"#, "x[5m", #"x{a="b""#])
  func `what is not closed is not read`(query: String) {
    #expect(PromQLScanner.selectors(of: query) == nil)
  }
}

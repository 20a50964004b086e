import AttemptLog
import Exposition
import Reliability
import TestSupport
import Testing

/// What Prometheus and its linters ask of any page, on logs of all sorts.
struct PageFormatTests {
  static let pages = [
    Page([]), Page(.someOperations),
    Page([.someOperations, .everything], objective: 0.9, serving: .everything),
    Page([.manyNames(20)], limits: fewPairs), Page([.namedOther]),
    Page([.namedOther, .manyNames(20), .namedOther], limits: fewPairs),
  ]

  private static let fewPairs: LifetimeCounts.Limits = {
    var limits = LifetimeCounts.Limits()
    limits.scopesMax = 12
    return limits
  }()

  @Test(arguments: pages)
  func `no series is there twice`(page: Page) {
    #expect(Set(page.series.map { Array($0.utf8) }).count == page.series.count)
    #expect(page.samples.values.allSatisfy { !$0.isNaN })
  }

  @Test(arguments: pages)
  func `each family has its help and type once, then its samples`(page: Page) throws {
    var family = ""
    var families: [String] = []
    for (index, line) in page.lines.enumerated() {
      let words = line.split(separator: " ", maxSplits: 3).map(String.init)
      if line.hasPrefix("# HELP ") {
        family = words[2]
        families.append(family)
        let described = try #require(MetricFamily.catalogue.first { $0.name == family })
        #expect(line == "# HELP \(family) \(described.help)")
        #expect(page.lines[index + 1] == "# TYPE \(family) \(described.kind.rawValue)")
      } else if line.hasPrefix("#") {
        #expect(line.hasPrefix("# TYPE \(family) "))
      } else {
        let described = try #require(MetricFamily.catalogue.first { $0.name == family })
        let suffixes = described.kind == .histogram ? ["_bucket", "_sum", "_count"] : [""]
        let name = line.prefix { $0 != "{" && $0 != " " }
        #expect(suffixes.contains { name == family + $0 })
      }
    }
    #expect(Set(families).count == families.count)
    let order = MetricFamily.catalogue.map(\.name).filter { families.contains($0) }
    #expect(families == order)
    #expect(page.text.hasSuffix("\n"))
    #expect(!page.text.contains("\n\n"))
  }

  @Test(arguments: pages)
  func `samples have the labels of their family in its order`(page: Page) throws {
    for series in page.series {
      let name = String(series.prefix { $0 != "{" })
      let family = try #require(
        MetricFamily.catalogue.first {
          name == $0.name || $0.kind == .histogram && name.hasPrefix($0.name + "_")
        })
      let labels = series.dropFirst(name.count).matches(of: #/[{,]([a-z_]+)="/#).map {
        String($0.output.1)
      }
      #expect(labels == family.labels + (name.hasSuffix("_bucket") ? ["le"] : []))
    }
  }

  @Test(arguments: pages)
  func `pairs are sorted within a family`(page: Page) {
    let pairs = page.series.filter { $0.hasPrefix("api_client_consecutive") }
      .map { Array($0.utf8.dropLast(2)) }
    #expect(
      zip(pairs, pairs.dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) })
  }

  @Test(arguments: pages)
  func `buckets are cumulative up to the count`(page: Page) {
    var last: (labels: Substring, value: Double) = ("", 0)
    var histograms = 0
    for series in page.series {
      let value = page.samples[series] ?? .nan
      if let bound = series.firstRange(of: #/,le="[^"]*"}$/#) {
        let labels = series[..<bound.lowerBound]
        if labels == last.labels { #expect(value >= last.value) }
        last = (labels, value)
        if series.hasSuffix(#"le="+Inf"}"#) {
          histograms += 1
          let count = labels.replacing("_bucket{", with: "_count{") + "}"
          #expect(page.samples[String(count)] == value)
        }
      }
    }
    #expect(histograms == page.series.count { $0.contains("_count{") })
  }

  @Test func `every metric of the catalogue is on the page of a log that has everything`() {
    let page = Page(
      [.someOperations, .everything], now: "2026-11-18T12:00:10Z", objective: 0.9,
      serving: .everything, state: .everything)
    for family in MetricFamily.catalogue {
      let names =
        family.kind == .histogram
        ? ["_bucket{", "_sum{", "_count{"].map { family.name + $0 }
        : [family.name + (family.labels.isEmpty ? " " : "{")]
      for name in names {
        #expect(page.lines.contains { $0.hasPrefix(name) && !$0.hasSuffix(" 0") }, "\(name)")
      }
    }
  }

  @Test func `names in the catalogue keep the naming rules`() {
    for family in MetricFamily.catalogue {
      #expect(family.name.contains(#/^(api_client|relmon|process)_[a-z_]+$/#))
      #expect(family.name.hasSuffix("_total") == (family.kind == .counter))
      #expect(family.help.hasSuffix("."))
      #expect(!family.help.contains("\n"))
      for label in family.labels { #expect(label.contains(#/^[a-z][a-z_]*$/#)) }
    }
    #expect(Set(MetricFamily.catalogue.map(\.name)).count == MetricFamily.catalogue.count)
  }

  @Test func `the same state gives the same bytes, in whatever order pairs came`() {
    #expect(Page([.manyNames(20)]).text == Page([.manyNames(20)]).text)
    let one = LogText(writer: "a").attempt("10:00:00", "1", error: "timeout", #""error_code":"x""#)
    let two = LogText(writer: "b").attempt("10:00:00", "2", error: "auth", #""operation":"b""#)
      .attempt("10:00:00", "3", error: "auth")
    #expect(Page([one, two]).text == Page([two, one]).text)
  }
}

extension LogText {
  /// An open and an abandoned operation, an overflow, losses, and lines that are rejected.
  fileprivate static let everything: LogText = {
    var log = LogText(writer: "everything")
      .add("segment", "12:00:00", #""segment":"97b750923ceb3ffd""#)
      .add("writer_start", "12:00:00").start("12:00:05", "open", #""operation":"upload""#)
      .start("10:00:00", "abandoned").add("dropped", "12:00:00", #""count":2"#)
      .attempt("12:00:00", "1", #""outcome":"maybe""#)
      .operation("12:00:01", "2", outcome: "not_retryable").add("attempt", "12:00:02")
      .add("heartbeat", "12:00:03")
      .attempt(
        "12:00:05", "3", error: "quota_exhausted",
        #""http_status":429,"retry_after_ms":60000,"quota_limit":500,"quota_remaining":2"#)
    for number in 0..<60 {
      log = log.attempt("12:00:04", "e\(number)", error: "timeout", #""error_code":"\#(number)""#)
    }
    return log
  }()

  /// More pairs than there is room for, and names with everything that must be escaped.
  fileprivate static func manyNames(_ count: Int) -> LogText {
    (0..<count).reduce(LogText(writer: "names")) { log, number in
      let name = #"\"\\\n=,{}\#(number * 7 % count)é\u0000\r"#
      return log.attempt(
        "10:00:00", "n\(number)", error: "timeout",
        #""provider":"\#(name)","operation":"\#(name)","error_code":"\#(name)""#)
    }
  }

  /// A pair and an error that have the name of the overflow.
  fileprivate static let namedOther = LogText(writer: "other").attempt(
    "10:00:00", "o", error: "timeout",
    #""provider":"_other","operation":"_other","error_type":"_other","error_code":"_other""#)
}

import Foundation
import Reliability

@testable import Report

/// What a reader may see of the numbers of a report: each as a rendering writes it, with its unit,
/// made of the JSON alone.
struct ReportNumbers {
  /// `97.9 %`, `235/240`, `4 min 05 s`, `+1.2 points`, `1,234`, and dates and times.
  private(set) var written: Set<String> = []
  /// Names, codes and labels, which may have digits of their own.
  private(set) var names: Set<String> = []

  init(json: [UInt8]) throws {
    let root = try JSONSerialization.jsonObject(with: Data(json))
    add(root, key: "")
    // A finding is a sentence in the JSON too.
    for finding in (root as? [String: Any])?["findings"] as? [[String: Any]] ?? [] {
      written.formUnion(try Self.numbers(in: finding["text"] as? String ?? ""))
    }
  }

  private mutating func add(_ value: Any, key: String) {
    switch value {
    case let object as [String: Any]: add(object, key: key)
    case let list as [Any]:
      written.insert(list.count.grouped)
      for item in list { add(item, key: key) }
    case let text as String: add(text)
    // Booleans are numbers as well.
    case let number as NSNumber where String(cString: number.objCType) != "c":
      add(number.doubleValue, key: key)
    default: break
    }
  }

  private mutating func add(_ object: [String: Any], key: String) {
    for (name, value) in object {
      // `sum`, `p95`: the unit stands in the name of the whole.
      add(value, key: key.hasSuffix("_ms") && name != "count" ? key : name)
    }
    if let hits = object["hits"] as? Int, let of = object["of"] as? Int {
      add(Ratio(hits: hits, of: of))
    }
    if let before = object["before"] as? Double, let after = object["after"] as? Double {
      let points = (after - before) * 100
      let decimals = points.magnitude < 0.95 ? 2 : 1
      written.insert("\(points >= 0 ? "+" : "")\(points.fixed(decimals)) points")
    }
    if let budget = object["budget_operations"] as? Double,
      let failed = object["failed_operations"] as? Double
    {
      written.insert(budget.fixedDown(1))
      written.insert(
        failed > budget ? (failed - budget).fixedUp(1) : (budget - failed).fixedDown(1))
    }
    if let audio = object["audio_seconds"] as? Double,
      let amplification = object["audio_amplification"] as? Double
    {
      written.insert(((audio - audio / amplification) * 1000).duration)
    }
    if let from = time(object["from"]), let to = time(object["to"]) {
      written.insert(((to - from) * 1000).duration)
      written.insert("\(((to - from) / 3600).fixed(0)) h")
    }
  }

  private mutating func add(_ ratio: Ratio) {
    written.formUnion([ratio.counts, ratio.percentage])
    if let value = ratio.value { written.insert("\((value * 100).fixedDown(2)) %") }
    for bound in [ratio.interval?.low, ratio.interval?.high].compactMap(\.self) {
      written.insert(Ratio.percentage(bound))
    }
  }

  private mutating func add(_ text: String) {
    guard let date = text.firstMatch(of: /^(\d{4})-(\d\d)-(\d\d)(T|$)/) else {
      names.insert(text)
      return
    }
    // Those of a day, and the same without the fraction of the second or the time.
    written.formUnion([text, String(text.prefix(10)), String(text.prefix(19)) + "Z"])
    guard let month = Int(date.2), let day = Int(date.3) else { return }
    let name = Self.months[month - 1]
    // A window ends where the day after its last one begins.
    for day in day - 1...day {
      written.formUnion(["\(day) \(name) \(date.1)", "\(day) \(name.prefix(3))"])
    }
  }

  private static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
  ]

  private mutating func add(_ number: Double, key: String) {
    if let whole = Int(exactly: number) { written.insert(whole.grouped) }
    if key.hasSuffix("_ms") {
      written.insert(number.duration)
    } else if key.hasSuffix("seconds") {
      written.formUnion([(number * 1000).duration, "\((number / 3600).fixed(1)) h"])
    } else if key == "objective" {
      written.insert(Ratio.objective(number))
    } else {
      written.formUnion([number.fixed(1), number.fixed(2), Ratio.percentage(number)])
    }
  }

  private func time(_ value: Any?) -> Double? {
    guard let text = value as? String else { return nil }
    let seconds = try? Date(String(text.prefix(19)) + "Z", strategy: .iso8601)
    let fraction = Double("0" + text.dropFirst(19).dropLast()) ?? 0
    return seconds.map { $0.timeIntervalSince1970 + fraction }
  }
}

extension ReportNumbers {
  /// The numbers of a text that neither the JSON nor a scale explains.
  func unexplained(in text: String, besides ours: [String] = [], scales: [String] = []) throws
    -> [String]
  {
    var rest = text
    // The longest first: a name may be a part of another.
    for known in (names.filter { $0.contains(where: \.isNumber) } + ours)
      .sorted(by: { ($1.count, $1) < ($0.count, $0) })
    {
      rest = rest.replacing(known, with: "·")
    }
    let known = written.union(try scales.flatMap(Self.numbers))
    return try Self.numbers(in: rest).filter { !known.contains($0) }
  }

  private static func numbers(in text: String) throws -> [String] {
    let whole = #"\d{1,3}(?:,\d{3})+|\d+"#
    let month = (months + months.map { String($0.prefix(3)) }).joined(separator: "|")
    let day = #"\d{1,2} (?:\#(month))\b(?: \d{4}\b(?!-))?"#
    let pattern = [
      #"\d{4}-\d\d-\d\d(?:T[\d:.]+Z)?"#, day, "(?:\(whole))/(?:\(whole))",
      #"(?:\#(whole)) h \d\d min"#,
      #"\d+ min \d\d s"#, #"[+-]?(?:\#(whole))(?:\.\d+)?(?: (?:%|(?:ms|s|h|points)\b))?"#,
    ].joined(separator: "|")
    return text.matches(of: try Regex(pattern)).map { String(text[$0.range]) }
  }
}

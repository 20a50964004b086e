import AttemptLog
import CommandLineOptions
import Reliability
import Report

/// What a figure of the report must not be, as given with `--fail-on`: `success_rate<0.99`.
struct Gate: Equatable {
  /// As it was given.
  let text: String
  let name: String
  let comparison: Comparison
  let limit: Double

  /// The longer ones first: `<` begins `<=`.
  enum Comparison: String, CaseIterable {
    case atMost = "<="
    case atLeast = ">="
    case less = "<"
    case more = ">"

    func holds(_ value: Double, _ limit: Double) -> Bool {
      switch self {
      case .atMost: value <= limit
      case .atLeast: value >= limit
      case .less: value < limit
      case .more: value > limit
      }
    }
  }

  private static let option = "--fail-on"

  init(_ text: String) throws(UsageError) {
    self.text = text
    guard let sign = text.firstIndex(where: { $0 == "<" || $0 == ">" }),
      let comparison = Comparison.allCases.first(where: { text[sign...].hasPrefix($0.rawValue) }),
      let limit = Self.number(text[sign...].dropFirst(comparison.rawValue.count))
    else {
      throw .invalidValue(
        Self.option, text, expected: "a figure, <, <=, > or >=, and a number: success_rate<0.99")
    }
    self.comparison = comparison
    self.limit = limit
    name = Self.trimmed(text[..<sign])
    guard Report.figureNames.contains(name) else {
      throw .unusableValue(Self.option, cause: Self.unknown(name))
    }
    // 99 for 99 % would always fail, or never.
    guard !Self.isFraction(name) || (0...1).contains(limit) else {
      throw .invalidValue(Self.option, text, expected: "a ratio against a number from 0 to 1")
    }
  }

  /// Whether the report passes; what is to be said of that goes to standard error.
  func isPassed(by report: Report) -> Bool {
    switch verdict(on: report) {
    case .passed: return true
    case .undecided(let message):
      Output.diagnose(message)
      return true
    case .failed(let message):
      Output.diagnose(message)
      return false
    }
  }

  enum Verdict: Equatable {
    case passed
    case failed(String)
    case undecided(String)
  }

  /// Judges the number that the JSON has, however little it is made of; one that the JSON has not
  /// (null) cannot be wrong.
  func verdict(on report: Report) -> Verdict {
    guard let figure = report.figure(named: name), let value = figure.value else {
      return .undecided("--fail-on \"\(text)\" passes: there is no \(name) in this window")
    }
    guard comparison.holds(value, limit) else { return .passed }
    var bytes: [UInt8] = []
    bytes.appendJSONNumber(value)
    let counts = figure.ratio.map { " (\($0.hits)/\($0.of))" } ?? ""
    return .failed(
      "--fail-on \"\(text)\" fails: \(name) is \(String(decoding: bytes, as: UTF8.self))\(counts)")
  }

  private static func trimmed(_ text: Substring) -> String {
    let isInside: (Character) -> Bool = { $0 != " " }
    guard let first = text.firstIndex(where: isInside), let last = text.lastIndex(where: isInside)
    else { return "" }
    return String(text[first...last])
  }

  /// A decimal number; `Double` also reads `nan`, `inf` and hexadecimal.
  private static func number(_ text: Substring) -> Double? {
    let text = trimmed(text)
    let isDecimal = text.utf8.allSatisfy { byte in
      byte == UInt8(ascii: ".") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
    return isDecimal ? Double(text).flatMap { $0.isFinite ? $0 : nil } : nil
  }

  /// A ratio, its value or an end of its interval.
  private static func isFraction(_ name: String) -> Bool {
    RatioName.allCases.contains { ratio in
      ["", ".value", ".low", ".high"].contains { ratio.rawValue + $0 == name }
    }
  }

  private static func unknown(_ name: String) -> String {
    if let nearest = Spelling.nearest(to: name, in: Report.figureNames) {
      return "unknown figure \"\(name)\"; did you mean \"\(nearest)\"?"
    }
    let known = (RatioName.allCases.map(\.rawValue) + ["slo.consumed"]).joined(separator: ", ")
    return "unknown figure \"\(name)\"; those of the JSON are \(known), …"
  }
}

import CommandLineOptions
import Report

/// For people or for machines.
enum ReportFormat: String, CaseIterable {
  case text, markdown, html, json

  /// How the names of its files end.
  var ending: String {
    switch self {
    case .text: ".txt"
    case .markdown: ".md"
    case .html: ".html"
    case .json: ".json"
    }
  }
}

/// Where a report goes, and as what.
struct ReportPlace: Equatable {
  let format: ReportFormat
  /// Nil is standard output.
  let path: String?

  /// The places given with `--output`, else standard output in the format given with `--format`.
  static func all(of arguments: Arguments) throws(UsageError) -> [ReportPlace] {
    let format = try arguments.reportFormat()
    let given = arguments.all("--output")
    if given.isEmpty { return [ReportPlace(format: format ?? .text, path: nil)] }
    var places: [ReportPlace] = []
    for path in given {
      guard path != "-" else {
        places.append(ReportPlace(format: format ?? .text, path: nil))
        continue
      }
      guard let ending = ReportFormat.allCases.first(where: { path.hasSuffix($0.ending) }) else {
        let endings = ReportFormat.allCases.map(\.ending).joined(separator: ", ")
        throw .invalidValue(
          "--output", path, expected: "a file that ends in \(endings), or -")
      }
      places.append(ReportPlace(format: ending, path: path))
    }
    if let twice = given.indices.first(where: { given[..<$0].contains(given[$0]) }) {
      throw .repeatedValue("--output", given[twice])
    }
    // The format of standard output, where nothing goes to.
    if let format, !places.contains(where: { $0.format == format }) {
      throw .conflict("--format \(format.rawValue)", "--output \(given[0])")
    }
    return places
  }
}

extension Arguments {
  fileprivate func reportFormat() throws(UsageError) -> ReportFormat? {
    guard let name = value("--format") else { return nil }
    guard let format = ReportFormat(rawValue: name) else {
      let names = ReportFormat.allCases.map(\.rawValue)
      throw .invalidValue("--format", name, expected: "one of \(names.joined(separator: ", "))")
    }
    return format
  }
}

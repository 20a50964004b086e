/// A place in a query that reads series.
struct PromQLSelector: Equatable {
  var metric: String
  /// As they are written, such as `job=~"$job"`.
  var matchers: [String] = []
  /// What stands in the brackets behind it, such as `5m`.
  var range: String?
  /// The function that it is an argument of.
  var function: String?
}

/// Finds the selectors of a query; whether the query is valid, promtool says.
struct PromQLScanner {
  private let bytes: [UInt8]
  /// The next byte to read; 0...bytes.count.
  private var next = 0
  /// For each open parenthesis the function before it; empty without one.
  private var open: [String] = []
  private var selectors: [PromQLSelector] = []

  private static let groupings: Set = [
    "by", "without", "on", "ignoring", "group_left", "group_right",
  ]
  private static let words: Set = [
    "and", "or", "unless", "bool", "offset", "inf", "nan", "sum", "min", "max", "avg", "count",
    "group", "topk", "bottomk", "quantile", "count_values", "stddev", "stdvar",
  ]

  private struct Unclosed: Error {}

  /// Nil if a parenthesis, a bracket or a string is not closed.
  static func selectors(of query: String) -> [PromQLSelector]? {
    var scanner = PromQLScanner(bytes: Array(query.utf8))
    do {
      try scanner.scan()
      return scanner.selectors
    } catch {
      return nil
    }
  }

  private init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  private mutating func scan() throws(Unclosed) {
    while let byte = peek() {
      switch byte {
      case _ where Self.beginsWord(byte): try scanWord()
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "$"):
        next += 1
        _ = word()
      case UInt8(ascii: "\""): _ = try quoted()
      case UInt8(ascii: "["): _ = try through(UInt8(ascii: "]"))
      case UInt8(ascii: "{"): try scanSelector("")
      case UInt8(ascii: "("):
        open.append("")
        next += 1
      case UInt8(ascii: ")"):
        guard open.popLast() != nil else { throw Unclosed() }
        next += 1
      default: next += 1
      }
    }
    guard open.isEmpty else { throw Unclosed() }
  }

  private mutating func scanWord() throws(Unclosed) {
    let name = word()
    if Self.groupings.contains(name) {
      // The labels between these parentheses are no metrics.
      if peek() == UInt8(ascii: "(") { _ = try through(UInt8(ascii: ")")) }
    } else if Self.words.contains(name.lowercased()) {
      return
    } else if peek() == UInt8(ascii: "(") {
      open.append(name)
      next += 1
    } else {
      try scanSelector(name)
    }
  }

  private mutating func scanSelector(_ metric: String) throws(Unclosed) {
    var selector = PromQLSelector(
      metric: metric, function: open.last.flatMap { $0.isEmpty ? nil : $0 })
    if peek() == UInt8(ascii: "{") {
      next += 1
      while peek() != UInt8(ascii: "}") {
        guard peek() != nil else { throw Unclosed() }
        if peek() == UInt8(ascii: ",") {
          next += 1
          continue
        }
        let begin = next
        while let byte = peek(), byte != UInt8(ascii: "\""), byte != UInt8(ascii: "}") { next += 1 }
        _ = try quoted()
        let written = String(decoding: bytes[begin..<next], as: UTF8.self)
        selector.matchers.append(written.replacing(" ", with: ""))
      }
      next += 1
    }
    if peek() == UInt8(ascii: "[") {
      selector.range = String(try through(UInt8(ascii: "]")).dropFirst().dropLast())
    }
    selectors.append(selector)
  }

  /// The next byte that is not white space.
  private mutating func peek() -> UInt8? {
    while next < bytes.count, bytes[next] == UInt8(ascii: " ") || bytes[next] == 10 { next += 1 }
    return next < bytes.count ? bytes[next] : nil
  }

  private static func beginsWord(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "_") || byte == UInt8(ascii: ":")
      || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }

  private mutating func word() -> String {
    let rest = bytes[next...].prefix {
      Self.beginsWord($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
    }
    next = rest.endIndex
    return String(decoding: rest, as: UTF8.self)
  }

  private mutating func through(_ end: UInt8) throws(Unclosed) -> String {
    guard let last = bytes[next...].firstIndex(of: end) else { throw Unclosed() }
    defer { next = last + 1 }
    return String(decoding: bytes[next...last], as: UTF8.self)
  }

  /// Stands at the first quote.
  private mutating func quoted() throws(Unclosed) -> String {
    let begin = next
    next += 1
    while next < bytes.count, bytes[next] != UInt8(ascii: "\"") {
      next += bytes[next] == UInt8(ascii: "\\") ? 2 : 1
    }
    guard next < bytes.count else { throw Unclosed() }
    next += 1
    return String(decoding: bytes[begin..<next], as: UTF8.self)
  }
}

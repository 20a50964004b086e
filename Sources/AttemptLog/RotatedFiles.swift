/// The files that a rotation by others, such as logrotate, left beside a single file, from the oldest
/// to the newest: `app.jsonl.2.gz`, `app.jsonl.1`, or `app.jsonl-20261127`, `app.jsonl-20261128`; and
/// those that our own rotation left beside `attempts.jsonl`.
struct RotatedFiles {
  private let files: [(file: LogFile, name: Suffix)]

  /// What stands behind the name of the log.
  private enum Suffix: Hashable {
    /// `.1` is the newest.
    case number(Int)
    case date(String)
    /// Of a segment of a directory: `000001` is the oldest.
    case segment(Int)

    init?(_ text: Substring) {
      let digits = text.dropFirst()
      if text.hasPrefix("."), digits.utf8.allSatisfy(\.isDigit), let number = Int(digits) {
        self = .number(number)
      } else if text.hasPrefix("-"), let first = digits.utf8.first, first.isDigit,
        digits.utf8.allSatisfy({ $0.isDigit || $0 == UInt8(ascii: "-") })
      {
        self = .date(String(digits))
      } else {
        return nil
      }
    }

    func isOlder(than other: Suffix) -> Bool {
      switch (self, other) {
      case (.number(let own), .number(let other)): own > other
      case (.date(let own), .date(let other)): own < other
      case (.segment(let own), .segment(let other)): own < other
      case (.date, .number), (.segment, .number), (.segment, .date): true
      case (.number, .date), (.number, .segment), (.date, .segment): false
      }
    }

    /// Named by the same rule, so that the order of the two means something.
    func isComparable(with other: Suffix) -> Bool {
      switch (self, other) {
      case (.number, .number), (.date, .date), (.segment, .segment): true
      default: false
      }
    }
  }

  /// - Parameter path: of a single file.
  init(of path: String) throws(LogReadError) {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    let parent = LogPlace.parent(of: path)
    var found: [Suffix: String] = [:]
    for candidate in try LogLocation.settledNames(in: parent) {
      let isCompressed = candidate.hasSuffix(LogLocation.compressedSuffix)
      guard let place = Self.place(of: candidate, isCompressed: isCompressed, beside: name) else {
        continue
      }
      // One that is there both plain and compressed is read once, the plain one.
      if found[place] == nil || !isCompressed { found[place] = candidate }
    }
    files = found.sorted { $0.key.isOlder(than: $1.key) }.map { place, name in
      (LogFile(path: LogPlace.join(parent, name), isComplete: true), place)
    }
  }

  private static func place(
    of candidate: String, isCompressed: Bool, beside name: String
  ) -> Suffix? {
    if name == LogLocation.activeName, let number = LogLocation.segmentNumber(candidate) {
      return .segment(number)
    }
    guard candidate.hasPrefix(name) else { return nil }
    let suffix = candidate.dropFirst(name.count)
    return Suffix(
      isCompressed ? suffix.dropLast(LogLocation.compressedSuffix.count) : suffix)
  }

  /// The oldest file that is newer than another; nil if that is the newest.
  ///
  /// - Parameters:
  ///   - identity: of the other. If that was deleted, those that were written later are newer.
  ///   - isOther: whether a file is the other.
  func successor(of identity: FileIdentity, where isOther: (LogFile) -> Bool) -> LogFile? {
    // From the newest on: an old file is seldom asked for.
    guard let other = files.lastIndex(where: { isOther($0.file) }) else {
      return files.first {
        FileIdentity(path: $0.file.path).map { $0.modified > identity.modified } ?? false
      }?.file
    }
    return files[(other + 1)...].first { $0.name.isComparable(with: files[other].name) }?.file
  }
}

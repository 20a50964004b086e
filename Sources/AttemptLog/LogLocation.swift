import Glibc

/// A file of the log.
public struct LogFile: Hashable, Sendable {
  public var path: String
  /// The number of a rotated segment; nil for the active file, or one given by name.
  public var number: Int?
  /// A rotated segment: what follows its last newline is a line.
  public var isComplete: Bool

  public init(path: String, number: Int? = nil, isComplete: Bool = false) {
    self.path = path
    self.number = number
    self.isComplete = isComplete
  }
}

/// Where a log is: a file, or a directory with an active file and rotated segments.
public struct LogLocation: Hashable, Sendable {
  public static let activeName = "attempts.jsonl"
  /// Standard input.
  public static let standardInput = "-"

  public let path: String
  /// A directory of segments, not a single file.
  public let isDirectory: Bool

  /// Fails if there is nothing at the path.
  public init(path: String) throws(LogReadError) {
    self.path = path
    if path == Self.standardInput {
      isDirectory = false
      return
    }
    var status = stat()
    guard unsafe stat(path, &status) == 0 else {
      throw .system(path: path, call: "stat", errno: errno)
    }
    isDirectory = status.st_mode & S_IFMT == S_IFDIR
  }

  /// Where a log is or will be.
  ///
  /// A name that ends with `.jsonl`, in a directory that is there, becomes a file. Fails if there is
  /// nothing at another path.
  init(awaitedAt path: String) throws(LogReadError) {
    do throws(LogReadError) {
      try self.init(path: path)
    } catch {
      guard case .system(_, _, errno: ENOENT) = error, path.hasSuffix(Self.fileSuffix),
        FileIdentity(path: LogPlace.parent(of: path)) != nil
      else { throw error }
      self.init(path: path, isDirectory: false)
    }
  }

  private init(path: String, isDirectory: Bool) {
    self.path = path
    self.isDirectory = isDirectory
  }

  private static let fileSuffix = ".jsonl"

  /// The one absolute path without links of what is at a path; the path itself if nothing is.
  public static func resolved(_ path: String) -> String { realPath(path) ?? path }

  /// The absolute path of a name.
  ///
  /// Links on the way to it are resolved, and it is not: what it leads to may become another, or come
  /// later.
  public static func named(_ path: String) -> String {
    guard let name = path.split(separator: "/").last, name != ".", name != ".." else {
      return resolved(path)
    }
    // Without slashes behind the name.
    let parent = LogPlace.parent(of: String(path[..<name.endIndex]))
    return realPath(parent).map { LogPlace.join($0, String(name)) } ?? path
  }

  private static func realPath(_ path: String) -> String? {
    guard let resolved = unsafe realpath(path, nil) else { return nil }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }

  /// The file that is being appended to.
  public var activePath: String {
    isDirectory ? path + "/" + Self.activeName : path
  }

  /// The files in the order in which they are read: segments by number, then the active file.
  public func files() throws(LogReadError) -> [LogFile] {
    guard isDirectory else { return [LogFile(named: path)] }
    return files(named: try Self.settledNames(in: path))
  }

  private func files(named names: [String]) -> [LogFile] {
    var segments: [Int: String] = [:]
    for name in names {
      guard let number = Self.segmentNumber(name) else { continue }
      // A segment that is there both plain and compressed is read once, the plain one.
      if segments[number] == nil || !name.hasSuffix(Self.compressedSuffix) {
        segments[number] = name
      }
    }
    var files = segments.sorted { $0.key < $1.key }.map { number, name in
      LogFile(path: path + "/" + name, number: number, isComplete: true)
    }
    if names.contains(Self.activeName) { files.append(LogFile(path: activePath)) }
    return files
  }

  static let compressedSuffix = ".gz"

  /// The number of `attempts.000001.jsonl` or `attempts.000001.jsonl.gz`.
  static func segmentNumber(_ name: String) -> Int? {
    let prefix = "attempts."
    let suffixes = [".jsonl", ".jsonl" + compressedSuffix]
    guard name.hasPrefix(prefix), let suffix = suffixes.first(where: name.hasSuffix) else {
      return nil
    }
    let digits = name.utf8.dropFirst(prefix.utf8.count).dropLast(suffix.utf8.count)
    guard digits.count >= 6, digits.allSatisfy(\.isDigit) else { return nil }
    return Int(String(digits) ?? "")
  }

  /// A file that is renamed while its directory is read may be seen under neither name: it is read
  /// until two lists are the same.
  static func settledNames(in directory: String) throws(LogReadError) -> [String] {
    var names = try self.names(in: directory).sorted()
    for _ in 0..<settlingTriesMax {
      let again = try self.names(in: directory).sorted()
      if again == names { break }
      names = again
    }
    return names
  }

  /// Only what is renamed all the time needs so many.
  private static let settlingTriesMax = 100

  static func names(in directory: String) throws(LogReadError) -> [String] {
    guard let stream = unsafe opendir(directory) else {
      throw .system(path: directory, call: "opendir", errno: errno)
    }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      names.append(
        unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
          unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) {
            unsafe String(cString: $0)
          }
        })
    }
    return names
  }
}

extension LogFile {
  /// A file given by name is complete only if its name says so.
  init(named path: String) {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    let isCompressed = name.hasSuffix(LogLocation.compressedSuffix)
    self.init(path: path, isComplete: isCompressed || LogLocation.segmentNumber(name) != nil)
  }
}

/// Why a log cannot be read.
public enum LogReadError: Error, Equatable, CustomStringConvertible {
  case system(path: String, call: String, errno: Int32)
  /// A directory without an active file or a segment.
  case noLog(directory: String)
  case notRegular(path: String)
  /// The rest of a compressed file cannot be inflated.
  case compressed(path: String, GzipError)
  /// The file became shorter than what was read of it; reading goes on at its new end.
  case truncated(path: String, from: Int64, to: Int64)
  /// The file was cut, and has grown beyond what was read of it before that was noticed.
  case rewritten(path: String, readTo: Int64, goesOnAt: Int64)

  /// Reading goes on behind what cannot be read.
  public var costsOnlyRest: Bool {
    if case .compressed(_, .truncated) = self { return true }
    if case .compressed(_, .damaged) = self { return true }
    return false
  }

  /// Somebody cut the file.
  public var isTruncation: Bool {
    switch self {
    case .truncated, .rewritten: true
    case .system, .noLog, .notRegular, .compressed: false
    }
  }

  public var description: String {
    switch self {
    case .system(let path, let call, let errno):
      "cannot read \"\(path)\": \(SystemError.text(errno)) (\(call), errno \(errno))"
    case .noLog(let directory):
      "no log in \"\(directory)\": expected \(LogLocation.activeName) or attempts.000001.jsonl, …"
    case .notRegular(let path):
      "cannot read \"\(path)\": not a regular file or a directory"
    case .compressed(let path, let error):
      "cannot read the rest of \"\(path)\": \(error); what was inflated before counts"
    case .truncated(let path, let from, 0):
      "\"\(path)\" was truncated from \(from) bytes; reading goes on at its start"
    case .truncated(let path, let from, let to):
      "\"\(path)\" was truncated from \(from) to \(to) bytes; reading goes on at its new end"
    case .rewritten(let path, let readTo, let goesOnAt):
      "\"\(path)\" was cut and written anew: other bytes are before byte \(readTo), up to which it was "
        + "read; how much was lost is not known; reading goes on at byte \(goesOnAt)"
    }
  }
}

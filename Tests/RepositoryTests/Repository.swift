import Foundation

/// The files of this repository.
enum Repository {
  static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

  /// Tracked files, or those of a plain copy, that are text.
  static func sources(
    where isWanted: (String) -> Bool = { _ in true }
  ) throws -> [SourceText] {
    let paths = try trackedPaths() ?? walkedPaths()
    return paths.filter(isWanted).compactMap { path in
      guard let bytes = FileManager.default.contents(atPath: root + "/" + path),
        !bytes.contains(0), let text = String(data: bytes, encoding: .utf8)
      else { return nil }
      return SourceText(path: path, text: text)
    }
  }

  /// Nil if this is no clone or git cannot read it.
  static func trackedPaths() throws -> [String]? {
    guard FileManager.default.fileExists(atPath: root + "/.git") else { return nil }
    let git = Process()
    git.executableURL = URL(filePath: "/usr/bin/env")
    git.arguments = ["git", "-C", root, "ls-files", "-z"]
    let output = Pipe()
    git.standardOutput = output
    try git.run()
    let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
    git.waitUntilExit()
    guard git.terminationStatus == 0 else { return nil }
    return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }.sorted()
  }

  /// All files but those of builds and tools.
  static func walkedPaths() -> [String] {
    let skipped: Set = [".build", ".git", ".swiftpm", "__pycache__", ".pytest_cache", ".venv"]
    var paths: [String] = []
    let walk = FileManager.default.enumerator(atPath: root)
    while let path = walk?.nextObject() as? String {
      let name = path.split(separator: "/").last.map(String.init) ?? path
      if skipped.contains(name) {
        walk?.skipDescendants()
      } else if walk?.fileAttributes?[.type] as? FileAttributeType == .typeRegular {
        paths.append(path)
      }
    }
    return paths.sorted()
  }
}

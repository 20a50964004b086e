import Foundation

/// Expected texts in files beside the tests, in `Golden/`.
///
/// `UPDATE_GOLDEN=1 swift test` rewrites them; what changed is read in the diff.
public enum Golden: Sendable {
  /// What the file holds, after it was rewritten if that is asked for.
  public static func expected(
    _ name: String, for actual: [UInt8], besides testFile: String = #filePath
  ) throws -> String {
    let file = URL(filePath: testFile).deletingLastPathComponent()
      .appending(components: "Golden", name)
    if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(actual).write(to: file)
    }
    return String(decoding: try Data(contentsOf: file), as: UTF8.self)
  }
}

import Foundation

/// The public test data, which stays outside the repository.
///
/// It is looked for where `RELMON_CORPORA` says, else at `../shared/corpora` beside the checkout.
public enum Corpora: Sendable {
  /// The path of a file or folder of the corpora; nil if it is not there.
  public static func path(_ name: String) -> String? {
    let root =
      ProcessInfo.processInfo.environment["RELMON_CORPORA"]
      ?? Repository.root + "/../shared/corpora"
    let path = root + "/" + name
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }
}

/// Where the checkout is.
public enum Repository: Sendable {
  public static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
}

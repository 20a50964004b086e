import AttemptLog

/// What was built, how and by what.
enum Build: Sendable {
  /// `relmon 0.1.0 (release build, Swift 6.3, Linux on x86_64)`.
  static var text: String {
    "relmon \(relmonVersion) (\(configuration) build, \(compiler), Linux on \(architecture))"
  }

  private static var configuration: String {
    #if DEBUG
      "debug"
    #else
      "release"
    #endif
  }

  /// A program can ask for versions of the compiler, not which one it is.
  private static var compiler: String {
    #if compiler(>=6.5)
      "Swift 6.5 or later"
    #elseif compiler(>=6.4)
      "Swift 6.4"
    #else
      "Swift 6.3"
    #endif
  }

  private static var architecture: String {
    #if arch(x86_64)
      "x86_64"
    #elseif arch(arm64)
      "arm64"
    #else
      "another processor"
    #endif
  }
}

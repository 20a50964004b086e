import Foundation

/// Which shared libraries a built program links, as the loader resolves them.
enum Linkage {
  /// Where SwiftPM puts what it builds: this test bundle lies there too.
  static var products: URL {
    URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
  }

  /// The names of the libraries (`libm.so.6`), by ldd(1).
  static func libraries(of binary: URL) throws -> [String] {
    let ldd = Process()
    ldd.executableURL = URL(filePath: "/usr/bin/env")
    ldd.arguments = ["ldd", binary.path]
    let output = Pipe()
    ldd.standardOutput = output
    try ldd.run()
    let text = String(
      decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    ldd.waitUntilExit()
    guard ldd.terminationStatus == 0 else {
      throw LinkageError.notAProgram(path: binary.path, status: ldd.terminationStatus)
    }
    return names(in: text)
  }

  /// `libm.so.6 => /lib/libm.so.6 (0x…)`, or `/lib64/ld-linux.so.2 (0x…)`, a line.
  static func names(in text: String) -> [String] {
    text.split(separator: "\n").compactMap { line in
      line.split(whereSeparator: \.isWhitespace).first?.split(separator: "/").last.map(String.init)
    }
  }

  /// Those of Foundation: `libFoundation.so`, `libFoundationEssentials.so`, `lib_FoundationICU.so`.
  static func foundation(in libraries: [String]) -> [String] {
    libraries.filter { $0.hasPrefix("libFoundation") || $0.hasPrefix("lib_Foundation") }
  }
}

enum LinkageError: Error, Equatable {
  /// ldd could not read the file, or there is none.
  case notAProgram(path: String, status: Int32)
}

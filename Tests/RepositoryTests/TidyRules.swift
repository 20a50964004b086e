/// What style.md bans; a word of the tables below that would match itself is put together.
extension TidyRule {
  static let all: [TidyRule] = unsafety + timeAndConcurrency + names + sizes + texts

  private static let isShipped: @Sendable (SourceText) -> Bool = {
    $0.isUnder("Sources", "samples")
  }
  private static let isOurs: @Sendable (SourceText) -> Bool = {
    $0.isUnder("Sources") && !$0.isUnder("Sources/TranscriptionClients")
  }

  private static let unsafety: [TidyRule] = [
    .code(
      "force unwrap", #"(?<!\btry)(?<=[\w)\]}>"`])!(?!=)"#,
      instead: "guard let, ?? or a typed error", where: isShipped,
      planted: ("Sources/A/A.swift", "let c = \"a!\"\nlet a = b[0]!.c"),
      innocent: [
        ("Sources/A/A.swift", "if !a, b != c { print(\"no!\") } // stop!"),
        ("Tests/ATests/A.swift", "let a = b!"),
      ]),
    .code(
      "try!", #"\btry!"#, instead: "do and catch, or throws", where: isShipped,
      planted: ("Sources/A/A.swift", "let a = try! b()"),
      innocent: [
        ("Sources/A/A.swift", "let a = try? b()"), ("Tests/ATests/A.swift", "try! b()"),
      ]),
    TidyRule(
      name: "@unchecked Sendable or nonisolated(unsafe) without its reason",
      instead: "a comment line directly above that names the lock or the owner",
      applies: { $0.path.hasSuffix(".swift") },
      find: { source in
        let lines = source.text.split(separator: "\n", omittingEmptySubsequences: false)
        return source.code.lines(
          matching: #"@unchecked\s+Sendable|nonisolated\(unsafe\)"#
        ).filter { line in
          guard line >= 2 else { return true }
          let above = String(lines[line - 2])
          return above.lines(matching: #"^\s*//.*(?i:lock|mutex|owner|once|atomic|thread)"#).isEmpty
        }
      },
      planted: SourceText(
        path: "Sources/A/A.swift",
        text: "// Guarded by `lock`.\n\nfinal class A: @unchecked Sendable {}"),
      innocent: [
        SourceText(
          path: "Sources/A/A.swift",
          text: "// Only touched while `lock` is held.\nnonisolated(unsafe) var a = 1"),
        SourceText(path: "Sources/A/A.swift", text: "/// Not @unchecked Sendable."),
      ]),
    .text(
      "-O" + "unchecked", "-O" + "unchecked", instead: "-O, and give the optimiser its proof",
      planted: ("Package.swift", ".unsafeFlags([\"-O" + "unchecked\"])"),
      innocent: [("Package.swift", ".unsafeFlags([\"-O\"])")]),
  ]

  private static let timeAndConcurrency: [TidyRule] = [
    .code(
      "import Foundation", ImportLine.pattern(#"Foundation\w*"#),
      instead: "Glibc and the standard library; only TranscriptionClients has Foundation",
      where: isOurs,
      planted: ("Sources/A/A.swift", "import Glibc\n  public import FoundationEssentials"),
      innocent: [
        ("Sources/TranscriptionClients/A.swift", "import Foundation"),
        ("samples/demo/A.swift", "import Foundation"),
        ("Sources/A/A.swift", "// import Foundation\nimport Glibc"),
      ]),
    .code(
      "Dispatch",
      ImportLine.pattern("Dispatch")
        + #"|\bDispatch(?:Queue|Semaphore|Group|Source\w*|WorkItem)\b"#,
      instead: "a task, or a thread of its own for a call that blocks",
      planted: ("Tests/ATests/A.swift", "@preconcurrency import Dispatch"),
      innocent: [("Sources/A/A.swift", "let dispatch = Dispatcher()")]),
    .code(
      "sleep in a test",
      #"(?<![\w.])(?<!func )(?<!await )(?:u|nano)?sleep\s*\(|\b(?:Task|Thread|Glibc)\.u?sleep\b"#,
      instead: "ManualClock, or wake and wait for idle", where: { $0.isUnder("Tests") },
      planted: ("Tests/ATests/A.swift", "try await Task.sleep(for: .seconds(1))"),
      innocent: [
        ("Tests/TestSupport/ManualClock.swift", "func sleep(until deadline: Instant) {}"),
        ("Tests/ATests/A.swift", "try await clock.sleep(for: .seconds(1)) // not sleep(1)"),
        ("Sources/A/A.swift", "sleep(1)"),
      ]),
    .code(
      "Date()", #"\bDate\(\)|\bDate\.now\b"#,
      instead: "a clock that is passed in, such as () -> Timestamp", where: isOurs,
      planted: ("Sources/A/A.swift", "let now = Date()"),
      innocent: [
        ("Sources/TranscriptionClients/A.swift", "let now = Date()"),
        ("Sources/A/A.swift", "let day = CivilDate(daysSince1970: 1)"),
      ]),
  ]

  private static let words =
    "(?:Manager|Helpers?|Util(?:s|ities|ity)?|Service|Impl|Base|Common|Data|Info)"

  private static let names: [TidyRule] = [
    .code(
      "type name without a job",
      #"\b(?:struct|class|enum|actor|protocol|typealias|associatedtype)\s+\w*"# + words + #"\b"#,
      instead: "the domain's noun for what it does",
      planted: ("Sources/A/A.swift", "public final class LogManager {}"),
      innocent: [
        ("Sources/A/A.swift", "struct Database {}\nstruct Metadata {}\nstruct InfoLine {}"),
        ("Sources/A/A.swift", "let data = Data()"),
      ]),
    TidyRule(
      name: "file name without a job", instead: "the name of its main type",
      applies: { $0.path.hasSuffix(".swift") },
      find: { source in
        // Of an extension's file the part that says what it adds: `Data+Hex.swift` is fine.
        let stem = source.name.dropLast(".swift".count).split(separator: "+").last.map(String.init)
        return stem?.lines(matching: words + "$") ?? []
      },
      planted: SourceText(path: "Sources/A/Attempt+Utils.swift", text: "\n"),
      innocent: [
        SourceText(path: "Sources/A/Data+Hex.swift", text: "\n"),
        SourceText(path: "Sources/A/Metadata.swift", text: "\n"),
      ]),
  ]

  static let fileLinesMax = 500
  static let functionLinesMax = 70

  private static let sizes: [TidyRule] = [
    TidyRule(
      name: "more than \(fileLinesMax) lines", instead: "two files, each with its type",
      applies: { $0.path.hasSuffix(".swift") },
      find: { source in
        let count = source.text.utf8.count { $0 == 10 }
        return count > fileLinesMax ? [count] : []
      },
      planted: SourceText(
        path: "Sources/A/A.swift", text: String(repeating: "\n", count: fileLinesMax) + "a\n"),
      innocent: [
        SourceText(path: "Sources/A/A.swift", text: String(repeating: "a\n", count: fileLinesMax))
      ]),
    TidyRule(
      name: "function of more than \(functionLinesMax) lines",
      instead: "functions with a name: the branches in the caller, the work in the callees",
      applies: { $0.path.hasSuffix(".swift") },
      find: { source in
        FunctionLengths(code: source.code).functions()
          .filter { $0.lineCount > functionLinesMax }.map(\.line)
      },
      planted: SourceText(path: "Sources/A/A.swift", text: function(lines: functionLinesMax + 1)),
      innocent: [
        SourceText(path: "Sources/A/A.swift", text: function(lines: functionLinesMax)),
        SourceText(
          path: "Sources/A/A.swift",
          text: "protocol P {\n  func a()\n  init()\n" + String(repeating: "\n", count: 80) + "}"),
      ]),
  ]

  private static func function(lines: Int) -> String {
    let body = String(repeating: "  // }\n", count: lines - 2)
    return "func a(b: () -> Void = {}) {\n" + body + "}\n"
  }
}

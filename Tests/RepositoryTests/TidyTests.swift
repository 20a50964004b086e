import Testing

struct TidyTests {
  @Test func `the repository is tidy`() throws {
    let sources = try Repository.sources()
    #expect(sources.contains { $0.path == "Sources/AttemptLog/Record.swift" })
    for violation in sources.flatMap({ violations(in: $0) }) {
      Issue.record("\(violation)")
    }
  }

  @Test func `modules import along the arrows of the architecture`() throws {
    for violation in try Repository.sources().flatMap(ModuleArrows.violations) {
      Issue.record("\(violation)")
    }
  }

  @Test(arguments: TidyRule.all)
  func `a planted violation is found`(rule: TidyRule) {
    let text = rule.planted.text
    let last = text.split(separator: "\n", omittingEmptySubsequences: false)
      .lastIndex { !$0.allSatisfy(\.isWhitespace) }
    let first = rule.violations(in: rule.planted)
    #expect(first.count == 1)
    // A function is reported where it begins.
    if !text.hasPrefix("func") { #expect(first.first?.line == (last ?? 0) + 1) }
  }

  @Test(arguments: TidyRule.all)
  func `what comes near but keeps the rule is left alone`(rule: TidyRule) {
    for source in rule.innocent {
      #expect(rule.violations(in: source) == [], "\(source.text)")
    }
  }

  @Test func `a violation names its place and the replacement`() {
    let source = SourceText(path: "Sources/A/A.swift", text: "let now =\n  Date()\n")
    #expect(
      violations(in: source).map(\.description) == [
        "Sources/A/A.swift:2: Date(); use a clock that is passed in, such as () -> Timestamp"
      ])
  }

  @Test(arguments: [
    ("Sources/Reliability/A.swift", "public import Retry", 1),
    ("Sources/HTTPServer/A.swift", "import struct AttemptLog.Record", 1),
    ("Sources/relmon/A.swift", "import provider_simulator", 1),
    ("Sources/Monitor/A.swift", "import Exposition\nimport Glibc\n// import Report", 0),
    ("Sources/Strange/A.swift", "", 1),
    ("Tests/ReliabilityTests/A.swift", "import Retry", 0),
    (
      "Package.swift",
      #".target(name: "Reliability", dependencies: ["AttemptLog", "Retry"]), .target(name: "Retry")"#,
      1
    ),
    ("Package.swift", #".testTarget(name: "Retry", dependencies: ["Monitor"])"#, 0),
  ])
  func `an arrow that is not drawn is found`(path: String, text: String, count: Int) {
    #expect(ModuleArrows.violations(in: SourceText(path: path, text: text)).count == count)
  }

  @Test func `a plain copy has the same files as a clone`() throws {
    guard let tracked = try Repository.trackedPaths() else { return }
    let walked = Set(Repository.walkedPaths())
    #expect(tracked.contains("Package.swift"))
    #expect(tracked.filter { !walked.contains($0) } == [])
  }

  @Test(arguments: [
    ("a // b! \nc", "a       \nc"),
    (#"a("b \(c["d!"]!) e!")!"#, #"a("      "  "      ")!"#),
    (##"#"a"! \"#.b!"##, ##"#"     "#.b!"##),
    ("\"\"\"\n a\"! \n\"\"\"!", "\"\"\"\n     \n\"\"\"!"),
    ("/* /* a! */ b! */c", "                 c"),
    ("func `a b!`()", "func `    `()"),
  ])
  func `comments and strings are not code`(text: String, code: String) {
    #expect(SourceText(path: "a.swift", text: text).code == code)
  }
}

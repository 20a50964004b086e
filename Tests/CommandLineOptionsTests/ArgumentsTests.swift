import CommandLineOptions
import Testing

struct ArgumentsTests {
  private static let options = [
    Option(name: "--week", value: "WEEK", help: "which week"),
    Option(name: "--strict", value: nil, help: "be strict"),
    Option(name: "--fault", value: "FAULT", help: "what goes wrong", isRepeatable: true),
  ]

  private func parse(_ words: String...) throws(UsageError) -> Arguments {
    try Arguments(parsing: words, by: Self.options, command: "tool run")
  }

  @Test func `options and operands may be mixed`() throws {
    let arguments = try parse("a", "--week", "last", "b", "--strict", "-", "c")
    #expect(arguments.operands == ["a", "b", "-", "c"])
    #expect(arguments.value("--week") == "last")
    #expect(arguments.isGiven("--strict"))
    #expect(!arguments.isGiven("--fault"))
  }

  @Test func `a value may be attached, and may be empty or have another equals sign`() throws {
    #expect(try parse("--week=last").value("--week") == "last")
    #expect(try parse("--week=").value("--week") == "")
    #expect(try parse("--fault=p=1", "--fault", "p=2").all("--fault") == ["p=1", "p=2"])
  }

  @Test func `two dashes end the options`() throws {
    let arguments = try parse("--strict", "--", "--week", "--")
    #expect(arguments.operands == ["--week", "--"])
    #expect(!arguments.isGiven("--week"))
  }

  @Test(arguments: [
    (["--strikt"], #"unknown option "--strikt"; did you mean "--strict"?"#),
    (["--verbose"], #"unknown option "--verbose"; try "tool run --help""#),
    (["--fault"], #"option "--fault" needs a value: FAULT"#),
    (["--strict=1"], #"option "--strict" takes no value"#),
    (["--week", "1", "--week", "2"], #"option "--week" may be given once only"#),
    (["--strict", "--strict"], #"option "--strict" may be given once only"#),
  ])
  func `a wrong option is told`(words: [String], message: String) {
    #expect(throws: UsageError.self) {
      try Arguments(parsing: words, by: Self.options, command: "tool run")
    }
    do {
      _ = try Arguments(parsing: words, by: Self.options, command: "tool run")
    } catch {
      #expect(error.description == message)
    }
  }

  @Test func `numbers are plain decimal digits within their type`() throws {
    #expect(try parse("--week=65535").number("--week", as: UInt16.self) == 65535)
    #expect(try parse().number("--week", as: UInt16.self) == nil)
    for text in ["65536", "-1", "+1", "1.0", "", "0x10", "１"] {
      let arguments = try parse("--week=\(text)")
      #expect(throws: UsageError.self) { try arguments.number("--week", as: UInt16.self) }
    }
  }

  @Test func `help lines up what the options say`() {
    #expect(
      Option.table(Self.options) == """
          --week WEEK    which week
          --strict       be strict
          --fault FAULT  what goes wrong

        """)
  }

  @Test(arguments: [
    ("reprot", "report"), ("metric", "metrics"), ("serv", "serve"), ("frobnicate", nil), ("", nil),
  ])
  func `the nearest word is found if it is near`(word: String, nearest: String?) {
    #expect(Spelling.nearest(to: word, in: ["serve", "metrics", "report"]) == nearest)
  }

  @Test(arguments: [("", "", 0), ("abc", "", 3), ("kitten", "sitting", 3), ("flaw", "lawn", 2)])
  func `distance counts edits`(one: String, other: String, distance: Int) {
    #expect(Spelling.distance(one, other) == distance)
    #expect(Spelling.distance(other, one) == distance)
  }
}

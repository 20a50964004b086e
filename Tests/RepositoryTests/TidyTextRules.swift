extension TidyRule {
  private static let toDo = "TO" + "DO"
  private static let topLevel: Set = [
    "Package.swift", "Sources", "Tests", "dashboards", "samples", "README.md",
  ]
  private static let hosts = [
    ["pypi", "org"], ["pythonhosted", "org"], ["deb", "debian", "org"],
    ["security", "debian", "org"], ["archive", "ubuntu", "com"], ["registry", "npmjs", "org"],
    ["crates", "io"], ["proxy", "golang", "org"], ["rubygems", "org"], ["repo1", "maven", "org"],
    ["docker", "io"], ["ghcr", "io"], ["quay", "io"], ["conda", "anaconda", "org"],
  ].map { $0.joined(separator: ".") }
  private static let machinePaths = ["/" + "work/", "/tmp" + "/w/"]

  static let texts: [TidyRule] = [
    .text(
      toDo + " without an issue",
      #"\b(?:"# + toDo + "|FIX" + #"ME|HA"# + #"CK)\b(?!.*#\d)"#,
      instead: "the number of an issue, or finish it: \(toDo) #12",
      where: { !$0.isUnder("Tests/Oracle") },
      planted: (".ci/run", "# \(toDo) #3: later\n# \(toDo): later"),
      innocent: [("Sources/A/A.swift", "// \(toDo)(#12): after the next release")]),
    TidyRule(
      name: "licence banner", instead: "a first line that imports or declares",
      applies: { $0.path.hasSuffix(".swift") },
      find: { source in
        source.text.lines(
          matching: #"^\s*(?://|/?\*).*(?i:copyright|licen[cs]e|created by|spdx|all rights)"#
        ).filter { $0 <= 20 }
      },
      planted: SourceText(path: "Sources/A/A.swift", text: "//\n// Created by Nobody"),
      innocent: [SourceText(path: "Sources/A/A.swift", text: "import A\nlet licence = 1")]),
    TidyRule(
      name: "unknown name at the top level",
      instead: "Sources, Tests, dashboards, samples or a file with a dot",
      applies: { _ in true },
      find: { source in
        let first = source.path.split(separator: "/").first.map(String.init) ?? ""
        return topLevel.contains(first) || first.hasPrefix(".") ? [] : [1]
      },
      planted: SourceText(path: "docs/architecture.md", text: "# A"),
      innocent: [
        SourceText(path: ".ci/run", text: ""), SourceText(path: "README.md", text: "# A"),
      ]),
    .text(
      "host of a package registry",
      #"(?<![\w-])(?:"# + hosts.joined(separator: "|").replacing(".", with: #"\."#)
        + #")(?![\w-])"#,
      instead: "the registry's ordinary client without an address",
      planted: (".ci/run", "pip install --index-url https://" + hosts[0] + "/simple pytest"),
      innocent: [(".ci/run", "pip install pytest"), ("README.md", "https://developer.example.org")]
    ),
    .text(
      "path of one machine", #"(?<![\w.])(?:"# + machinePaths.joined(separator: "|") + ")",
      instead: "a path from the root of the repository",
      planted: ("README.md", "cd " + machinePaths[0] + "main"),
      innocent: [("README.md", "../shared/oracle and network/a")]),
    .text(
      "trailing white space", #"[ \t]+$"#, instead: "nothing",
      where: { !$0.isUnder("Tests/Oracle", "Tests/Fuzz") },
      planted: ("README.md", "a\nb "), innocent: [("README.md", "a\n\n  b\n")]),
  ]
}

/// Which of our modules each module may import: the arrows of the architecture.
enum ModuleArrows {
  static let allowed: [String: Set<String>] = [
    "CZlib": [],
    "Threading": [],
    "AttemptLog": ["CZlib", "Threading"],
    "Retry": ["AttemptLog", "Threading"],
    "TranscriptionClients": ["Retry", "AttemptLog"],
    "Reliability": ["AttemptLog"],
    "Report": ["Reliability", "AttemptLog"],
    "Exposition": ["Reliability", "AttemptLog"],
    "HTTPServer": ["CZlib", "Threading"],
    "CommandLineOptions": [],
    "Monitor": ["AttemptLog", "Reliability", "Exposition", "HTTPServer", "Threading"],
    "relmon": [
      "AttemptLog", "CommandLineOptions", "Exposition", "HTTPServer", "Monitor", "Reliability",
      "Report", "Threading",
    ],
    "ProviderSimulator": ["HTTPServer", "AttemptLog"],
    "provider-simulator": ["CommandLineOptions", "HTTPServer", "ProviderSimulator"],
  ]

  /// Imports in a file under Sources, and dependencies in Package.swift, that no arrow allows.
  static func violations(in source: SourceText) -> [String] {
    if source.path == "Package.swift" { return manifestViolations(in: source.text) }
    let parts = source.path.split(separator: "/").map(String.init)
    guard parts.count >= 3, parts[0] == "Sources", source.path.hasSuffix(".swift") else {
      return []
    }
    guard let mayImport = allowed[parts[1]] else {
      return ["\(source.path): module \(parts[1]) has no arrows: add it to ModuleArrows"]
    }
    let imported = source.code.captures(ImportLine.pattern(#"(\w+)"#))
    return refused(imported.map(target), of: parts[1], mayImport)
      .map { "\(source.path): \(parts[1]) must not import \($0)" }
  }

  private static func manifestViolations(in text: String) -> [String] {
    let strings = #"\s*"([\w-]+)"\s*,?"#
    return allowed.keys.sorted().flatMap { module in
      let declaration =
        #"\.(?:executableTarget|target)\(\s*name:\s*"\#(module)"\s*,\s*dependencies:\s*\[([^\]]*)\]"#
      let dependencies = text.captures(declaration).flatMap { $0.captures(strings) }
      return refused(dependencies, of: module, allowed[module] ?? [])
        .map { "Package.swift: \(module) must not depend on \($0)" }
    }
  }

  private static func refused(
    _ names: [String], of module: String, _ mayImport: Set<String>
  ) -> [String] {
    names.filter { allowed[$0] != nil && $0 != module && !mayImport.contains($0) }
  }

  /// The target of a module: an import writes `_` for the hyphen.
  private static func target(of module: String) -> String {
    allowed[module] == nil ? module.replacing("_", with: "-") : module
  }
}

enum ImportLine {
  /// Matches a line that imports the module, in whatever way.
  static func pattern(_ module: String) -> String {
    #"^\s*(?:@[\w()]+\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+"#
      + #"(?:(?:struct|class|enum|actor|protocol|func|var|let|typealias)\s+)?"# + module + #"\b"#
  }
}

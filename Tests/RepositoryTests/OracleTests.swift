import Foundation
import Testing

struct OracleTests {
  private static let original = Repository.root + "/../shared/oracle"
  private static let copy = Repository.root + "/Tests/Oracle"

  @Test(
    .enabled(
      if: FileManager.default.fileExists(atPath: original), "no ../shared/oracle to compare with"))
  func `the oracle is a copy of the shared one`() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Self.original)
      .filter { $0.hasSuffix(".py") || $0 == "README.md" }
    #expect(names.contains("compare.py"))
    for name in names {
      let shared = FileManager.default.contents(atPath: Self.original + "/" + name)
      let ours = FileManager.default.contents(atPath: Self.copy + "/" + name)
      #expect(ours == shared, "\(name)")
    }
  }

  @Test func `the oracle's programs and scripts are there`() {
    let names = [
      "compare.py", "expected.py", "generate_log.py", "test_oracle.py", "compare_built.py",
      "compare_verify.py", "compare_duckdb.py",
    ]
    for name in names {
      #expect(FileManager.default.fileExists(atPath: Self.copy + "/" + name), "\(name)")
    }
    for script in [
      ".ci/run", "Tests/Bench/compare", "Tests/Oracle/compare-log", "Tests/Oracle/compare-ten",
      "Tests/Oracle/compare-demo",
    ] {
      let path = Repository.root + "/" + script
      #expect(FileManager.default.isExecutableFile(atPath: path), "\(script)")
    }
  }
}

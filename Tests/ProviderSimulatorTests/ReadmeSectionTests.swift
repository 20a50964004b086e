import Foundation
import HTTPServer
import ProviderSimulator
import TestSupport
import Testing

/// What README.md, section "Provider simulator", shows is what there is.
struct ReadmeSectionTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

  private static func text(_ path: String) throws -> String {
    try String(contentsOfFile: root + "/" + path, encoding: .utf8)
  }

  private static func section() throws -> String {
    let readme = try text("README.md")
    let begin = try #require(readme.firstRange(of: "\n## Provider simulator\n"))
    let rest = readme[begin.upperBound...]
    return String(rest[..<(rest.firstRange(of: "\n## ")?.lowerBound ?? rest.endIndex)])
  }

  /// The wrapped client of the example: it repeats a submission until it is not answered 503.
  private struct YourClient {
    let baseURL: String

    func transcribe(_ audioURL: String) throws -> String {
      let url = try #require(URL(string: baseURL))
      let body = "{\"audio_url\":\"\(audioURL)\",\"language\":\"en\"}"
      for _ in 0..<5 {
        let client = try TCPClient(port: UInt16(try #require(url.port)))
        try client.send(
          "POST \(url.path)/transcribe HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer k\r\n"
            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
        let answer = client.readAnswer()
        if !answer.hasPrefix("HTTP/1.1 503 ") { return answer }
      }
      return ""
    }
  }

  @Test func `the example in Swift works and is the one shown`() throws {
    // README begins
    var configuration = ProviderSimulator.Configuration()
    var outage = try Fault("lesan:503:on=submit")
    outage.count = 2
    configuration.faults = [outage]
    configuration.queueing = .zero ... .zero
    configuration.processing = .zero ... .zero
    let simulator = ProviderSimulator(configuration: configuration)
    let server = try simulator.serve(on: .loopback(port: 0))

    let client = YourClient(baseURL: "http://\(server.addresses[0])/lesan")
    let text = try client.transcribe("https://example.org/audio.mp3")

    #expect(text.contains("Hello, world"))
    #expect(simulator.counts.answers(.lesan, .submit, status: 503) == 2)
    #expect(simulator.counts.jobs(.lesan) == 1)
    server.stop()
    // README ends
    let lines = try Self.text("Tests/ProviderSimulatorTests/ReadmeSectionTests.swift")
      .split(separator: "\n", omittingEmptySubsequences: false)
    let begin = try #require(lines.firstIndex(of: "    // README begins"))
    let end = try #require(lines.firstIndex(of: "    // README ends"))
    let code = lines[(begin + 1)..<end].map { $0.dropFirst(4) + "\n" }.joined()
    #expect(try Self.section().contains("```swift\n\(code)```\n"))
  }

  @Test(arguments: [
    ("python", "Tests/AssemblyAISDK/example.py"), ("json", "samples/schedule.json"),
  ])
  func `files that it shows are as they are`(language: String, path: String) throws {
    #expect(try Self.section().contains("```\(language)\n\(Self.text(path))```\n"))
  }

  @Test func `every command starts a simulator`() throws {
    let lines = try Self.section().replacing("\\\n", with: " ").split(separator: "\n")
    let prefix = "swift run provider-simulator "
    let commands = lines.filter { $0.hasPrefix(prefix) }
    #expect(commands.count >= 2)
    for command in commands {
      var words = command.dropFirst(prefix.count).split(separator: " ").map(String.init)
      let port = try #require(words.firstIndex(of: "8080"))
      words[port] = "0"
      let tool = try BuiltTool("provider-simulator", words, in: Self.root)
      #expect(tool.line().hasPrefix("listening on http://127.0.0.1:"), "\(command)")
      tool.send(signal: SIGTERM)
      #expect(tool.finish().status == 0)
    }
  }

  @Test func `every fault in its table can be read, and every kind is there`() throws {
    let section = try Self.section()
    let rows = section.split(separator: "\n").filter { $0.hasPrefix("| `") }
    let faults = try rows.flatMap { row -> [Fault] in
      let cell = row.dropFirst(2).prefix { $0 != "|" }
      return try cell.matches(of: /`((?:lesan|assemblyai):[^`]+)`/).map { try Fault(String($0.1)) }
    }
    #expect(faults.count >= 12)
    let effects = faults.map(\.effect)
    for effect: Fault.Effect in [
      .resetBefore, .resetAfter, .slow, .drip, .oversized, .syncTimeout, .syncQueued,
      .jobStall(.staysQueued), .jobStall(.neverEnds), .redirect(status: 302),
    ] {
      #expect(effects.contains(effect), "\(effect)")
    }
    for failure in JobFailure.allCases where failure != .serverError {
      #expect(section.contains("`\(failure.rawValue)`"), "\(failure)")
    }
    for form in RetryAfter.Form.allCases { #expect(section.contains("`\(form.rawValue)`")) }
    for name in ["p", "on", "delay", "retry_after", "as", "interval", "bytes", "location"] {
      #expect(section.contains("\n| `\(name)` |"), "\(name)")
    }
  }
}

import AttemptLog
import Foundation
import Synchronization
import TestSupport
import Testing

/// The example of the README: what stands between the marks stands there too.
struct ReadmeExampleTests {
  private final class Logger: Sendable {
    let warnings = Mutex<[String]>([])

    func warning(_ text: String) { warnings.withLock { $0.append(text) } }
  }

  @Test func `the example of the README works`() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("attempts/")
    let logger = Logger()
    // README begins
    var configuration = LogWriter.Configuration()
    configuration.mode = .buffered  // default: .direct
    configuration.rotation.bytesMax = 64 << 20  // the default; or by age: rotation.ageMax
    configuration.retention.bytesMax = 4 << 30  // the default; or by age: retention.ageMax
    configuration.syncs = true  // default: the kernel flushes when it likes
    configuration.permissions = .ownerAndGroup  // 0640; default 0600
    configuration.warn = { logger.warning("\($0)") }  // default: standard error
    // Such as "/var/log/app/attempts/".
    let log = try LogWriter(path: path, configuration: configuration)
    // README ends
    log.record(.attemptStart(.make()))
    log.close()
    #expect(logger.warnings.withLock { $0 } == [])
    let written = try String(contentsOfFile: path + "attempts.jsonl", encoding: .utf8)
    #expect(written.contains(#""kind":"attempt_start""#))
  }
}

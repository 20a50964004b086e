import AttemptLog
import Foundation
import Reliability
import TestSupport
import Testing

@testable import Monitor

struct ConcurrentReadingTests {
  /// Many operations by several writers, with lines that are damaged, blank, glued and oversized.
  private static let log: [UInt8] = {
    var generator = SeededGenerator(seed: 11)
    var text = ""
    for number in 0..<3000 {
      let writer = LogText(writer: "w\(number % 7)", seq: Int64(number / 7 * 2 + 1))
      let time = "10:\(10 + number / 60 % 50):\(10 + number % 50)"
      let name = #""operation":"o\#(number % 5)""#
      let failed = number % 3 == 0
      let more = name + #","error_code":"c\#(number % 11)""#
      let outcome = failed ? "not_retryable" : "success"
      for line in writer.attempt(time, "\(number)", error: failed ? "timeout" : nil, more)
        .operation(time, "\(number)", outcome: outcome, name).lines
      {
        switch Int.random(in: 0..<40, using: &generator) {
        case 0: text += line.dropLast(7) + "\n"
        case 1: text += line.dropLast(30)
        case 2: text += " \n" + line + "\r\n"
        case 3: text += String(repeating: "x", count: 20_000) + line + "\n"
        default: text += line + "\n"
        }
      }
    }
    return Array(text.utf8)
  }()

  private struct Result: Equatable {
    var scopes: [String]
    var rejected: [RejectionReason: Int]
    var diagnoses: [String]
    var end: LinePosition
  }

  private func read(cores: Int, readBytes: Int) -> Result {
    let diagnoses = Locked<[String]>([])
    var reading = ConcurrentReading(
      Aggregate(LifetimeCounts()), cores: cores,
      diagnose: { message in diagnoses.withLock { $0.append(message) } })
    reading.path = { "a.jsonl" }
    var parser = LogParser()
    for start in stride(from: 0, to: Self.log.count, by: readBytes) {
      let end = min(start + readBytes, Self.log.count)
      parser.feed(Self.log.span.extracting(start..<end), to: &reading)
    }
    parser.finish(&reading)
    reading.close()
    let counts = reading.fold.counts
    return Result(
      scopes: counts.scopes.map {
        "\($0.provider) \($0.operation) \($0.tally) \($0.errors)"
      }, rejected: reading.fold.log.rejected, diagnoses: diagnoses.withLock { $0 },
      end: parser.position)
  }

  @Test func `any number of cores and any size of reads give the same`() {
    let whole = read(cores: 1, readBytes: Self.log.count)
    #expect(whole.scopes.count == 5)
    #expect(whole.rejected[.malformed, default: 0] > 100)
    #expect(whole.rejected[.oversized, default: 0] > 50)
    #expect(whole.diagnoses.count == 1)
    for cores in [1, 2, 4] {
      for readBytes in [1000, 30_000, 262_144] {
        let result = read(cores: cores, readBytes: readBytes)
        #expect(result == whole, "\(cores) cores, \(readBytes) bytes")
      }
    }
  }

  @Test func `each log is told of what was rejected of it`() {
    let diagnoses = Locked<[String]>([])
    var reading = ConcurrentReading(
      Aggregate(LifetimeCounts()), cores: 1,
      diagnose: { message in diagnoses.withLock { $0.append(message) } })
    for (log, text) in [(0, "x\n"), (1, "y\n"), (0, "z\n"), (1, "{}\n")] {
      reading.log = log
      reading.path = { "\(log).jsonl" }
      _ = reading.takeLines(Array(text.utf8).span, at: LinePosition(line: 7, offset: 0))
    }
    for log in [1, 0] {
      reading.log = log
      reading.finish()
    }
    let told = diagnoses.withLock { $0 }
    #expect(told.count == 2)
    #expect(told.first?.hasPrefix("1.jsonl:7: malformed") == true)
    #expect(told.last?.hasPrefix("0.jsonl:7: malformed") == true)
    #expect(told.allSatisfy { $0.hasSuffix(", and 1 more rejected") })
  }

  @Test func `the time of the newest line is known before it is folded`() {
    let log = LogText().operation("10:00:00", "1").operation("10:00:01", "2")
    var reading = ConcurrentReading(Aggregate(LifetimeCounts()), cores: 2, diagnose: { _ in })
    let bytes = Array(log.lines.map { $0 + "\n" }.joined().utf8)
    let lines = reading.takeLines(bytes.span, at: LinePosition(line: 1, offset: 0))
    #expect(lines == 2)
    #expect(reading.newestTime == Timestamp(rfc3339: "2026-11-18T10:00:01Z"))
    let torn = Array("torn\n".utf8)
    _ = reading.takeLines(torn.span, at: LinePosition(line: 3, offset: 0))
    #expect(reading.newestTime == Timestamp(rfc3339: "2026-11-18T10:00:01Z"))
    reading.close()
    #expect(reading.fold.log.recordCount == 2)
    #expect(reading.fold.log.damaged == 1)
  }

  @Test(arguments: [
    ("Name:\tx\nCpus_allowed:\t3\nCpus_allowed_list:\t0-1\n", 2),
    ("Cpus_allowed:\tff,00000001\n", 9), ("Cpus_allowed:\t0\n", 1), ("Name:\tx\n", 1), ("", 1),
  ])
  func `the cores are those of the mask`(status: String, cores: Int) throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("status")
    try Data(status.utf8).write(to: URL(fileURLWithPath: path))
    #expect(usableCores(status: path) == cores)
  }

  @Test func `without a mask it is one core`() {
    #expect(usableCores(status: "/nonexistent") == 1)
  }
}

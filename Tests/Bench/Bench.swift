import AttemptLog
import Exposition
import Glibc
import Reliability
import Report
import Retry

/// Measures the hot paths, each as a ratio to a reference in the same run.
///
///     swift run -c release bench [LOG]
///
/// LOG is by default samples/attempts.jsonl. A figure is the median of five rounds.
@main
struct Bench {
  static func main() async throws {
    let path = CommandLine.arguments.dropFirst().first ?? "samples/attempts.jsonl"
    let bytes = try read(path)
    let lines = bytes.count { $0 == UInt8(ascii: "\n") }
    print("\(path): \(lines) lines, \(bytes.count) bytes; medians of \(rounds) rounds\n")
    try reading(bytes, lines)
    try writing(bytes, lines)
    try page(bytes)
    try await wrapper()
  }

  static let rounds = 5

  // MARK: - Reading

  private static func reading(_ bytes: [UInt8], _ lines: Int) throws {
    // Enough of the same, so that a round takes a while.
    let repeats = max(1, 64_000_000 / max(1, bytes.count))
    let reference = median {
      for _ in 0..<repeats { blackHole(newlines(bytes)) }
    }
    let parser = median {
      var sink = Nothing()
      for _ in 0..<repeats {
        var parser = LogParser()
        parser.feed(bytes.span, to: &sink)
      }
      blackHole(sink.records)
    }
    let lifetime = median {
      for _ in 0..<repeats {
        var aggregate = Aggregate(LifetimeCounts())
        var parser = LogParser()
        parser.feed(bytes.span, to: &aggregate)
        blackHole(aggregate.log.recordCount)
      }
    }
    let window = Window(from: Timestamp.earliest, to: Timestamp.latest)
    let report = median {
      for _ in 0..<repeats {
        var input = ReportInput(window: week(of: bytes) ?? window)
        var parser = LogParser()
        parser.feed(bytes.span, to: &input)
        blackHole(input.report(at: .latest).log.records)
      }
    }
    let total = Double(lines * repeats)
    let size = Double(bytes.count * repeats)
    for (name, time) in [
      ("memchr to each newline (reference)", reference), ("scan", parser),
      ("scan and fold for the endpoint", lifetime), ("scan and fold for a report", report),
    ] {
      row(
        name,
        [
          "\(fixed(total / time / 1e6, 2)) M lines/s", "\(fixed(size / time / 1e6, 0)) MB/s",
          "\(fixed(time / reference, 2)) × reference",
        ])
    }
  }

  /// Counts them with memchr(3), which is as fast as reading bytes gets.
  private static func newlines(_ bytes: [UInt8]) -> Int {
    unsafe bytes.withUnsafeBytes { buffer in
      var count = 0
      var start = 0
      while start < buffer.count, let base = buffer.baseAddress,
        let found = unsafe memchr(base + start, 10, buffer.count - start)
      {
        count += 1
        start = unsafe UnsafeRawPointer(found) - base + 1
      }
      return count
    }
  }

  /// The week of the first line with a time.
  private static func week(of bytes: [UInt8]) -> Window? {
    var sink = FirstTime()
    var parser = LogParser()
    parser.feed(bytes.span.extracting(..<min(bytes.count, 65_536)), to: &sink)
    return sink.time.map { ISOWeek(containing: $0.daysSince1970).window() }
  }

  // MARK: - Writing

  private static func writing(_ bytes: [UInt8], _ lines: Int) throws {
    var sink = Records()
    var parser = LogParser()
    parser.feed(bytes.span, to: &sink)
    let records = sink.records
    let repeats = max(1, 200_000 / max(1, records.count))
    let total = Double(records.count * repeats)
    let writer = LineWriter()
    let format = try median {
      var buffer: [UInt8] = []
      for _ in 0..<repeats {
        for record in records {
          buffer.removeAll(keepingCapacity: true)
          try writer.append(record, to: &buffer)
        }
      }
      blackHole(buffer.count)
    }
    row("format a line", ["\(fixed(total / format / 1e6, 2)) M lines/s"])

    let directory = try temporaryDirectory()
    let plainPath = directory + "/plain.jsonl"
    let descriptor = unsafe open(plainPath, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw BenchError(what: "cannot open \(plainPath)") }
    var rendered: [[UInt8]] = []
    for record in records {
      var line: [UInt8] = []
      try writer.append(record, to: &line)
      rendered.append(line)
    }
    let plain = median {
      for line in rendered {
        _ = unsafe line.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
      }
    }
    close(descriptor)
    let log = try LogWriter(path: directory + "/attempts.jsonl")
    let recording = median {
      for record in records { log.record(record.event) }
    }
    log.close()
    let each = Double(records.count)
    row("one write(2) a line (reference)", ["\(fixed(plain / each * 1e6, 2)) µs a line"])
    row(
      "LogWriter.record",
      [
        "\(fixed(recording / each * 1e6, 2)) µs a line",
        "\(fixed(recording / plain, 2)) × reference",
      ])
    for name in ["plain.jsonl", "attempts.jsonl"] { unsafe unlink(directory + "/" + name) }
    unsafe rmdir(directory)
  }

  // MARK: - The page

  private static func page(_ bytes: [UInt8]) throws {
    var aggregate = Aggregate(LifetimeCounts())
    var parser = LogParser()
    parser.feed(bytes.span, to: &aggregate)
    let page = MetricsPage(
      aggregate: aggregate, now: .now(), missing: 0, bytesRead: 0, unreadBytes: 0,
      version: relmonVersion)
    let text = page.text()
    let reference = median { for _ in 0..<100 { blackHole(Array(text.reversed()).count) } }
    let rendering = median { for _ in 0..<100 { blackHole(page.text().count) } }
    let series = text.split(separator: UInt8(ascii: "\n")).count { $0.first != UInt8(ascii: "#") }
    row(
      "render a page of \(series) series",
      [
        "\(fixed(rendering / 100 * 1e6, 0)) µs",
        "\(fixed(rendering / reference, 2)) × reversing its bytes",
      ])
  }

  // MARK: - The wrapper

  private static func wrapper() async throws {
    let calls = 20_000
    let directory = try temporaryDirectory()
    let path = directory + "/attempts.jsonl"
    let log = try LogWriter(path: path)
    let retrier = Retrier(record: log.record)
    let silent = Retrier(record: { _ in })
    let operation = LoggedOperation(provider: "bench", name: "call")
    @Sendable func call() async throws -> Int { 1 }

    let bare = try await perCall(calls) { _ = try await call() }
    let wrapped = try await perCall(calls) { _ = try await silent.run(operation) { _ in 1 } }
    let logged = try await perCall(calls) { _ = try await retrier.run(operation) { _ in 1 } }
    log.close()
    unsafe unlink(path)
    unsafe rmdir(directory)
    row("a bare call (reference)", ["\(fixed(bare * 1e6, 2)) µs"])
    row("wrapped, nothing recorded", ["\(fixed(wrapped * 1e6, 2)) µs"])
    row("wrapped, both lines written", ["\(fixed(logged * 1e6, 2)) µs"])
  }

  /// The median of single calls, in seconds.
  private static func perCall(_ count: Int, _ body: () async throws -> Void) async throws -> Double
  {
    var times: [Double] = []
    times.reserveCapacity(count)
    let clock = ContinuousClock()
    for _ in 0..<count {
      let start = clock.now
      try await body()
      times.append(start.duration(to: clock.now) / .seconds(1))
    }
    return times.sorted()[count / 2]
  }
}

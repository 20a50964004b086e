import AttemptLog
import Glibc

extension Bench {
  /// Lines that a round writes, about.
  private static let linesOfRound = 100_000

  static func writing(_ bytes: [UInt8], _ path: String) throws {
    var sink = Records()
    var parser = LogParser()
    parser.feed(bytes.span, to: &sink)
    let records = sink.records
    guard !records.isEmpty else { throw BenchError(what: "no records in \(path)") }
    let repeats = max(1, linesOfRound / records.count)
    let total = Double(records.count * repeats)
    let rendered = try rendered(records)
    let format = try median { try formatting(records, repeats) }
    row("format a line", ["\(fixed(total / format / 1e6, 2)) M lines/s"])

    let directory = try temporaryDirectory()
    let plain = try rate(of: total) {
      try writingPlainly(rendered, repeats, to: directory + "/plain.jsonl")
    }
    row("one write(2) a line (reference)", plain.figures)
    for (name, mode) in [
      ("LogWriter.record", LogWriter.Mode.direct), ("LogWriter.record, buffered", .buffered),
    ] {
      let log = try LogWriter(
        path: directory + "/attempts.jsonl", configuration: configuration(mode))
      let written = rate(of: total) { recording(records, repeats, to: log) }
      log.close()
      let dropped = log.droppedCount
      row(
        name,
        written.figures + ["\(fixed(written.perSecond / plain.perSecond, 2)) × reference"]
          + (dropped == 0 ? [] : ["\(dropped) lines dropped"]))
    }
    let python = try pythonLogging(path, repeats, to: directory + "/python.jsonl")
    row(
      "Python's logging, JSON formatter",
      python.figures + ["\(fixed(python.perSecond / plain.perSecond, 2)) × reference"])
    remove(["plain.jsonl", "attempts.jsonl", "python.jsonl", "output"], in: directory)
  }

  private static func configuration(_ mode: LogWriter.Mode) -> LogWriter.Configuration {
    var configuration = LogWriter.Configuration()
    configuration.mode = mode
    return configuration
  }

  private static func rendered(_ records: [Record]) throws -> [[UInt8]] {
    let writer = LineWriter()
    return try records.map { record in
      var line: [UInt8] = []
      try writer.append(record, to: &line)
      return line
    }
  }

  private static func formatting(_ records: [Record], _ repeats: Int) throws {
    let writer = LineWriter()
    var buffer: [UInt8] = []
    for _ in 0..<repeats {
      for record in records {
        buffer.removeAll(keepingCapacity: true)
        try writer.append(record, to: &buffer)
      }
    }
    blackHole(buffer.count)
  }

  // MARK: - Rounds

  /// How fast lines are written: over whole rounds, and what single calls take.
  private struct WriteRate {
    var perSecond: Double
    /// In seconds.
    var median: Double
    var p99: Double

    var figures: [String] {
      [
        "\(fixed(perSecond / 1e6, 2)) M lines/s",
        "median \(fixed(median * 1e6, 2)) µs and p99 \(fixed(p99 * 1e6, 2)) µs a line",
      ]
    }
  }

  /// Times a round, from its first line until all are in the file, and then each call of one more:
  /// `body` gives how long its calls took, in nanoseconds.
  private static func rate<Failure: Error>(
    of lines: Double, _ body: () throws(Failure) -> [Int64]
  ) throws(Failure) -> WriteRate {
    var calls: [Int64] = []
    let time = try median { () throws(Failure) in calls += try body() }
    let sorted = calls.sorted()
    func quantile(_ share: Double) -> Double {
      Double(sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]) / 1e9
    }
    return WriteRate(perSecond: lines / time, median: quantile(0.5), p99: quantile(0.99))
  }

  private static func writingPlainly(
    _ lines: [[UInt8]], _ repeats: Int, to path: String
  ) throws -> [Int64] {
    let descriptor = unsafe open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw BenchError(what: "cannot open \(path)") }
    defer { close(descriptor) }
    return try timed(repeats, lines) { line in
      let count = unsafe line.withUnsafeBytes {
        unsafe write(descriptor, $0.baseAddress, $0.count)
      }
      guard count == line.count else {
        throw BenchError(what: "cannot write \(path): \(SystemError.text(errno))")
      }
    }
  }

  private static func recording(
    _ records: [Record], _ repeats: Int, to log: LogWriter
  ) -> [Int64] {
    let calls = timed(repeats, records) { log.record($0.event) }
    _ = log.flush(within: .seconds(60))
    return calls
  }

  /// How long each call took, in nanoseconds.
  private static func timed<Element, Failure: Error>(
    _ repeats: Int, _ elements: [Element], _ body: (Element) throws(Failure) -> Void
  ) throws(Failure) -> [Int64] {
    var times: [Int64] = []
    times.reserveCapacity(repeats * elements.count)
    var last = nanoseconds()
    for _ in 0..<repeats {
      for element in elements {
        try body(element)
        let now = nanoseconds()
        times.append(now - last)
        last = now
      }
    }
    return times
  }

  // MARK: - Other processes

  private static func pythonLogging(
    _ log: String, _ repeats: Int, to path: String
  ) throws -> WriteRate {
    let output = try run(
      ["python3", "Tests/Bench/json_logging.py", log, path, String(repeats), String(rounds)])
    let words = output.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
    guard words.count == 3 else {
      throw BenchError(what: "json_logging.py gives three numbers, got \(output.debugDescription)")
    }
    return WriteRate(perSecond: words[0], median: words[1], p99: words[2])
  }

  /// Eight processes that write one log.
  static func processes() throws {
    let (count, each, length) = (8, 50_000, 400)
    let total = Double(count * each)
    let line = [UInt8](repeating: UInt8(ascii: "x"), count: length - 1) + [UInt8(ascii: "\n")]
    let directory = try temporaryDirectory()
    let plain = try rate(of: total) {
      try writingPlainly([line], count * each, to: directory + "/plain.jsonl")
    }
    row("one write(2) of \(length) bytes (reference)", plain.figures)
    for option in [[], ["--buffered"]] {
      let tool = try tool("log-load")
      let time = try median {
        let commands = (0..<count).map { process in
          [
            tool, "--log", directory + "/attempts.jsonl", "--threads", "1",
            "--lines", String(each), "--length", String(length), "--id", String(process),
          ] + option
        }
        for output in try run(commands) where output != "{}\n" {
          throw BenchError(what: "log-load lost lines: \(output)")
        }
      }
      let perSecond = total / time
      row(
        "\(count) processes" + (option.isEmpty ? "" : ", buffered"),
        [
          "\(fixed(perSecond / 1e6, 2)) M lines/s",
          "\(fixed(perSecond / plain.perSecond, 2)) × reference",
        ])
    }
    remove(["plain.jsonl", "attempts.jsonl"], in: directory)
  }
}

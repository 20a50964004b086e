import AttemptLog
import Exposition
import Glibc
import Reliability
import Report

/// Measures the hot paths, each as a ratio to a reference in the same run.
///
///     swift run -c release bench [LOG] [SECTION…]
///
/// LOG is by default samples/attempts.jsonl; the sections are reading, writing, processes, page and
/// wrapper, by default all. What is not said to be a median or a quantile is the median of five
/// rounds.
@main
struct Bench {
  private enum Section: String, CaseIterable {
    case reading, writing, processes, page, wrapper
  }

  static func main() async throws {
    let words = CommandLine.arguments.dropFirst()
    let chosen = words.compactMap(Section.init)
    let path = words.first { Section(rawValue: $0) == nil } ?? "samples/attempts.jsonl"
    let bytes = try read(path)
    let lines = bytes.count { $0 == UInt8(ascii: "\n") }
    print("\(path): \(lines) lines, \(bytes.count) bytes; medians of \(rounds) rounds\n")
    for section in chosen.isEmpty ? Section.allCases : chosen {
      switch section {
      case .reading: try reading(bytes, lines)
      case .writing: try writing(bytes, path)
      case .processes: try processes()
      case .page: try page(bytes)
      case .wrapper: try await wrapper()
      }
    }
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

  // MARK: - The page

  private static func page(_ bytes: [UInt8]) throws {
    var aggregate = Aggregate(LifetimeCounts())
    var parser = LogParser()
    parser.feed(bytes.span, to: &aggregate)
    let page = MetricsPage(
      aggregate: aggregate, now: .now(), missing: 0, bytesRead: 0, unreadBytes: 0,
      version: relmonVersion)
    let text = page.bytes(as: .prometheus)
    let reference = median { for _ in 0..<100 { blackHole(Array(text.reversed()).count) } }
    let rendering = median { for _ in 0..<100 { blackHole(page.bytes(as: .prometheus).count) } }
    let series = text.split(separator: UInt8(ascii: "\n")).count { $0.first != UInt8(ascii: "#") }
    row(
      "render a page of \(series) series",
      [
        "\(fixed(rendering / 100 * 1e6, 0)) µs",
        "\(fixed(rendering / reference, 2)) × reversing its bytes",
      ])
  }
}

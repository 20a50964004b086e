import AttemptLog
import CommandLineOptions
import Glibc
import Threading

/// Writes a log as fast as it can, and counts for each thread the records that were acknowledged.
///
///     log-load --log DIRECTORY/ [--threads 4] [--lines 1000] [--length 250]… [OPTION…]
///
/// A record's `operation_id` is `ID-THREAD-NUMBER-xxx…`, so long that the line has the length asked
/// for. What the writer dropped is printed as JSON at the end.
@main
struct LogLoad {
  static func main() {
    do {
      let load = try Load(Array(CommandLine.arguments.dropFirst()))
      try load.run()
    } catch {
      let line = Array("log-load: \(error)\n".utf8)
      _ = unsafe line.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
      exit(2)
    }
  }
}

struct Load: Sendable {
  private let log: String
  private let acknowledged: String?
  private let id: String
  private let lines: Int
  private let threads: Int
  private let lengths: [Int]
  private let pause: Duration
  private let showsLatencies: Bool
  private var configuration = LogWriter.Configuration()

  private static let options = [
    Option(name: "--log", value: "PATH", help: "a file, or a directory"),
    Option(
      name: "--acks", value: "FILE",
      help: "counts of acknowledged records, a 64-bit word for each thread, which no kill loses"),
    Option(name: "--id", value: "ID", help: "what every operation_id begins with"),
    Option(name: "--lines", value: "N", help: "for each thread; default 1000"),
    Option(name: "--threads", value: "N", help: "default 4"),
    Option(
      name: "--length", value: "BYTES", help: "of a line, about; several are taken in turn",
      isRepeatable: true),
    Option(name: "--pause", value: "MICROSECONDS", help: "between two records of a thread"),
    Option(name: "--buffered", value: nil, help: "records wait for the writer's thread"),
    Option(name: "--sync", value: nil, help: "lines are brought to the disk"),
    Option(name: "--rotate", value: "BYTES", help: "default 64 MiB"),
    Option(name: "--rotate-age", value: "SECONDS", help: "default: not by age"),
    Option(name: "--keep", value: "BYTES", help: "default 4 GiB"),
    Option(name: "--keep-age", value: "SECONDS", help: "default: not by age"),
    Option(name: "--latencies", value: nil, help: "print how long the calls took"),
  ]

  init(_ words: [String]) throws(UsageError) {
    let arguments = try Arguments(parsing: words, by: Self.options, command: "log-load")
    guard let log = arguments.value("--log") else {
      throw .missingValue("--log", expected: "PATH")
    }
    self.log = log
    acknowledged = arguments.value("--acks")
    id = arguments.value("--id") ?? "0"
    lines = try arguments.number("--lines") ?? 1000
    threads = try arguments.number("--threads") ?? 4
    lengths = try arguments.all("--length").map { text throws(UsageError) in
      guard let length = Int(text), length > 0 else {
        throw .invalidValue("--length", text, expected: "bytes")
      }
      return length
    }
    pause = .microseconds(try arguments.number("--pause", as: Int.self) ?? 0)
    showsLatencies = arguments.isGiven("--latencies")
    if arguments.isGiven("--buffered") { configuration.mode = .buffered }
    configuration.syncs = arguments.isGiven("--sync")
    configuration.rotation.bytesMax =
      try arguments.number("--rotate") ?? configuration.rotation.bytesMax
    configuration.rotation.ageMax = try arguments.number("--rotate-age").map { .seconds($0 as Int) }
    configuration.retention.bytesMax =
      try arguments.number("--keep") ?? configuration.retention.bytesMax
    configuration.retention.ageMax = try arguments.number("--keep-age").map { .seconds($0 as Int) }
  }

  func run() throws {
    let counts = try SharedCounts(path: acknowledged, count: threads)
    let writer = try LogWriter(path: log, configuration: configuration)
    let padding = try Padding(lengths)
    let times = Condition([Int64]())
    let running = try (0..<threads).map { thread in
      try BlockingThread {
        var own: [Int64] = []
        let never = Condition(false)
        for number in 1...max(1, lines) {
          let event = padding.event("\(id)-\(thread)-\(number)-", number)
          let recording = Self.nanoseconds()
          writer.record(event)
          counts.set(thread, Int64(number))
          if showsLatencies { own.append(Self.nanoseconds() - recording) }
          if pause > .zero { _ = never.wait(atMost: pause) { $0 ? true : nil } }
        }
        times.update { $0 += own }
      }
    }
    for thread in running { thread.join() }
    writer.close()
    if showsLatencies {
      let sorted = times.update { $0.sorted() }
      for (name, share) in [("p50", 0.5), ("p99", 0.99), ("p999", 0.999), ("max", 1.0)] {
        let index = min(sorted.count - 1, Int(Double(sorted.count) * share))
        print("\(name) \(Double(sorted[index]) / 1000) us")
      }
    }
    let dropped = writer.dropped.map { "\"\($0.key.rawValue)\":\($0.value)" }.sorted()
    print("{" + dropped.joined(separator: ",") + "}")
  }

  private static func nanoseconds() -> Int64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

/// What makes lines as long as asked for.
private struct Padding: Sendable {
  private let lengths: [Int]
  private let text: String
  /// Bytes of a line with an empty id and a seq of seven digits.
  private let fixed: Int

  init(_ lengths: [Int]) throws {
    self.lengths = lengths
    text = String(repeating: "x", count: LineWriter.lineBytesMax)
    var bytes: [UInt8] = []
    let record = Record(
      time: .now(), writer: "0123456789abcdef", seq: 1_000_000, event: Self.event(""))
    try LineWriter().append(record, to: &bytes)
    fixed = bytes.count
  }

  func event(_ name: String, _ number: Int) -> Event {
    guard !lengths.isEmpty else { return Self.event(name) }
    let length = lengths[number % lengths.count] - fixed - name.utf8.count
    return Self.event(name + Substring(text.utf8.prefix(max(0, length))))
  }

  private static func event(_ id: String) -> Event {
    let identity = OperationIdentity(provider: "load", operation: "write", operationID: id)
    return .attemptStart(AttemptStart(identity: identity, attempt: 1))
  }
}

/// Counts in memory that is shared with a file, so that they outlive the process (mmap(2)).
@safe
private final class SharedCounts: Sendable {
  // Each thread writes a word of its own.
  private nonisolated(unsafe) let words: UnsafeMutableRawPointer?

  struct Failure: Error {
    let call: String
    let errno: CInt
  }

  init(path: String?, count: Int) throws {
    guard let path else {
      unsafe words = nil
      return
    }
    let bytes = count * MemoryLayout<Int64>.stride
    let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0, ftruncate(descriptor, bytes) == 0 else {
      throw Failure(call: "open \(path)", errno: errno)
    }
    defer { close(descriptor) }
    let memory = unsafe mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
    guard unsafe memory != MAP_FAILED else { throw Failure(call: "mmap", errno: errno) }
    unsafe words = memory
  }

  func set(_ thread: Int, _ value: Int64) {
    unsafe words?.storeBytes(
      of: value, toByteOffset: thread * MemoryLayout<Int64>.stride, as: Int64.self)
  }
}

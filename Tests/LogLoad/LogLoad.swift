import AttemptLog
import CommandLineOptions
import Glibc
import Synchronization
import Threading

/// Writes a log as fast as it can, and counts for each thread the records that were acknowledged.
///
/// SIGTERM ends it early, but as orderly as the last line does.
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
  private let samples: String?
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
    Option(
      name: "--samples", value: "FILE",
      help: "when each call began and how long it took: 64-bit words, nanoseconds (monotonic)"),
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
    pause = .microseconds(try arguments.number("--pause") ?? 0 as Int)
    showsLatencies = arguments.isGiven("--latencies")
    samples = arguments.value("--samples")
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
    let stop = try StopSignal()
    let collected = Condition([Sample]())
    let running = try (0..<threads).map { thread in
      try BlockingThread {
        StopSignal.unblockOthers()
        var own: [Sample] = []
        for number in 1...max(1, lines) {
          if stop.isWanted { break }
          let event = padding.event("\(id)-\(thread)-\(number)-", number)
          let began = Self.nanoseconds()
          writer.record(event)
          let took = Self.nanoseconds() - began
          if measures { own.append(Sample(began: began, took: took)) }
          if isDone(after: took, writer) { counts.set(thread, Int64(number)) }
          if pause > .zero { stop.wait(atMost: pause) }
        }
        collected.update { $0 += own }
      }
    }
    for thread in running { thread.join() }
    writer.close()
    try report(collected.update { $0 })
    let dropped = writer.dropped.map { "\"\($0.key.rawValue)\":\($0.value)" }.sorted()
    print("{" + dropped.joined(separator: ",") + "}")
  }

  /// Whether a record is acknowledged, as the next one's acknowledgement includes it.
  ///
  /// In the direct mode that is when its line has been handed to the kernel, or counted as lost: of
  /// one that waits for a stalled disk a kill may leave nothing.
  private func isDone(after took: Int64, _ writer: LogWriter) -> Bool {
    configuration.mode == .buffered || .nanoseconds(took) < LogWriter.holdMax
      || writer.flush(within: .seconds(60))
  }

  private var measures: Bool { showsLatencies || samples != nil }

  private func report(_ collected: [Sample]) throws {
    if let samples { try Sample.write(collected, to: samples) }
    guard showsLatencies, !collected.isEmpty else { return }
    let sorted = collected.map(\.took).sorted()
    for (name, share) in [("p50", 0.5), ("p99", 0.99), ("p999", 0.999), ("max", 1.0)] {
      let index = min(sorted.count - 1, Int(Double(sorted.count) * share))
      print("\(name) \(Double(sorted[index]) / 1000) us")
    }
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

/// A call of `record`, in nanoseconds of the monotonic clock.
private struct Sample {
  let began: Int64
  let took: Int64

  static func write(_ samples: [Sample], to path: String) throws(CallFailure) {
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw CallFailure(call: "open \(path)", errno: errno) }
    defer { close(descriptor) }
    let words = samples.flatMap { [$0.began, $0.took] }
    let isWritten = unsafe words.withUnsafeBytes { bytes in
      var start = 0
      while start < bytes.count {
        let count = unsafe Glibc.write(
          descriptor, bytes.baseAddress?.advanced(by: start), bytes.count - start)
        if count <= 0 { return false }
        start += count
      }
      return true
    }
    guard isWritten else { throw CallFailure(call: "write \(path)", errno: errno) }
  }
}

/// SIGTERM, waited for on a thread of its own that lives as long as the process.
private final class StopSignal: Sendable {
  private let received = Atomic(false)
  private let arrival = Condition(())

  var isWanted: Bool { received.load(ordering: .relaxed) }

  func wait(atMost limit: Duration) {
    _ = arrival.wait(atMost: limit) { _ in isWanted ? true : nil }
  }

  init() throws {
    // Threads that are made from here on have every signal blocked.
    var signals = Self.signals
    unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    _ = try BlockingThread { [self] in
      var signals = Self.signals
      var signal: CInt = 0
      unsafe sigwait(&signals, &signal)
      arrival.update { _ in received.store(true, ordering: .relaxed) }
    }
  }

  /// A thread of a host program takes signals, SIGXFSZ among them.
  static func unblockOthers() {
    var signals = Self.signals
    unsafe pthread_sigmask(SIG_SETMASK, &signals, nil)
  }

  private static var signals: sigset_t {
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe sigaddset(&signals, SIGTERM)
    return signals
  }
}

private struct CallFailure: Error {
  let call: String
  let errno: CInt
}

/// Counts in memory that is shared with a file, so that they outlive the process (mmap(2)).
@safe
private final class SharedCounts: Sendable {
  // Each thread writes a word of its own.
  private nonisolated(unsafe) let words: UnsafeMutableRawPointer?

  init(path: String?, count: Int) throws {
    guard let path else {
      unsafe words = nil
      return
    }
    let bytes = count * MemoryLayout<Int64>.stride
    let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0, ftruncate(descriptor, bytes) == 0 else {
      throw CallFailure(call: "open \(path)", errno: errno)
    }
    defer { close(descriptor) }
    let memory = unsafe mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
    guard unsafe memory != MAP_FAILED else { throw CallFailure(call: "mmap", errno: errno) }
    unsafe words = memory
  }

  func set(_ thread: Int, _ value: Int64) {
    unsafe words?.storeBytes(
      of: value, toByteOffset: thread * MemoryLayout<Int64>.stride, as: Int64.self)
  }
}

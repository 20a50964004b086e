import AttemptLog
import Glibc
import Synchronization

struct BenchError: Error, CustomStringConvertible {
  var what: String
  var description: String { what }
}

extension Bench {
  /// The median duration of some rounds, in seconds.
  static func median<Failure: Error>(
    _ body: () throws(Failure) -> Void
  ) throws(Failure) -> Double {
    let clock = ContinuousClock()
    var times: [Double] = []
    for _ in 0..<rounds {
      let start = clock.now
      try body()
      times.append(start.duration(to: clock.now) / .seconds(1))
    }
    return times.sorted()[rounds / 2]
  }

  private static let seen = Atomic(0)

  /// Keeps the optimizer from dropping what computed the value.
  static func blackHole(_ value: Int) {
    seen.store(value, ordering: .relaxed)
  }

  static func row(_ name: String, _ figures: [String]) {
    let padding = String(repeating: " ", count: max(1, 36 - name.count))
    print(name + padding + figures.joined(separator: ", "))
  }

  static func fixed(_ value: Double, _ decimals: Int) -> String {
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let scaled = Int((value * scale).rounded())
    guard decimals > 0 else { return String(scaled) }
    let rest = String(scaled % Int(scale))
    return "\(scaled / Int(scale))."
      + String(repeating: "0", count: decimals - rest.count) + rest
  }

  static func read(_ path: String) throws -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw BenchError(what: "cannot read \"\(path)\": \(SystemError.text(errno))")
    }
    defer { close(descriptor) }
    return try readAll(descriptor, path)
  }

  /// Everything up to the end of a file or a pipe; the name is for the error.
  static func readAll(_ descriptor: CInt, _ name: String) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
      guard count >= 0 else {
        throw BenchError(what: "cannot read \(name.debugDescription): \(SystemError.text(errno))")
      }
      if count == 0 { return bytes }
      bytes += buffer[..<count]
    }
  }

  /// Of the monotonic clock.
  static func nanoseconds() -> Int64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  static func temporaryDirectory() throws -> String {
    var template = Array("/tmp/relmon-bench-XXXXXX\0".utf8CString)
    guard unsafe mkdtemp(&template) != nil else {
      throw BenchError(what: "cannot make a directory: \(SystemError.text(errno))")
    }
    let bytes = template.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
    return String(decoding: bytes, as: UTF8.self)
  }

  static func remove(_ names: [String], in directory: String) {
    for name in names { unsafe unlink(directory + "/" + name) }
    unsafe rmdir(directory)
  }
}

/// Counts records and looks at none.
struct Nothing: RecordSink {
  var records = 0

  mutating func accept(_ fields: LineScanner, _ line: Span<UInt8>, at position: LinePosition) {
    records += 1
  }

  mutating func reject(_ error: LineError, _ line: Span<UInt8>, at position: LinePosition) {}
}

/// Remembers the first time.
struct FirstTime: RecordSink {
  var time: Timestamp?

  mutating func accept(_ fields: LineScanner, _ line: Span<UInt8>, at position: LinePosition) {
    time = time ?? fields.time
  }

  mutating func reject(_ error: LineError, _ line: Span<UInt8>, at position: LinePosition) {}
}

/// Keeps all records.
struct Records: RecordSink {
  var records: [Record] = []

  mutating func accept(_ fields: LineScanner, _ line: Span<UInt8>, at position: LinePosition) {
    if let record = Record(fields, line) { records.append(record) }
  }

  mutating func reject(_ error: LineError, _ line: Span<UInt8>, at position: LinePosition) {}
}

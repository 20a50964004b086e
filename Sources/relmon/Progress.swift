import AttemptLog
import Threading

/// How far the reading of a long log is: one line on a terminal, which is gone when it is done.
struct Progress {
  /// How much was read.
  struct State {
    /// Of the files as they are on the disk.
    var bytes: Int64
    /// Of all that is to be read; nil if nobody knows.
    var bytesTotal: Int64?
    var records: Int
  }

  /// A short reading is over before anybody would have read the line.
  static let delay = Duration.seconds(1)
  static let interval = Duration.milliseconds(200)

  /// Takes away what stands on the line.
  static let erasing = "\r\u{1B}[K"

  private let now: () -> MonotonicInstant
  private let write: (String) -> Void
  private let columns: () -> Int
  private let start: MonotonicInstant
  private var next: MonotonicInstant
  private var isShown = false

  /// - Parameters:
  ///   - now: a clock.
  ///   - columns: how wide the terminal is now.
  ///   - write: puts text on it.
  init(
    now: @escaping () -> MonotonicInstant = { .now }, columns: @escaping () -> Int,
    write: @escaping (String) -> Void
  ) {
    self.now = now
    self.columns = columns
    self.write = write
    start = now()
    next = start + Self.delay
  }

  /// Shows how far it is, if it is time to.
  mutating func update(_ state: () -> State) {
    let time = now()
    guard time >= next else { return }
    next = time + Self.interval
    isShown = true
    // A line that is wrapped could not be erased.
    let text = Self.text(state(), after: time - start).prefix(max(columns() - 1, 0))
    write(Self.erasing + text)
  }

  /// Takes the line away, so that something else can be written.
  mutating func erase() {
    guard isShown else { return }
    isShown = false
    write(Self.erasing)
  }

  /// `412 MB of 1.2 GB, 3100000 records, 210 MB/s, 4 s left`.
  static func text(_ state: State, after duration: Duration) -> String {
    let seconds = duration / .seconds(1)
    let rate = Double(state.bytes) / max(seconds, 0.001)
    var parts = [size(Double(state.bytes)), "\(state.records) records", "\(size(rate))/s"]
    if let total = state.bytesTotal {
      parts[0] += " of \(size(Double(total)))"
      let rest = Double(max(total - state.bytes, 0))
      // Nobody waits for longer than a hundred days.
      if rate > 0, let left = Int(exactly: (rest / rate).rounded(.up)), left < 8_640_000 {
        parts.append(left < 100 ? "\(left) s left" : "\((left + 59) / 60) min left")
      }
    }
    return parts.joined(separator: ", ")
  }

  private static func size(_ bytes: Double) -> String {
    for (unit, name) in [(1e9, "GB"), (1e6, "MB")] where bytes >= unit {
      let tenths = Int((bytes / unit * 10).rounded())
      return tenths < 100 ? "\(tenths / 10).\(tenths % 10) \(name)" : "\(tenths / 10) \(name)"
    }
    return "\(Int((bytes / 1e3).rounded())) kB"
  }
}

/// The progress of reading logs, on standard error if somebody watches it.
struct LogProgress {
  private var line: Progress?
  private let followers: [LogFollower]
  private let bytesTotal: Int64

  init(_ followers: [LogFollower]) {
    self.followers = followers
    guard Terminal.error.isSteerable else {
      bytesTotal = 0
      return
    }
    bytesTotal = followers.reduce(0) { $0 + $1.unreadBytes() }
    line = Progress(columns: { Terminal.error.columns ?? Terminal.columnsUsual }) {
      Output.writeToStandardError($0)
    }
  }

  mutating func update() {
    let (followers, bytesTotal) = (followers, bytesTotal)
    line?.update {
      // Nobody knows how much comes from a pipe.
      let read = bytesTotal - followers.reduce(0) { $0 + $1.unreadBytes() }
      return Progress.State(
        bytes: bytesTotal > 0 ? max(read, 0) : followers.reduce(0) { $0 + $1.bytesRead },
        bytesTotal: bytesTotal > 0 ? bytesTotal : nil,
        records: followers.reduce(0) { $0 + $1.linesRead })
    }
  }

  mutating func erase() {
    line?.erase()
  }
}

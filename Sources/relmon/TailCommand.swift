import AttemptLog
import CommandLineOptions
import Glibc
import Report

extension Command {
  static let tail = Command(
    name: "tail",
    summary: "Shows the log as a person reads it: a line for each attempt and operation.",
    options: [
      Option(name: "--follow", value: nil, help: "go on with what is written, until SIGINT"),
      Option(
        name: "--lines", value: "COUNT",
        help: "how many of the last lines to begin with: 20 (default), or all"),
      Option(
        name: "--provider", value: "NAME", help: "only what is about this provider",
        isRepeatable: true),
      Option(name: "--failures", value: nil, help: "only what failed"),
    ],
    example: "relmon tail --follow --failures /var/log/app/attempts"
  ) { arguments in
    let filter = TailFilter(
      providers: arguments.all("--provider").map { Array($0.utf8) },
      failuresOnly: arguments.isGiven("--failures"))
    let input = LogInput(arguments)
    let follows = arguments.isGiven("--follow")
    // A read of a pipe waits for its writer, and so would the other logs and SIGINT.
    if follows && input.paths.contains("-") {
      throw Failure(
        code: .usage,
        message:
          "standard input cannot be followed: give a file or a directory, or leave out \"--follow\""
      )
    }
    let linesMax = try arguments.linesMax()
    let followers = try input.followers(lateWrites: follows ? .init() : nil)
    var tail = Tail(followers, filter, linesMax: linesMax)
    try tail.showEnd()
    if follows { try tail.follow() }
    return .ok
  }
}

extension Arguments {
  /// Nil for all.
  fileprivate func linesMax() throws(UsageError) -> Int? {
    guard let text = value("--lines") else { return 20 }
    if text == "all" { return nil }
    guard let count = UInt16(text), count <= Tail.linesMax else {
      throw .invalidValue("--lines", text, expected: "a number from 0 to \(Tail.linesMax), or all")
    }
    return Int(count)
  }
}

/// The end of some logs on standard output.
private struct Tail {
  /// What is kept of each log before it is shown.
  static let linesMax = 10_000
  /// How often a log is asked whether there is more.
  private static let pauseNanoseconds = 200_000_000
  private static let readBytes = 1 << 20

  private let followers: [LogFollower]
  private let filter: TailFilter
  private let linesMax: Int?
  private var layout: LogLineLayout
  private var scanner = LineScanner()
  /// What went wrong last with each log.
  private var lastErrors: [String?]

  init(_ followers: [LogFollower], _ filter: TailFilter, linesMax: Int?) {
    self.followers = followers
    self.filter = filter
    self.linesMax = linesMax
    layout = LogLineLayout(
      width: Terminal.output.columns, isColoured: Terminal.output.isColoured)
    lastErrors = followers.map { _ in nil }
  }

  /// Shows the last lines of all logs in the order of their times, or all lines, log by log.
  mutating func showEnd() throws(Failure) {
    var last: [(time: Timestamp, what: TailSink.Shown)] = []
    for (index, follower) in followers.enumerated() {
      var sink = TailSink(filter, linesMax: linesMax) { follower.path }
      while try readOn(index, into: &sink) {
        if linesMax == nil { try show(sink.take()) }
      }
      last += sink.take()
    }
    if followers.count > 1 && linesMax != nil { last.sort { $0.time < $1.time } }
    try show(last.suffix(linesMax ?? last.count))
  }

  /// Shows what is written from now on, until SIGINT, SIGTERM or the end of whoever reads it.
  mutating func follow() throws(Failure) {
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    for signal in [SIGINT, SIGTERM] { unsafe sigaddset(&signals, signal) }
    unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    var pause = timespec(tv_sec: 0, tv_nsec: Self.pauseNanoseconds)
    var isAsked = false
    while !isAsked && !Output.isClosed {
      for (index, follower) in followers.enumerated() {
        var sink = TailSink(filter, linesMax: nil) { follower.path }
        var hasMore = true
        while hasMore {
          hasMore = try readOn(index, into: &sink, isPatient: true)
          try show(sink.take())
        }
      }
      isAsked = unsafe sigtimedwait(&signals, nil, &pause) > 0
    }
  }

  /// Reads some more; of what costs the rest of a file, or for the patient may pass, it tells once.
  private mutating func readOn(
    _ index: Int, into sink: inout TailSink, isPatient: Bool = false
  ) throws(Failure) -> Bool {
    do throws(LogReadError) {
      let hasMore = try followers[index].read(atLeast: Self.readBytes, into: &sink)
      lastErrors[index] = nil
      return hasMore
    } catch {
      guard isPatient || error.costsOnlyRest else { throw .inputOutput(error) }
      if lastErrors[index] != error.description { Output.diagnose(error.description) }
      lastErrors[index] = error.description
      return error.costsOnlyRest
    }
  }

  private mutating func show(
    _ lines: some Sequence<(time: Timestamp, what: TailSink.Shown)>
  ) throws(Failure) {
    var text = ""
    for line in lines {
      switch line.what {
      case .rejected(let cause): text += layout.line(rejected: cause)
      case .line(let bytes): text += self.text(of: bytes) ?? ""
      }
    }
    if !text.isEmpty { try Output.write(Array(text.utf8)) }
  }

  private mutating func text(of line: [UInt8]) -> String? {
    do throws(LineError) {
      try scanner.scan(line.span)
    } catch {
      preconditionFailure("a line that was accepted is rejected: \(error)")
    }
    return Record(scanner, line.span).flatMap { layout.line(for: $0) }
  }
}

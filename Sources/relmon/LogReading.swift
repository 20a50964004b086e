import AttemptLog
import CommandLineOptions
import Glibc
import Monitor
import Reliability

/// The logs that a command reads.
struct LogInput: Sendable {
  let paths: [String]
  /// Behind what is wrong with a path that nobody typed.
  private let origin: String

  /// The operands, else `$RELMON_LOG`, else the file that a writer uses by default.
  ///
  /// A log that is named twice is read once.
  init(_ arguments: Arguments) {
    if !arguments.operands.isEmpty {
      var seen: Set<String> = []
      paths = arguments.operands.filter { seen.insert(LogLocation.resolved($0)).inserted }
      origin = ""
    } else if let path = unsafe getenv("RELMON_LOG").map({ unsafe String(cString: $0) }),
      !path.isEmpty
    {
      paths = [path]
      origin = "; it is named by $RELMON_LOG"
    } else {
      paths = [LogLocation.activeName]
      origin = "; no LOG was given, and $RELMON_LOG is not set"
    }
  }

  private func failure(_ error: LogReadError) -> Failure {
    Failure(code: .inputOutput, message: error.description + origin)
  }

  /// Fails if a file may not be written, or is one that is read: its replacement would be the end of a log.
  func check(output: OutputFile) throws {
    try output.check()
    guard let replaced = FileIdentity(path: output.path) else { return }
    for path in paths where path != LogLocation.standardInput {
      let files: [LogFile]
      do throws(LogReadError) {
        files = try LogLocation(path: path).files()
      } catch {
        throw failure(error)
      }
      let isRead = files.contains {
        FileIdentity(path: $0.path)?.isSameFile(as: replaced) == true
      }
      guard !isRead else {
        throw UsageError.invalidValue(
          "--output", output.path, expected: "another file than the log that is read")
      }
    }
  }

  /// Opens every location, so that a missing one is told before any is read.
  ///
  /// - Parameter lateWrites: nil for what is read once.
  func followers(
    lateWrites: LogFollower.LateWrites? = nil
  ) throws(Failure) -> [LogFollower] {
    var followers: [LogFollower] = []
    let buffer = LogFollower.Buffer()
    for path in paths {
      do throws(LogReadError) {
        followers.append(try LogFollower(path: path, lateWrites: lateWrites, buffer: buffer))
      } catch {
        throw failure(error)
      }
    }
    return followers
  }
}

extension [LogFollower] {
  /// The order in which several logs are read.
  enum Order {
    /// One after the other.
    case given
    /// Side by side, so that what happened at the same time in several is read together.
    case byTime
  }

  /// Reads all to their ends, telling of what is rejected and of compressed files that are damaged.
  ///
  /// - Returns: how many files could not be read to their end.
  func readAll<Fold: BatchFold>(
    into fold: inout Fold, _ order: Order,
    diagnose: @escaping (String) -> Void = Output.diagnose
  ) throws(Failure) -> Int {
    var reading = ConcurrentReading(fold, diagnose: diagnose)
    defer {
      reading.close()
      fold = reading.fold
    }
    var progress = LogProgress(self)
    defer { progress.erase() }
    var damagedFiles = 0
    var open = enumerated().map { (log: $0, follower: $1, time: Timestamp.earliest) }
    while let next = order == .given ? open.indices.first : open.earliest {
      reading.log = open[next].log
      reading.newestTime = nil
      let (hasMore, isDamaged) = try open[next].follower.readOn(into: &reading, diagnose)
      open[next].time = reading.newestTime ?? open[next].time
      if isDamaged { damagedFiles += 1 }
      if !hasMore { open.remove(at: next) }
      progress.update()
    }
    return damagedFiles
  }
}

extension [(log: Int, follower: LogFollower, time: Timestamp)] {
  /// The place of the log whose newest line is the oldest.
  fileprivate var earliest: Int? {
    indices.min { self[$0].time < self[$1].time }
  }
}

extension LogFollower {
  /// Reads some more.
  fileprivate func readOn(
    into reading: inout ConcurrentReading<some BatchFold>, _ diagnose: (String) -> Void
  ) throws(Failure) -> (hasMore: Bool, isDamaged: Bool) {
    reading.path = { self.path }
    do throws(LogReadError) {
      let hasMore = try read(atLeast: 1, into: &reading)
      if !hasMore { reading.finish() }
      return (hasMore, false)
    } catch {
      reading.finish()
      guard error.costsOnlyRest else { throw .inputOutput(error) }
      diagnose(error.description)
      return (true, true)
    }
  }
}

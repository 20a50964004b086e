import AttemptLog
import CommandLineOptions
import Glibc
import Monitor
import Reliability

/// The logs that a command reads.
struct LogInput: Sendable {
  let paths: [String]

  /// The operands, else `$RELMON_LOG`, else the file that a writer uses by default.
  init(_ arguments: Arguments) {
    if !arguments.operands.isEmpty {
      paths = arguments.operands
    } else if let path = unsafe getenv("RELMON_LOG").map({ unsafe String(cString: $0) }),
      !path.isEmpty
    {
      paths = [path]
    } else {
      paths = [LogLocation.activeName]
    }
  }

  /// Opens every location, so that a missing one is told before any is read.
  func followers() throws(Failure) -> [LogFollower] {
    var followers: [LogFollower] = []
    let buffer = LogFollower.Buffer()
    for path in paths {
      do throws(LogReadError) {
        followers.append(try LogFollower(path: path, buffer: buffer))
      } catch {
        throw .inputOutput(error)
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
  /// - Returns: whether no file was damaged.
  func readAll<Fold: BatchFold>(into fold: inout Fold, _ order: Order) throws(Failure) -> Bool {
    var reading = ConcurrentReading(fold, diagnose: Output.diagnose)
    defer {
      reading.close()
      fold = reading.fold
    }
    var isWhole = true
    var open = enumerated().map { (log: $0, follower: $1, time: Timestamp.earliest) }
    while let next = order == .given ? open.indices.first : open.earliest {
      reading.log = open[next].log
      reading.newestTime = nil
      let (hasMore, isDamaged) = try open[next].follower.readOn(into: &reading)
      open[next].time = reading.newestTime ?? open[next].time
      if isDamaged { isWhole = false }
      if !hasMore { open.remove(at: next) }
    }
    return isWhole
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
    into reading: inout ConcurrentReading<some BatchFold>
  ) throws(Failure) -> (hasMore: Bool, isDamaged: Bool) {
    reading.path = { self.path }
    do throws(LogReadError) {
      let hasMore = try read(atLeast: 1, into: &reading)
      if !hasMore { reading.finish() }
      return (hasMore, false)
    } catch {
      reading.finish()
      guard error.costsOnlyRest else { throw .inputOutput(error) }
      Output.diagnose(error.description)
      return (true, true)
    }
  }
}

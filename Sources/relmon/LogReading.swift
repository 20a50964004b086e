import AttemptLog
import CommandLineOptions
import Glibc
import Monitor

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
    for path in paths {
      do throws(LogReadError) {
        followers.append(try LogFollower(path: path))
      } catch {
        throw .inputOutput(error)
      }
    }
    return followers
  }
}

extension [LogFollower] {
  /// Reads all to their ends.
  ///
  /// - Returns: whether no file was damaged.
  func readAll(into sink: inout some RecordSink) throws(Failure) -> Bool {
    var isWhole = true
    for follower in self where try !follower.readAll(into: &sink) { isWhole = false }
    return isWhole
  }
}

extension LogFollower {
  /// Reads to the end, telling of what is rejected and of compressed files that are damaged.
  ///
  /// - Returns: whether no file was.
  func readAll<Sink: RecordSink>(into sink: inout Sink) throws(Failure) -> Bool {
    var diagnosing = DiagnosingSink(sink, self)
    var isWhole = true
    var hasMore = true
    while hasMore {
      do throws(LogReadError) {
        hasMore = try read(into: &diagnosing)
      } catch {
        guard error.costsOnlyRest else { throw .inputOutput(error) }
        Output.diagnose(error.description)
        isWhole = false
      }
    }
    diagnosing.summarize(Output.diagnose)
    sink = diagnosing.sink
    return isWhole
  }
}

import AttemptLog
import Glibc

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

/// Passes everything on and tells of the first rejected line of each location.
struct DiagnosingSink<Sink: RecordSink>: RecordSink {
  var sink: Sink
  let follower: LogFollower
  private(set) var rejected = 0

  init(_ sink: Sink, _ follower: LogFollower) {
    self.sink = sink
    self.follower = follower
  }

  mutating func accept(_ fields: LineScanner, _ line: Span<UInt8>, at position: LinePosition) {
    sink.accept(fields, line, at: position)
  }

  mutating func reject(_ error: LineError, _ line: Span<UInt8>, at position: LinePosition) {
    rejected += 1
    if rejected == 1 {
      Output.diagnose(
        "\(follower.path):\(position.line): \(error) (file offset \(position.offset))")
    }
    sink.reject(error, line, at: position)
  }
}

extension LogFollower {
  /// Reads to the end, telling of what is rejected.
  func readAll<Sink: RecordSink>(into sink: inout Sink) throws(Failure) {
    var diagnosing = DiagnosingSink(sink, self)
    do throws(LogReadError) {
      while try read(into: &diagnosing) {}
    } catch {
      throw .inputOutput(error)
    }
    sink = diagnosing.sink
    if diagnosing.rejected > 1 {
      Output.diagnose("\(location.path): \(diagnosing.rejected - 1) more lines were rejected")
    }
  }
}

public import AttemptLog
public import Exposition
import Glibc
public import HTTPServer
public import Reliability
import Synchronization
public import Threading

/// Follows logs, folds what they say, and has a page ready for the endpoint at any time.
///
/// A thread of its own reads; after each pass it publishes a snapshot, which a scrape takes without
/// waiting for the reading.
public final class Monitor: Sendable {
  public struct Configuration: Sendable {
    /// Between two looks at logs that have nothing new.
    public var pollInterval = Duration.seconds(1)
    /// Of the operation success rate, a fraction; exposed if given.
    public var objective: Double?
    public var version = relmonVersion
    /// How many labels there are at most.
    public var labels = LifetimeCounts.Limits()
    /// Pairs whose series are there before they are met.
    public var expected: [(provider: String, operation: String)] = []
    /// So many seconds a series that first appears in a live log is 0 before it has its value.
    public var zeroSeconds: UInt32 = 60
    /// Where the state is kept; without one everything is read again after a restart.
    public var statePath: String?
    public var now: @Sendable () -> Timestamp = { .now() }
    /// Spaces what is done in intervals.
    public var elapsed: @Sendable () -> MonotonicInstant = { .now }
    /// Told of what goes wrong while reading, one line each.
    public var diagnose: @Sendable (String) -> Void = { _ in }

    public init() {}

    var zeroMicroseconds: Int64 { Int64(zeroSeconds) * Timestamp.microsecondsPerSecond }

    /// Where the state of a log is kept if nothing else is said: beside a file, in a directory.
    public static func statePath(
      besideLog path: String, suffix: String = ".relmon-state"
    ) -> String {
      var status = stat()
      let isDirectory =
        unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
      let separator = isDirectory && !path.hasSuffix("/") ? "/" : ""
      return path + (isDirectory ? separator + "attempts" : "") + suffix
    }
  }

  /// What the endpoint shows.
  public enum State: Sendable {
    /// What was in the logs at the start is still being read: so many bytes are left.
    case readingBacklog(bytesLeft: Int64)
    case ready(MetricsPage)
  }

  private let published: Locked<State>
  private let wake: WakePipe
  private let isStopped = Atomic(false)
  private let thread = Locked<BlockingThread?>(nil)
  private let reader: Locked<LogReader>
  private let pollInterval: Duration

  /// Opens the logs; one that is not there yet is read as soon as it is, if its directory is there.
  public init(
    paths: [String], configuration: Configuration = Configuration()
  ) throws(MonitorError) {
    let reader = try LogReader(paths: paths, configuration: configuration)
    published = Locked(.readingBacklog(bytesLeft: reader.unreadBytes()))
    self.reader = Locked(reader)
    do throws(WakePipe.CreationError) {
      wake = try WakePipe()
    } catch {
      throw .pipe(error)
    }
    pollInterval = configuration.pollInterval
  }

  /// The state after the last pass.
  public var state: State { published.withLock { $0 } }

  /// Reads what is there now and publishes it.
  ///
  /// - Returns: whether there is more to read at once.
  public func pass() -> Bool {
    let (next, hasMore) = reader.withLock { $0.pass() }
    if let next { published.withLock { $0 = next } }
    return hasMore
  }

  /// Reads on a thread of its own until `stop()`, which must be called.
  public func start() throws(MonitorError) {
    do throws(BlockingThread.CreationError) {
      let created = try BlockingThread { [self] in
        while !isStopped.load(ordering: .acquiring) {
          if !pass() { wake.wait(atMost: pollInterval) }
        }
      }
      thread.withLock { $0 = created }
    } catch {
      throw .thread(error)
    }
  }

  /// Looks at the logs at once.
  public func lookNow() {
    wake.wake()
  }

  /// Returns when the reading has ended and the state is saved; does nothing the second time.
  public func stop() {
    isStopped.store(true, ordering: .releasing)
    wake.wake()
    let thread = thread.withLock { thread in
      defer { thread = nil }
      return thread
    }
    guard let thread else { return }
    thread.join()
    reader.withLock { $0.save() }
  }
}

/// Why a monitor cannot begin.
public enum MonitorError: Error, CustomStringConvertible {
  case log(LogReadError)
  case state(StateFileError)
  case pipe(WakePipe.CreationError)
  case thread(BlockingThread.CreationError)

  public var description: String {
    switch self {
    case .log(let error): error.description
    case .state(let error): error.description
    case .pipe(let error): error.description
    case .thread(let error): error.description
    }
  }
}

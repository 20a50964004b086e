import AttemptLog
import Exposition
import Reliability

/// The logs of a monitor with what was folded of them; owned by the thread that reads.
struct LogReader {
  private let followers: [LogFollower]
  private let configuration: Monitor.Configuration
  private var aggregate = Aggregate(LifetimeCounts())
  private var hasReadBacklog = false
  /// Gaps may be filled by late lines, but a counter that was exposed does not go back.
  private var missingExposed: Int64 = 0
  /// The last error of each log, so that one that stays is told once.
  private var lastErrors: [String?]

  /// What a pass reads of one log before it looks at the next.
  static let bytesOfPass = 4 << 20

  init(paths: [String], configuration: Monitor.Configuration) throws(LogReadError) {
    var followers: [LogFollower] = []
    for path in paths { followers.append(try LogFollower(path: path)) }
    self.followers = followers
    self.configuration = configuration
    lastErrors = followers.map { _ in nil }
  }

  func unreadBytes() -> Int64 {
    followers.reduce(0) { $0 + $1.unreadBytes() }
  }

  /// Reads on, and gives the new state unless it is the same.
  mutating func pass() -> (state: Monitor.State?, hasMore: Bool) {
    var hasMore = false
    for index in followers.indices where read(index) {
      hasMore = true
    }
    let isWhole = !hasMore && lastErrors.allSatisfy { $0 == nil }
    if !isWhole && !hasReadBacklog {
      return (.readingBacklog(bytesLeft: unreadBytes()), hasMore)
    }
    hasReadBacklog = true
    if !hasMore { aggregate.judge(at: configuration.now()) }
    return (.ready(page()), hasMore)
  }

  /// Whether there is more to read at once.
  private mutating func read(_ index: Int) -> Bool {
    let follower = followers[index]
    var sink = DiagnosingSink(aggregate, follower)
    aggregate = Aggregate(LifetimeCounts())  // one owner, so that nothing is copied
    defer { aggregate = sink.sink }
    do throws(LogReadError) {
      let hasMore = try follower.read(atLeast: Self.bytesOfPass, into: &sink)
      lastErrors[index] = nil
      sink.summarize(configuration.diagnose)
      return hasMore
    } catch {
      sink.summarize(configuration.diagnose)
      if lastErrors[index] != error.description { configuration.diagnose(error.description) }
      lastErrors[index] = error.description
      return error.costsOnlyRest
    }
  }

  private mutating func page() -> MetricsPage {
    missingExposed = max(missingExposed, aggregate.log.missing)
    return MetricsPage(
      aggregate: aggregate, now: configuration.now(), missing: missingExposed,
      bytesRead: followers.reduce(0) { $0 + $1.bytesRead }, unreadBytes: unreadBytes(),
      objective: configuration.objective, version: configuration.version)
  }
}

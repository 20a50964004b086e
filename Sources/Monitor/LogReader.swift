import AttemptLog
import Exposition
import Glibc
import Reliability

/// The logs of a monitor with what was folded of them; owned by the thread that reads.
struct LogReader {
  private let followers: [LogFollower]
  /// The names of their positions in the state.
  private let names: [String]
  private let configuration: Monitor.Configuration
  private var state = MonitorState()
  private let file: StateFile?
  private var hasReadBacklog = false
  /// The last error of each log, so that one that stays is told once; and of the state.
  private var lastErrors: [String?]
  private var lastSaveError: StateFileError?
  /// What was saved last, and when it was looked at whether there is news.
  private var savedPayload: [UInt8]?
  private var lastSave: ContinuousClock.Instant?

  /// What a pass reads of one log before it looks at the next.
  static let bytesOfPass = 4 << 20
  /// The state is not saved more often, and while the backlog is read not more often than the second.
  static let saveInterval = Duration.seconds(1)
  static let backlogSaveInterval = Duration.seconds(5)

  init(paths: [String], configuration: Monitor.Configuration) throws(MonitorError) {
    self.configuration = configuration
    do throws(StateFileError) {
      file = try configuration.statePath.map { path throws(StateFileError) in
        try StateFile(path: path)
      }
    } catch {
      throw .state(error)
    }
    names = paths.map(Self.absolute)
    lastErrors = paths.map { _ in nil }
    if let file { state = Self.load(file, configuration) }
    var lateWrites = LogFollower.LateWrites()
    lateWrites.now = configuration.elapsed
    var followers: [LogFollower] = []
    do throws(LogReadError) {
      for (path, name) in zip(paths, names) {
        let follower: LogFollower
        if let resumption = state.logs[name] {
          follower = try LogFollower(path: path, lateWrites: lateWrites, resuming: resumption)
        } else {
          follower = try LogFollower(path: path, lateWrites: lateWrites)
        }
        followers.append(follower)
      }
    } catch {
      throw .log(error)
    }
    self.followers = followers
    for follower in followers { note(follower.losses, of: follower.location.path) }
  }

  private static func absolute(_ path: String) -> String {
    guard let resolved = unsafe realpath(path, nil) else { return path }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }

  private static func load(
    _ file: StateFile, _ configuration: Monitor.Configuration
  ) -> MonitorState {
    let loaded = file.load { payload throws(StateError) in try MonitorState(payload) }
    for error in loaded.errors { configuration.diagnose(error.description) }
    if let state = loaded.state { return state }
    var state = MonitorState()
    if !loaded.errors.isEmpty {
      configuration.diagnose("the state is lost: all counters begin again at 0")
      state.figures.lost = 1
    }
    return state
  }

  private mutating func note(_ losses: ResumptionLosses, of path: String) {
    state.figures.truncated += losses.truncated
    state.figures.deletedUnreadBytes = min(
      state.figures.deletedUnreadBytes + losses.bytes, Int64(StateCoder.countMax))
    if losses.files > 0 {
      configuration.diagnose(
        "of \"\(path)\" \(losses.files) files that were being read are gone, with \(losses.bytes) "
          + "unread bytes or more")
    }
    if losses.truncated > 0 {
      configuration.diagnose(
        "of \"\(path)\" \(losses.truncated) files are shorter than what was read of them; reading "
          + "goes on at their new ends")
    }
  }

  func unreadBytes() -> Int64 {
    followers.reduce(0) { $0 + $1.unreadBytes() }
  }

  private var bytesRead: Int64 { followers.reduce(0) { $0 + $1.bytesRead } }

  /// Reads on, and gives the new state unless it is the same.
  mutating func pass() -> (state: Monitor.State?, hasMore: Bool) {
    var hasMore = false
    for index in followers.indices where read(index) {
      hasMore = true
    }
    let isWhole = !hasMore && lastErrors.allSatisfy { $0 == nil }
    if !isWhole && !hasReadBacklog {
      if isDue(Self.backlogSaveInterval) { save() }
      return (.readingBacklog(bytesLeft: unreadBytes()), hasMore)
    }
    hasReadBacklog = true
    if !hasMore { state.aggregate.judge(at: configuration.now()) }
    state.missingExposed = max(state.missingExposed, state.aggregate.log.missing)
    if file != nil {
      // What is exposed is in the state before: after a kill no counter is below what was scraped.
      guard isDue(Self.saveInterval) else { return (nil, hasMore) }
      save()
    }
    return (.ready(page()), hasMore)
  }

  private func isDue(_ interval: Duration) -> Bool {
    lastSave.map { configuration.elapsed() - $0 >= interval } ?? true
  }

  /// Saves the state if there is news; what goes wrong is counted, and told when it is new.
  mutating func save() {
    guard let file else { return }
    for (name, follower) in zip(names, followers) { state.logs[name] = follower.resumption }
    lastSave = configuration.elapsed()
    let payload = state.payload()
    guard payload != savedPayload else { return }
    do throws(StateFileError) {
      try file.save(payload)
      savedPayload = payload
      state.figures.saved = configuration.now()
      if lastSaveError != nil { configuration.diagnose("the state is saved again") }
      lastSaveError = nil
    } catch {
      state.figures.saveErrors += 1
      if lastSaveError != error { configuration.diagnose(error.description) }
      lastSaveError = error
    }
  }

  /// Whether there is more to read at once.
  private mutating func read(_ index: Int) -> Bool {
    let follower = followers[index]
    var sink = DiagnosingSink(state.aggregate, follower)
    state.aggregate = Aggregate(LifetimeCounts())  // one owner, so that nothing is copied
    defer { state.aggregate = sink.sink }
    do throws(LogReadError) {
      let hasMore = try follower.read(atLeast: Self.bytesOfPass, into: &sink)
      lastErrors[index] = nil
      sink.summarize(configuration.diagnose)
      return hasMore
    } catch {
      sink.summarize(configuration.diagnose)
      if case .truncated = error { state.figures.truncated += 1 }
      if lastErrors[index] != error.description { configuration.diagnose(error.description) }
      lastErrors[index] = error.description
      return error.costsOnlyRest
    }
  }

  private func page() -> MetricsPage {
    MetricsPage(
      aggregate: state.aggregate, now: configuration.now(), missing: state.missingExposed,
      bytesRead: bytesRead, unreadBytes: unreadBytes(), objective: configuration.objective,
      version: configuration.version, state: file == nil ? nil : state.figures)
  }
}

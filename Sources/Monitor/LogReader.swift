import AttemptLog
import Exposition
import Reliability
import Threading

/// The logs of a monitor with what was folded of them; owned by the thread that reads.
struct LogReader {
  private var followers: [LogFollower]
  /// Where a log was read up to that is not there now: kept until it is there again, or another.
  private var parked: [LogResumption?]
  /// The names of their positions in the state.
  private let names: [String]
  private let lateWrites: LogFollower.LateWrites
  private let configuration: Monitor.Configuration
  private var state: MonitorState
  private let file: StateFile?
  private var hasReadBacklog = false
  /// Whether a page of this state may have been scraped before.
  private var wasShown: Bool
  /// The last error of each log, so that one that stays is told once; and of the state.
  private var lastErrors: [String?]
  private var unfinishedLines: [UnfinishedLine?]
  private var lastSaveError: StateFileError?
  /// What was saved last, and when it was looked at whether there is news.
  private var savedPayload: [UInt8]?
  private var lastSave: MonotonicInstant?

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
    names = paths.map(LogLocation.named)
    lastErrors = paths.map { _ in nil }
    unfinishedLines = paths.map { _ in nil }
    state = MonitorState(labels: configuration.labels)
    wasShown = false
    if let file { wasShown = Self.load(file, into: &state, configuration) }
    for (provider, operation) in configuration.expected {
      state.aggregate.expect(provider: provider, operation: operation, at: configuration.now())
    }
    var lateWrites = LogFollower.LateWrites()
    lateWrites.now = configuration.elapsed
    self.lateWrites = lateWrites
    followers = []
    parked = paths.map { _ in nil }
    do throws(LogReadError) {
      for (index, path) in paths.enumerated() {
        // In an older state a log has the name of what a link led to.
        let resumption =
          state.logs[names[index]] ?? state.logs.removeValue(forKey: LogLocation.resolved(path))
          ?? LogResumption()
        followers.append(
          try LogFollower(path: path, lateWrites: lateWrites, resuming: resumption))
        take(resumption, index)
      }
    } catch {
      throw .log(error)
    }
    for follower in followers where follower.awaitsLog {
      configuration.diagnose(
        "there is no log at \"\(follower.location.path)\" yet: waiting for it")
    }
  }

  /// Counts what is lost of a log that goes on, and keeps the place in one that is not there.
  private mutating func take(_ resumption: LogResumption, _ index: Int) {
    let follower = followers[index]
    let isGone = follower.awaitsLog && follower.losses.files > 0
    parked[index] = isGone ? resumption : nil
    if !isGone { note(follower.losses, of: follower.location.path) }
  }

  /// Looks whether a log is there that was not.
  private mutating func unpark(_ index: Int) throws(LogReadError) {
    guard let resumption = parked[index] else { return }
    followers[index] = try LogFollower(
      path: followers[index].location.path, lateWrites: lateWrites, resuming: resumption)
    take(resumption, index)
  }

  /// - Returns: whether there is a state that can be used.
  private static func load(
    _ file: StateFile, into state: inout MonitorState, _ configuration: Monitor.Configuration
  ) -> Bool {
    let loaded = file.load { payload throws(StateError) in
      try MonitorState(payload, labels: configuration.labels)
    }
    for error in loaded.errors { configuration.diagnose(error.description) }
    if let usable = loaded.state {
      state = usable
      return true
    }
    if !loaded.errors.isEmpty {
      configuration.diagnose("the state is lost: all counters begin again at 0")
      state.figures.lost = 1
    }
    return false
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
    let now = configuration.now()
    if !hasMore { state.aggregate.judge(at: now) }
    // Nobody saw the monitor before its first page: what is on it is history, not news.
    state.aggregate.noteBirths(wasShown ? .at(now) : .fromStart)
    state.aggregate.forgetBirths(olderThan: configuration.zeroMicroseconds, at: now)
    state.missingExposed = max(state.missingExposed, state.aggregate.log.missing)
    if file != nil {
      // What is exposed is in the state before: after a kill no counter is below what was scraped.
      guard isDue(Self.saveInterval) else { return (nil, hasMore) }
      save()
    }
    wasShown = true
    return (.ready(page(at: now)), hasMore)
  }

  private func isDue(_ interval: Duration) -> Bool {
    lastSave.map { configuration.elapsed() - $0 >= interval } ?? true
  }

  /// Saves the state if there is news; what goes wrong is counted, and told when it is new.
  mutating func save() {
    guard let file else { return }
    for (index, name) in names.enumerated() {
      state.logs[name] = parked[index] ?? followers[index].resumption
    }
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
    do throws(LogReadError) {
      try unpark(index)
    } catch {
      note(error, index)
      return false
    }
    guard parked[index] == nil else { return false }
    let follower = followers[index]
    var sink = DiagnosingSink(state.aggregate, follower)
    state.aggregate = Aggregate(LifetimeCounts())  // one owner, so that nothing is copied
    defer { state.aggregate = sink.sink }
    do throws(LogReadError) {
      let hasMore = try follower.read(atLeast: Self.bytesOfPass, into: &sink)
      lastErrors[index] = nil
      sink.summarize(configuration.diagnose)
      if !hasMore { lookForUnfinishedLine(index) }
      return hasMore
    } catch {
      sink.summarize(configuration.diagnose)
      if error.isTruncation { state.figures.truncated += 1 }
      note(error, index)
      return error.costsOnlyRest
    }
  }

  /// Tells of an error that is new.
  private mutating func note(_ error: LogReadError, _ index: Int) {
    if lastErrors[index] != error.description { configuration.diagnose(error.description) }
    lastErrors[index] = error.description
  }

  private mutating func lookForUnfinishedLine(_ index: Int) {
    let now = configuration.elapsed()
    let follower = followers[index]
    unfinishedLines[index] = .next(unfinishedLines[index], of: follower, now: now)
    let bytes = follower.unfinishedLine?.bytes ?? 0
    guard let warning = unfinishedLines[index]?.warning(bytes: bytes, now: now) else { return }
    configuration.diagnose(warning)
  }

  private func page(at now: Timestamp) -> MetricsPage {
    MetricsPage(
      aggregate: state.aggregate, now: now, missing: state.missingExposed,
      bytesRead: bytesRead, unreadBytes: unreadBytes(), objective: configuration.objective,
      version: configuration.version, state: file == nil ? nil : state.figures,
      zeroMicroseconds: configuration.zeroMicroseconds)
  }
}

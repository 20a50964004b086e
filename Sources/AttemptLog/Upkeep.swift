/// What the thread keeps in mind about the file.
struct Upkeep {
  private(set) var lastLook: Int64
  /// Begin of the session, or of the time since a step of the wall clock was seen.
  private var settledSince: Int64
  private var deletedSinceThen = 0
  /// The wall clock and the monotonic clock at the last look.
  var clocks: (wall: Timestamp, elapsed: Int64)?
  var wantsReopening = false
  /// No try to open before, and how long to wait after the next that fails.
  var nextOpening: Int64 = 0
  var openingPause = LogWriter.reopenInterval
  /// The file is not to be synced again: a sync of it failed.
  var isGivenUp = false
  /// A file that is given up is not replaced before, and how long to wait after that.
  private var nextReplacement: Int64 = 0
  private var replacementPause = LogWriter.reopenInterval
  var lastSync: Int64 = 0
  private(set) var linesSynced: Int64 = 0
  /// Texts of the warnings given.
  var warned: Set<String> = []

  init(now: Int64) {
    lastLook = now
    settledSince = now
  }

  func isDue(_ now: Int64) -> Bool {
    now - lastLook >= Int64(nanoseconds: LogWriter.tickInterval)
  }

  mutating func looked(at now: Int64, wall: Timestamp) {
    if let clocks {
      let monotonic = (now - clocks.elapsed) / 1000
      let step = wall.microseconds - clocks.wall.microseconds - monotonic
      if step.magnitude > Self.clockStepMicroseconds {
        settledSince = now
        deletedSinceThen = 0
      }
    }
    clocks = (wall, now)
    lastLook = now
  }

  /// How many segments may be deleted now: one, until no step of the clock was seen for as long as
  /// a segment is young.
  func deletionsMax(_ now: Int64) -> Int {
    let isSettled = (now - settledSince) / 1_000_000_000 >= SegmentDirectory.youngSeconds
    return isSettled ? .max : max(0, 1 - deletedSinceThen)
  }

  mutating func deleted(_ count: Int) {
    deletedSinceThen += count
  }

  /// More than slewing by NTP does between two looks.
  private static let clockStepMicroseconds: UInt64 = 1_000_000

  mutating func askForReopening() {
    wantsReopening = true
  }

  mutating func openingFailed(at now: Int64, _ reason: DropReason) {
    // Space that comes back is to be noticed soon.
    if reason.isLackOfSpace {
      nextOpening = now + Int64(nanoseconds: LogWriter.reopenInterval)
    } else {
      nextOpening = now + Int64(nanoseconds: openingPause)
      openingPause = min(openingPause * 2, LogWriter.reopenIntervalMax)
    }
  }

  /// Whether it is time for a new file because a sync of this one failed.
  func replaces(at now: Int64) -> Bool {
    isGivenUp && now >= nextReplacement
  }

  mutating func replaced(at now: Int64) {
    nextReplacement = now + Int64(nanoseconds: replacementPause)
    replacementPause = min(replacementPause * 2, LogWriter.reopenIntervalMax)
  }

  mutating func synced(at now: Int64, lines: Int64) {
    linesSynced = lines
    // Every other sync of a broken disk may succeed.
    if now >= nextReplacement { replacementPause = LogWriter.reopenInterval }
  }

  mutating func opened() {
    wantsReopening = false
    nextOpening = 0
    openingPause = LogWriter.reopenInterval
  }
}

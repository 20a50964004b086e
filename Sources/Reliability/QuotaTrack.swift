import AttemptLog

/// One quota of one account: its episodes, from attempts in the order of their times.
struct QuotaTrack: Sendable {
  /// Those that have ended, merged where they lie near each other.
  private(set) var episodes: [QuotaEpisode] = []
  private var run: QuotaEpisode?

  /// Takes an attempt that this quota refused.
  mutating func refuse(_ attempt: QuotaAttempt, _ signal: QuotaSignal) {
    conclude(before: attempt)
    if run == nil {
      run = QuotaEpisode(attempt, signal, after: episodes.last)
    } else {
      run?.add(attempt, signal)
    }
  }

  /// Counts an operation that was lost with a signal of this time, by the episode that has it; one
  /// that was given away is not asked.
  mutating func lose(at time: Timestamp) -> Bool {
    // The run may begin in the microsecond in which the episode before it had its last signal.
    for index in episodes.indices.reversed() where episodes[index].lose(at: time) { return true }
    return run?.lose(at: time) == true
  }

  /// Takes an attempt of the account that was accepted.
  mutating func accept(_ attempt: QuotaAttempt) {
    guard run != nil else { return }
    conclude(before: attempt)
    if run?.close(with: attempt) == true { conclude() }
  }

  private mutating func conclude() {
    guard var run else { return }
    self.run = nil
    guard run.isOpened else { return }
    run.forgetOperations()
    if let last = episodes.last, last.isNear(run) {
      episodes[episodes.count - 1].merge(run)
    } else {
      episodes.append(run)
    }
  }

  /// All episodes if nothing more comes.
  func concluded() -> [QuotaEpisode] {
    var track = self
    track.conclude()
    return track.episodes
  }

  /// Gives away the episodes that no later one can be merged with.
  mutating func takeFinal() -> ArraySlice<QuotaEpisode> {
    guard episodes.count > 1 else { return [] }
    defer { episodes = Array(episodes.suffix(1)) }
    return episodes.dropLast()
  }

  private mutating func conclude(before attempt: QuotaAttempt) {
    if let run, attempt.time > run.waitsUntil { conclude() }
  }
}

extension QuotaTrack: StateCoded {
  mutating func code(with coder: inout StateCoder) {
    coder.code(&episodes, blank: QuotaEpisode()) { $0.code(with: &$1) }
    coder.code(&run, blank: QuotaEpisode()) { $0.code(with: &$1) }
  }
}

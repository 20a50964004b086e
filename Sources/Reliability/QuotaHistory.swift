import AttemptLog

/// The quota episodes of a log that have a part in a span of time: for the report.
struct QuotaHistory: Sendable {
  /// Accounts that are followed each by itself; the later ones are followed together.
  static let accountsMax = 1000
  /// Names of quotas; later ones are `_other`.
  static let namesMax = 32
  /// Episodes that are listed.
  static let episodesMax = 10_000
  /// Attempts that wait to be put in order.
  static let heldMax = 1 << 14

  private let span: Window
  private var order = ReorderBuffer<QuotaAttempt>(heldMax: heldMax)
  private var accounts = BoundedNames(capacity: accountsMax)
  private var quotas = BoundedNames(capacity: namesMax)
  private var episodes = Episodes()
  private var losses: [Loss] = []

  fileprivate struct Key: Hashable, Comparable, Sendable {
    let account: Int
    let quota: Int

    static func < (one: Self, other: Self) -> Bool {
      (one.account, one.quota) < (other.account, other.quota)
    }
  }

  /// An operation whose last attempt was a signal.
  fileprivate struct Loss: Sendable {
    let key: Key
    let time: Timestamp
  }

  /// - Parameter span: episodes without a part in it are not kept.
  init(span: Window) {
    self.span = span
  }

  /// Attempts that came too late to be put in order.
  var late: Int { order.late }
  /// Episodes for which there was no room.
  private(set) var unlisted = 0

  /// The number of an attempt's account; nil if it has none.
  mutating func account(
    _ attempt: AttemptLine, _ names: LineNames, _ map: inout NameMap
  ) -> Int? {
    guard let account = attempt.event.account.map({ Int($0) }) else { return nil }
    return map.accounts.number(of: account) {
      let name = NamePair(names.accounts.bytes(account)).cut(bytesMax: BoundedNames.textBytesMax)
      return accounts.number(name[...])
    }
  }

  /// The name of an account, as in `LineNames`; nil of those that are followed together.
  func accountName(_ account: Int) -> ArraySlice<UInt8>? {
    account == accounts.overflowNumber ? nil : accounts.name(account)
  }

  /// Notes an attempt, if it is a signal or was accepted.
  ///
  /// - Returns: of a signal: of what.
  mutating func note(
    _ attempt: AttemptLine, account number: Int, _ names: LineNames, _ map: inout NameMap
  ) -> KeptAttempt.Refusal? {
    guard attempt.event.concernsQuota else { return nil }
    var signal = attempt.event.signal
    if let name = signal?.quota {
      signal?.quota = map.quotas.number(of: name) {
        quotas.number(names.quotas.bytes(name).prefix(textBytesMax: BoundedNames.textBytesMax))
      }
    }
    note(QuotaAttempt(attempt.event, account: number, operation: attempt.scope, signal: signal))
    return signal.map { .init(account: number, quota: $0.quota) }
  }

  private mutating func note(_ attempt: QuotaAttempt) {
    order.append(attempt)
    if order.isFull { fold(all: false) }
  }

  /// Notes that an operation was lost with a signal.
  mutating func noteLoss(account: Int, quota: Int, at time: Timestamp) {
    losses.append(Loss(key: Key(account: account, quota: quota), time: time))
  }

  private mutating func fold(all: Bool) {
    order.take(all: all) { episodes.fold($0) }
    episodes.ended = episodes.ended.compactMapValues { ended in
      let kept = ended.filter { span.overlaps($0.start, $0.end) }
      return kept.isEmpty ? nil : kept
    }
    dropBeyondLimit()
    let folded = order.frontier
    losses = losses.filter { loss in
      guard all || loss.time < folded else { return true }
      episodes.lose(loss)
      return false
    }
  }

  private mutating func dropBeyondLimit() {
    var room = Self.episodesMax
    for (key, ended) in episodes.ended.sorted(by: { $0.key < $1.key }) {
      unlisted += max(0, ended.count - room)
      episodes.ended[key] = Array(ended.prefix(room))
      room -= min(room, ended.count)
    }
  }

  /// Episodes that have a part in the span, by their start; nothing more comes.
  mutating func conclude() -> [QuotaEpisodeRow] {
    fold(all: true)
    episodes.conclude()
    dropBeyondLimit()
    return episodes.ended.flatMap { key, episodes in
      let account = NamePair(accounts.name(key.account))
      return episodes.filter { span.overlaps($0.start, $0.end) }.map {
        QuotaEpisodeRow(
          provider: account.first.text, account: account.second?.text,
          quota: quotas.name(key.quota).text, episode: $0)
      }
    }.sorted { $0.precedes($1) }
  }
}

extension QuotaHistory {
  fileprivate struct Episodes: Sendable {
    /// Of each account the quotas that ever refused it, with their tracks.
    private var tracks: [[(quota: Int, track: QuotaTrack)]] = []
    /// Those that nothing can change any more but an operation that is lost with one.
    var ended: [Key: [QuotaEpisode]] = [:]

    mutating func fold(_ attempt: QuotaAttempt) {
      let account = attempt.account
      guard let signal = attempt.signal else {
        guard account < tracks.count else { return }
        for index in tracks[account].indices { tracks[account][index].track.accept(attempt) }
        return
      }
      while tracks.count <= account { tracks.append([]) }
      let known = place(Key(account: account, quota: signal.quota))
      let index = known ?? tracks[account].count
      if known == nil { tracks[account].append((signal.quota, QuotaTrack())) }
      tracks[account][index].track.refuse(attempt, signal)
      let final = tracks[account][index].track.takeFinal()
      if !final.isEmpty {
        ended[Key(account: account, quota: signal.quota), default: []] += final
      }
    }

    mutating func lose(_ loss: Loss) {
      if let index = place(loss.key),
        tracks[loss.key.account][index].track.lose(at: loss.time)
      {
        return
      }
      for index in (ended[loss.key] ?? []).indices.reversed()
      where ended[loss.key]?[index].lose(at: loss.time) == true { return }
    }

    private func place(_ key: Key) -> Int? {
      guard key.account < tracks.count else { return nil }
      return tracks[key.account].firstIndex { $0.quota == key.quota }
    }

    mutating func conclude() {
      for (account, quotas) in tracks.enumerated() {
        for (quota, track) in quotas {
          ended[Key(account: account, quota: quota), default: []] += track.concluded()
        }
      }
      tracks = []
    }
  }
}

/// One exhaustion of one quota of one account.
public struct QuotaEpisodeRow: Sendable {
  public let provider: String
  public let account: String?
  /// As the log names it.
  public let quota: String
  public let episode: QuotaEpisode
  /// Operations without a parent that failed with a signal of the episode as their last attempt.
  public var operationsLost: Int { episode.operationsLost }
  /// Signals that began after an end had been announced and before it came.
  public var pointlessAttempts: Int { episode.pointlessAttempts }

  fileprivate func precedes(_ other: Self) -> Bool {
    if episode.start != other.episode.start { return episode.start < other.episode.start }
    return texts.precedes(other.texts)
  }

  private var texts: [String] {
    [provider, account ?? "", quota, account == nil ? "" : "present"]
  }
}

public import AttemptLog

/// The quotas of all accounts while a log is read, in bounded memory: for the endpoint.
///
/// Attempts are put into the order of their times: each waits until so many later ones were read
/// that an earlier one is not expected any more.
public struct QuotaWatch: Sendable {
  /// Accounts that are followed each by itself; the later ones of a provider are followed together.
  public static let accountsMax = 1000
  /// Names of quotas, `other` among them, which stands for the later ones.
  public static let namesMax = 32
  /// Attempts that wait, at least.
  static let heldMax = 8192

  private var names = Interner(capacity: accountsMax)
  private var quotas = BoundedNames(
    capacity: namesMax - 1, overflow: Array(QuotaName.other.rawValue.utf8))
  private var accounts: [Int: Account] = [:]
  private var order = ReorderBuffer<QuotaAttempt>(heldMax: heldMax)
  private var noted = 0
  /// By provider; what was told about each quota, and by which time.
  private var readings: [Int: Table<QuotaName, Reading>] = [:]
  private var judged: (noted: Int, accounts: [Int: Account])?
  private var exposed: [Int: Table<QuotaName, State>] = [:]

  init() {}

  /// What the endpoint says of one quota, all accounts of a provider together.
  public struct State: Hashable, Sendable {
    /// Neither this nor the time goes back.
    public fileprivate(set) var episodes = 0
    fileprivate var microseconds: Int64 = 0
    public fileprivate(set) var isExhausted = false
    /// Announced end of the open episode.
    public fileprivate(set) var reset: Timestamp?

    /// Time inside episodes.
    public var seconds: Double {
      Double(microseconds) / Double(Timestamp.microsecondsPerSecond)
    }
  }

  /// What the newest response said of a quota.
  public struct Reading: Sendable {
    public fileprivate(set) var limit: Double?
    public fileprivate(set) var remaining: Double?
    fileprivate var limitTime = Timestamp.earliest
    fileprivate var remainingTime = Timestamp.earliest
  }

  fileprivate struct Account: Sendable {
    var provider: Int
    /// Names and tracks of its quotas that ever refused.
    var quotas: [Int] = []
    var tracks: [QuotaTrack] = []
    /// Of episodes that are no longer kept.
    var before = Table<QuotaName, Totals>(repeating: Totals())
  }

  fileprivate struct Totals: Sendable {
    var episodes = 0
    var microseconds: Int64 = 0
  }
}

// MARK: - Folding

extension QuotaWatch {
  /// The number of an account; nil if it is new and there is no room.
  mutating func account(named name: ArraySlice<UInt8>) -> Int? {
    names.number(NamePair(name).cut(bytesMax: LifetimeCounts.labelBytesMax).span)
  }

  mutating func quota(named name: ArraySlice<UInt8>) -> Int { quotas.number(name) }

  /// - Parameters:
  ///   - attempt: a signal, or an attempt that was accepted.
  ///   - provider: number of its label.
  mutating func note(_ attempt: QuotaAttempt, provider: Int) {
    if attempt.signal != nil && accounts[attempt.account] == nil {
      accounts[attempt.account] = Account(provider: provider)
    }
    order.append(attempt)
    noted += 1
    if order.isFull { fold(all: false) }
  }

  /// Where the quotas of a provider are followed whose accounts came too late.
  func account(ofProvider provider: Int) -> Int { Self.accountsMax + provider }

  private mutating func fold(all: Bool) {
    order.take(all: all) { attempt in
      if accounts[attempt.account] != nil { accounts[attempt.account]?.fold(attempt, quotas) }
    }
  }

  /// Takes what a response said.
  mutating func read(_ reading: QuotaReading, quota: Int?, at time: Timestamp, provider: Int) {
    let quota = quota.map { quotas.quotaName($0) } ?? .other
    var table = readings[provider] ?? Table(repeating: Reading())
    if let limit = reading.limit, time >= table[quota].limitTime {
      table[quota].limit = limit
      table[quota].limitTime = time
    }
    if let remaining = reading.remaining, time >= table[quota].remainingTime {
      table[quota].remaining = remaining
      table[quota].remainingTime = time
    }
    readings[provider] = table
  }
}

extension BoundedNames {
  /// Which of the closed set it is.
  fileprivate func quotaName(_ number: Int) -> QuotaName {
    QuotaName(rawValue: name(number).text) ?? .other
  }
}

extension QuotaWatch.Account {
  fileprivate mutating func fold(_ attempt: QuotaAttempt, _ names: BoundedNames) {
    guard let signal = attempt.signal else {
      for index in tracks.indices { tracks[index].accept(attempt) }
      return
    }
    let index = quotas.firstIndex(of: signal.quota) ?? quotas.count
    if index == quotas.count {
      quotas.append(signal.quota)
      tracks.append(QuotaTrack())
    }
    tracks[index].refuse(attempt, signal)
    for episode in tracks[index].takeFinal() {
      let quota = names.quotaName(signal.quota)
      before[quota].episodes += 1
      before[quota].microseconds = before[quota].microseconds.addingSaturated(
        max(0, episode.end.microseconds - episode.start.microseconds))
    }
  }
}

// MARK: - Judging

extension QuotaWatch {
  /// Looks at the episodes at this time, after everything available was read.
  mutating func judge(at now: Timestamp) {
    if judged?.noted != noted {
      var whole = self
      whole.fold(all: true)
      judged = (noted, whole.accounts)
    }
    var states: [Int: Table<QuotaName, State>] = [:]
    for account in (judged?.accounts ?? [:]).values {
      account.add(to: &states[account.provider, default: Table(repeating: State())], quotas, now)
    }
    // What was concluded from a part of the log is not taken back: a counter does not fall.
    for (provider, table) in exposed {
      for quota in QuotaName.allCases {
        states[provider, default: Table(repeating: State())][quota].keep(table[quota])
      }
    }
    exposed = states
  }

  /// The quotas of a provider, by the number of its label.
  public func state(_ provider: Int, _ quota: QuotaName) -> State {
    exposed[provider]?[quota] ?? State()
  }

  public func reading(_ provider: Int, _ quota: QuotaName) -> Reading? {
    readings[provider]?[quota]
  }
}

extension QuotaWatch.State {
  fileprivate mutating func keep(_ earlier: Self) {
    episodes = max(episodes, earlier.episodes)
    microseconds = max(microseconds, earlier.microseconds)
  }
}

extension QuotaWatch.Account {
  fileprivate func add(
    to states: inout Table<QuotaName, QuotaWatch.State>, _ names: BoundedNames, _ now: Timestamp
  ) {
    var totals = before
    for (name, track) in zip(quotas, tracks) {
      let quota = names.quotaName(name)
      for episode in track.concluded() {
        totals[quota].episodes += 1
        totals[quota].microseconds = totals[quota].microseconds.addingSaturated(
          max(0, min(episode.end, now).microseconds - episode.start.microseconds))
        guard episode.end > now else { continue }
        states[quota].isExhausted = true
        if let end = episode.announcedEnd {
          states[quota].reset = max(states[quota].reset ?? end, end)
        }
      }
    }
    for quota in QuotaName.allCases {
      states[quota].episodes += totals[quota].episodes
      states[quota].microseconds = states[quota].microseconds.addingSaturated(
        totals[quota].microseconds)
    }
  }
}

// MARK: - State

extension QuotaWatch: StateCoded {
  mutating func code(with coder: inout StateCoder) {
    names.code(with: &coder)
    quotas.code(with: &coder)
    coder.code(&accounts, blank: Account(provider: 0)) { $0.code(with: &$1) }
    order.code(with: &coder, blank: QuotaAttempt()) { $0.code(with: &$1) }
    coder.code(&noted)
    coder.code(&readings, blank: Table(repeating: Reading())) { table, coder in
      table.code(with: &coder) { $0.code(with: &$1) }
    }
    coder.code(&exposed, blank: Table(repeating: State())) { table, coder in
      table.code(with: &coder) { $0.code(with: &$1) }
    }
    // Follows from the rest.
    if coder.isReading { judged = nil }
  }
}

extension QuotaWatch.Account {
  fileprivate mutating func code(with coder: inout StateCoder) {
    coder.code(&provider)
    coder.code(&quotas, blank: 0) { $1.code(&$0) }
    coder.code(&tracks, blank: QuotaTrack()) { $0.code(with: &$1) }
    coder.check(tracks.count == quotas.count)
    before.code(with: &coder) {
      $1.code(&$0.episodes)
      $1.code(&$0.microseconds, max: .max)
    }
  }
}

extension QuotaWatch.Reading {
  fileprivate mutating func code(with coder: inout StateCoder) {
    coder.code(&limit)
    coder.code(&remaining)
    coder.code(&limitTime)
    coder.code(&remainingTime)
  }
}

extension QuotaWatch.State {
  fileprivate mutating func code(with coder: inout StateCoder) {
    coder.code(&episodes)
    coder.code(&microseconds, max: .max)
    coder.code(&isExhausted)
    coder.code(&reset)
  }
}

import AttemptLog

/// What the quota episodes of a whole log are made of, while it is read: for the report.
struct QuotaHistory: Sendable {
  private var accounts = AccountNames()
  private var quotas = QuotaNames()
  /// By the places of their attempts.
  private var signals: [Int: QuotaSignal] = [:]
  private var refusedAccounts: Set<Int> = []

  /// Notes an attempt.
  ///
  /// - Returns: the number of its provider and account; nil if no episode can need it.
  mutating func note(
    _ event: AttemptEvent, place: Int, _ fields: LineScanner, _ line: Span<UInt8>
  ) -> Int? {
    let signal = QuotaSignal(event, names: &quotas, fields, line)
    guard signal != nil || event.isAccepted, let account = accounts.number(fields, line) else {
      return nil
    }
    if let signal {
      signals[place] = signal
      refusedAccounts.insert(account)
    }
    return account
  }

  /// Whether a quota of the account refused anything.
  func hasRefused(_ account: Int) -> Bool { refusedAccounts.contains(account) }

  /// The attempt as its episodes need it.
  func attempt(_ line: AttemptLine, account: Int, place: Int) -> QuotaAttempt {
    QuotaAttempt(
      line.event, account: account, operation: line.scope, signal: signals[place], place: place)
  }

  /// All episodes, by their start.
  ///
  /// - Parameters:
  ///   - attempts: those of accounts that were refused, in the order of events.
  ///   - isLost: whether the attempt at a place was the last one of an operation that was lost.
  func episodes(
    _ attempts: some Sequence<QuotaAttempt>, isLost: (_ place: Int) -> Bool
  ) -> [QuotaEpisodeRow] {
    var tracks: [Int: [Int: QuotaTrack]] = [:]  // by account and quota
    for attempt in attempts {
      if let signal = attempt.signal {
        tracks[attempt.account, default: [:]][signal.quota, default: QuotaTrack()]
          .refuse(attempt, signal, keepsRefusals: true)
      } else if let quotas = tracks[attempt.account]?.keys {
        for quota in Array(quotas) { tracks[attempt.account]?[quota]?.accept(attempt) }
      }
    }
    var rows: [QuotaEpisodeRow] = []
    for (account, tracks) in tracks {
      for (quota, track) in tracks {
        rows += track.concluded().map { episode in
          QuotaEpisodeRow(
            provider: accounts.provider(account), account: accounts.account(account),
            quota: quotas.name(quota), episode: episode,
            operationsLost: episode.refusals.count { isLost($0.place) },
            pointlessAttempts: episode.pointlessAttempts)
        }
      }
    }
    return rows.sorted { $0.precedes($1) }
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
  public let operationsLost: Int
  public let pointlessAttempts: Int

  fileprivate func precedes(_ other: Self) -> Bool {
    if episode.start != other.episode.start { return episode.start < other.episode.start }
    return texts.precedes(other.texts)
  }

  private var texts: [String] {
    [provider, account ?? "", quota, account == nil ? "" : "present"]
  }
}

/// The pairs of provider and account, numbered in the order in which they came.
struct AccountNames: Sendable {
  private var known: Interner
  private let nameBytesMax: Int
  private var buffer: [UInt8] = []
  /// Stands behind the provider, and again before an account; it occurs in no UTF-8.
  private static let separator: UInt8 = 0xFF

  init(capacity: Int = .max, nameBytesMax: Int = .max) {
    known = Interner(capacity: capacity)
    self.nameBytesMax = nameBytesMax
  }

  /// The number of a line's pair; nil if it is new and there is no room.
  mutating func number(_ fields: LineScanner, _ line: Span<UInt8>) -> Int? {
    let bytesMax = nameBytesMax
    buffer.removeAll(keepingCapacity: true)
    _ = fields.withText(.provider, in: line) { buffer.append($0, bytesMax: bytesMax) }
    buffer.append(Self.separator)
    _ = fields.withText(.account, in: line) { text in
      buffer.append(Self.separator)
      buffer.append(text, bytesMax: bytesMax)
    }
    let name = buffer
    return known.number(name.span)
  }

  func provider(_ number: Int) -> String {
    String(decoding: known.bytes(number).prefix { $0 != Self.separator }, as: UTF8.self)
  }

  /// Nil if the log has none.
  func account(_ number: Int) -> String? {
    let rest = known.bytes(number).drop { $0 != Self.separator }.dropFirst()
    return rest.isEmpty ? nil : String(decoding: rest.dropFirst(), as: UTF8.self)
  }
}

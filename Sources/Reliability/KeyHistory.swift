public import AttemptLog

/// When the keys of accounts were accepted and since when they are refused, up to the end of a window;
/// in whatever order the attempts come.
struct KeyHistory: Sendable {
  /// Refusals that are remembered each by itself, of all accounts together.
  static let refusalsMax = 100_000

  private struct Use: Sendable {
    var accepted = Timestamp.earliest
    /// Later than that.
    var refusals: [Refusal] = []
    /// Those for which there was no room, and the first of them.
    var others = 0
    var firstOther = Timestamp.latest

    /// - Returns: whether it is not older than an accepted attempt.
    mutating func add(_ refusal: Refusal, hasRoom: Bool) -> Bool {
      guard refusal.time > accepted else { return false }
      if hasRoom {
        refusals.append(refusal)
      } else {
        others += 1
        firstOther = min(firstOther, refusal.time)
      }
      return true
    }

    var first: Timestamp { min(refusals.lazy.map(\.time).min() ?? .latest, firstOther) }
  }

  private struct Refusal: Sendable {
    let time: Timestamp
    /// Nil if it is not known.
    let host: Int32?
  }

  private let window: Window
  private let refusalsMax: Int
  /// By the number of the account.
  private var uses: [Use] = []
  private var refusalCount = 0
  private var hosts = WriterHosts()

  /// - Parameter window: refusals outside of it do not count, nor anything behind it.
  init(window: Window, refusalsMax: Int = Self.refusalsMax) {
    self.window = window
    self.refusalsMax = refusalsMax
  }

  /// Takes note of the host of a writer.
  mutating func note(_ host: ByteHasher.Key, of writer: Int) {
    hosts.note(host, of: writer)
  }

  /// Takes an attempt; what neither proves a key nor refuses it changes nothing.
  ///
  /// What serves another attempt is not counted: its refusal is that one's too.
  mutating func note(_ attempt: AttemptLine, account: Int) {
    let time = attempt.event.time
    guard time < window.to else { return }
    while uses.count <= account { uses.append(Use()) }
    if attempt.event.provesKey {
      accept(account, at: time)
    } else if attempt.event.figures.errorClass == .auth, !attempt.hasParent, time >= window.from {
      refuse(account, Refusal(time: time, host: attempt.writer.flatMap { hosts.host(of: $0) }))
    }
  }

  private mutating func accept(_ account: Int, at time: Timestamp) {
    guard time > uses[account].accepted else { return }
    uses[account].accepted = time
    guard uses[account].first <= time else { return }
    let before = uses[account].refusals.count
    uses[account].refusals.removeAll { $0.time <= time }
    refusalCount -= before - uses[account].refusals.count
    // Which of them were before it is not known: rather too few than one too many.
    if uses[account].firstOther <= time {
      uses[account].others = 0
      uses[account].firstOther = .latest
    }
  }

  private mutating func refuse(_ account: Int, _ refusal: Refusal) {
    let hasRoom = refusalCount < refusalsMax
    guard uses[account].add(refusal, hasRoom: hasRoom), hasRoom else { return }
    refusalCount += 1
  }

  /// Those that were accepted and then only refused.
  ///
  /// - Parameter name: of an account, as in `LineNames`; nil if it stands for several.
  func refusals(named name: (Int) -> ArraySlice<UInt8>?) -> [KeyRefusal] {
    uses.enumerated().compactMap { account, use in
      let attempts = use.refusals.count + use.others
      guard use.accepted > .earliest, attempts > 0, let name = name(account) else { return nil }
      let pair = NamePair(name)
      let hosts = Set(use.refusals.map(\.host))
      return KeyRefusal(
        provider: pair.first.text, account: pair.second?.text, accepted: use.accepted,
        refused: use.first, attempts: attempts,
        hosts: use.others > 0 || hosts.contains(nil) ? nil : hosts.count)
    }.sorted { $0.precedes($1) }
  }
}

/// A key that was accepted and then only refused.
public struct KeyRefusal: Sendable {
  public let provider: String
  /// The alias of the key; nil if the log has none.
  public let account: String?
  /// When the last attempt ended that it was good for.
  public let accepted: Timestamp
  /// When the first attempt ended that was refused with `auth`.
  public let refused: Timestamp
  /// Those that were refused.
  public let attempts: Int
  /// On which they ran; nil if the host of one is not known.
  public let hosts: Int?

  fileprivate func precedes(_ other: Self) -> Bool {
    if attempts != other.attempts { return attempts > other.attempts }
    return texts.precedes(other.texts)
  }

  private var texts: [String] { [provider, account ?? "", account == nil ? "" : "present"] }
}

extension AttemptEvent {
  /// Whether the provider looked at what was asked: it succeeded, or was refused for what it is.
  fileprivate var provesKey: Bool {
    switch figures.errorClass {
    case nil: true
    case .mediaError, .invalidRequest, .quotaExhausted, .concurrencyLimited: hasStatus
    default: false
    }
  }
}

public import AttemptLog

/// When the keys of accounts were accepted and since when they are refused, up to the end of a window.
struct KeyHistory: Sendable {
  private struct Use: Sendable {
    var accepted: Timestamp?
    var refused: Timestamp?
    /// Since then.
    var refusals = 0
  }

  private let window: Window
  /// By the number of the account.
  private var uses: [Int: Use] = [:]
  /// Of the refusals.
  private var hosts = WriterHosts()

  /// - Parameter window: refusals outside of it do not count, nor anything behind it.
  init(window: Window) {
    self.window = window
  }

  /// Takes note of the host of a writer.
  mutating func note(_ host: ByteHasher.Key, of writer: Int) {
    hosts.note(host, of: writer)
  }

  /// Takes an attempt; what neither proves a key nor refuses it changes nothing.
  mutating func note(_ attempt: AttemptLine, account: Int) {
    let time = attempt.event.time
    guard time < window.to else { return }
    if attempt.event.provesKey {
      accept(account, at: time)
    } else if attempt.event.figures.errorClass == .auth, time >= window.from,
      uses[account]?.accepted.map({ $0 < time }) ?? true
    {
      uses[account, default: Use()].refused = min(uses[account]?.refused ?? time, time)
      uses[account]?.refusals += 1
      hosts.touch(account, by: attempt.writer)
    }
  }

  private mutating func accept(_ account: Int, at time: Timestamp) {
    var use = uses[account, default: Use()]
    use.accepted = max(use.accepted ?? time, time)
    // Which of the refusals were before it is not remembered: rather too few than one too many.
    if let refused = use.refused, refused <= time {
      use.refused = nil
      use.refusals = 0
      hosts.forget(account)
    }
    uses[account] = use
  }

  /// Those that were accepted and then only refused.
  ///
  /// - Parameter name: of an account, as in `LineNames`; nil if it stands for several.
  func refusals(named name: (Int) -> ArraySlice<UInt8>?) -> [KeyRefusal] {
    uses.compactMap { account, use in
      guard let accepted = use.accepted, let refused = use.refused, let name = name(account) else {
        return nil
      }
      let pair = NamePair(name)
      return KeyRefusal(
        provider: pair.first.text, account: pair.second?.text, accepted: accepted, refused: refused,
        attempts: use.refusals, hosts: hosts.count(touching: account))
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

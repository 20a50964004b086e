import AttemptLog

/// A refusal by a quota.
struct QuotaSignal: Sendable {
  /// Number of the quota's name.
  let quota: Int
  let opensAtOnce: Bool
  let announcedEnd: Timestamp?

  /// Nil unless the attempt met the end of a quota.
  init?(
    _ event: AttemptEvent, names: inout QuotaNames, _ fields: LineScanner, _ line: Span<UInt8>
  ) {
    guard let quotaOfClass = event.errorClass?.quota else { return nil }
    if let name = fields.withText(.quotaName, in: line, { names.number($0) }) {
      quota = name
    } else {
      let name = Array(quotaOfClass.rawValue.utf8)
      quota = names.number(name.span)
    }
    switch names.quota(quota) {
    case .daily, .balance: opensAtOnce = true
    case .rate, .concurrency: opensAtOnce = false
    case .other: opensAtOnce = event.errorClass == .quotaExhausted
    }
    if let delay = fields.amount(.retryAfterMs, in: line) {
      announcedEnd = event.time.advanced(byMilliseconds: delay)
    } else {
      announcedEnd = fields.time(.quotaReset, in: line).flatMap { $0 > event.time ? $0 : nil }
    }
  }
}

/// The names of quotas, numbered in the order in which they came; those for which there is no room
/// are `other`.
struct QuotaNames: Sendable {
  private var known: Interner

  /// - Parameter capacity: at least 1.
  init(capacity: Int = .max) {
    known = Interner(capacity: capacity)
    let other = Array(QuotaName.other.rawValue.utf8)
    _ = known.number(other.span)
  }

  mutating func number(_ name: Span<UInt8>) -> Int {
    known.number(name) ?? 0
  }

  func name(_ number: Int) -> String { known.text(number) }

  /// Which of the closed set it is.
  func quota(_ number: Int) -> QuotaName { QuotaName(rawValue: name(number)) ?? .other }
}

extension ErrorClass {
  /// The quota whose end such an error tells of, unless the log names another.
  fileprivate var quota: QuotaName? {
    switch self {
    case .quotaExhausted: .daily
    case .concurrencyLimited: .concurrency
    case .rateLimited: .rate
    default: nil
    }
  }
}

extension AttemptEvent {
  /// Whether the provider answered and no quota refused: what ends an episode.
  var isAccepted: Bool {
    httpStatus != nil && errorClass?.quota == nil && errorClass != .cancelled
  }
}

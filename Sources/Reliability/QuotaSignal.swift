import AttemptLog

/// A refusal by a quota.
struct QuotaSignal: Sendable {
  // Narrow: many wait to be put in order.
  private var end: Timestamp
  private var narrowQuota: UInt32
  private(set) var opensAtOnce: Bool

  /// Number of the quota's name.
  var quota: Int {
    get { Int(narrowQuota) }
    set { narrowQuota = UInt32(newValue) }
  }

  /// When it will not refuse any more, as the provider said.
  var announcedEnd: Timestamp? { end == .earliest ? nil : end }

  /// Nil unless the attempt met the end of a quota.
  init?(
    _ event: AttemptEvent, names: inout LineNames, _ fields: borrowing LineScanner,
    _ line: Span<UInt8>
  ) {
    guard let quotaOfClass = event.figures.errorClass?.quota else { return nil }
    let name: QuotaName
    if let number = names.quota(fields, line) {
      narrowQuota = UInt32(number)
      name = QuotaName(rawValue: fields.string(.quotaName, in: line) ?? "") ?? .other
    } else {
      narrowQuota = UInt32(names.quota(quotaOfClass))
      name = quotaOfClass
    }
    switch name {
    case .daily, .balance: opensAtOnce = true
    case .rate, .concurrency: opensAtOnce = false
    case .other: opensAtOnce = event.figures.errorClass == .quotaExhausted
    }
    if let delay = fields.amount(.retryAfterMs, in: line) {
      end = event.time.advanced(byMilliseconds: delay)
    } else {
      end = fields.time(.quotaReset, in: line).flatMap { $0 > event.time ? $0 : nil } ?? .earliest
    }
  }
}

extension ErrorClass {
  /// The quota whose end such an error tells of, unless the log names another.
  var quota: QuotaName? {
    switch self {
    case .quotaExhausted: .daily
    case .concurrencyLimited: .concurrency
    case .rateLimited: .rate
    default: nil
    }
  }
}

extension QuotaSignal: StateCoded {
  static let blank = QuotaSignal(end: .earliest, narrowQuota: 0, opensAtOnce: false)

  mutating func code(with coder: inout StateCoder) {
    coder.code(&end)
    coder.code(&narrowQuota)
    coder.code(&opensAtOnce)
  }

  private init(end: Timestamp, narrowQuota: UInt32, opensAtOnce: Bool) {
    self.end = end
    self.narrowQuota = narrowQuota
    self.opensAtOnce = opensAtOnce
  }
}

public import AttemptLog

/// Counts events when they are read, over all that was ever read, with bounded labels: what the
/// endpoint shows.
public struct LifetimeCounts: EventCounts {
  /// Bounds of the labels (metrics.md): first come, in reading order, stays.
  public struct Limits: Sendable {
    /// Pairs of provider and operation.
    public var scopesMax = 100
    /// Triples of error type, error code and HTTP status for each pair.
    public var errorsPerScopeMax = 50

    public init() {}
  }

  public static let finishedOperationsMax = 1 << 16
  /// Label values are cut to so many bytes, between characters.
  public static let labelBytesMax = 128
  /// What stands for all that came too late.
  public static let overflowLabel = "_other"

  public private(set) var scopes: [Scope] = []
  /// The providers of the pairs, in the order in which they came.
  public private(set) var providers: [String] = []
  public private(set) var quotas = QuotaWatch()
  /// Lines whose pair, and failures whose triple, came too late.
  public private(set) var scopeOverflow = 0
  public private(set) var errorOverflow = 0

  private let limits: Limits
  private var names: ScopeNames
  private var buffer: [UInt8] = []

  public init(limits: Limits = Limits()) {
    self.limits = limits
    names = ScopeNames(capacity: limits.scopesMax, nameBytesMax: Self.labelBytesMax)
  }

  /// One pair of provider and operation.
  public struct Scope: Sendable {
    public let provider: String
    public let operation: String
    /// Place of the provider among all.
    fileprivate let providerNumber: Int
    public fileprivate(set) var tally = Tally()
    /// In the order in which they came; the last may stand for the overflow.
    public fileprivate(set) var errors: [NamedError] = []
    fileprivate var errorNames: Interner
    /// Event times.
    public fileprivate(set) var lastAttempt: Timestamp?
    public fileprivate(set) var lastSuccess: Timestamp?
    /// Operations of O′ that failed since the last success, in reading order; nil before the first.
    public fileprivate(set) var consecutiveFailures: Int?

    /// Stands for what came too late; so does a pair that has this name in the log.
    fileprivate var isOverflow: Bool {
      provider == LifetimeCounts.overflowLabel && operation == LifetimeCounts.overflowLabel
    }

    fileprivate init(provider: String, number: Int, operation: String, errorsMax: Int) {
      self.provider = provider
      providerNumber = number
      self.operation = operation
      errorNames = Interner(capacity: errorsMax)
    }
  }

  /// Failed attempts as the provider names them.
  public struct NamedError: Sendable {
    /// Error type, error code and HTTP status; absent parts are empty.
    public let labels: [String]
    public fileprivate(set) var count = 0
  }

  public mutating func scope(_ fields: LineScanner, _ line: Span<UInt8>) -> Int {
    let number = names.number(fields, line)
    let index = number ?? scopes.firstIndex(where: \.isOverflow) ?? scopes.count
    if index == scopes.count {
      let provider = number.map(names.provider) ?? Self.overflowLabel
      let known = providerNumber(provider)
      if known == nil { providers.append(provider) }
      scopes.append(
        Scope(
          provider: provider, number: known ?? providers.count - 1,
          operation: number.map(names.operation) ?? Self.overflowLabel,
          errorsMax: limits.errorsPerScopeMax))
    }
    if scopes[index].isOverflow { scopeOverflow += 1 }
    return index
  }

  private func providerNumber(_ name: String) -> Int? {
    // `==` would take two forms of an accent for the same.
    providers.firstIndex { $0.utf8.elementsEqual(name.utf8) }
  }

  /// Where the quotas of a line's provider are counted: a pair that came too late may have a provider
  /// that is known.
  private func quotaProvider(
    _ scope: Int, _ fields: LineScanner, _ line: Span<UInt8>
  ) -> Int {
    let number = scopes[scope].providerNumber
    guard scopes[scope].isOverflow else { return number }
    var name: [UInt8] = []
    _ = fields.withText(.provider, in: line) { name.append($0, bytesMax: Self.labelBytesMax) }
    return providerNumber(String(decoding: name, as: UTF8.self)) ?? number
  }

  public mutating func count(
    _ attempt: AttemptLine, _ fields: LineScanner, _ line: Span<UInt8>
  ) {
    let event = attempt.event
    scopes[attempt.scope].tally.count(event, listsNumber: false)
    scopes[attempt.scope].lastAttempt = max(
      scopes[attempt.scope].lastAttempt ?? event.time, event.time)
    if event.errorClass != nil { countError(in: attempt.scope, fields, line) }
    quotas.note(
      event, provider: quotaProvider(attempt.scope, fields, line),
      operation: attempt.scope, fields, line)
  }

  public mutating func count(
    _ operation: OperationLine, _ fields: LineScanner, _ line: Span<UInt8>
  ) {
    let event = operation.event
    scopes[operation.scope].tally.count(event)
    if event.outcome == .success {
      let last = scopes[operation.scope].lastSuccess ?? event.time
      scopes[operation.scope].lastSuccess = max(last, event.time)
      scopes[operation.scope].consecutiveFailures = 0
    } else if event.outcome != .cancelled {
      scopes[operation.scope].consecutiveFailures =
        (scopes[operation.scope].consecutiveFailures ?? 0) + 1
    }
  }

  public mutating func countAbandoned(_ operation: OperationLine) {
    scopes[operation.scope].tally.count(operation.event)
  }

  public mutating func judge(at now: Timestamp) {
    quotas.judge(at: now)
  }

  private mutating func countError(
    in scope: Int, _ fields: LineScanner, _ line: Span<UInt8>
  ) {
    buffer.removeAll(keepingCapacity: true)
    for key in [Key.errorType, .errorCode] {
      _ = fields.withText(key, in: line) { buffer.append($0, bytesMax: Self.labelBytesMax) }
      buffer.append(Self.separator)
    }
    if let status = fields.integer(.httpStatus, in: line) { buffer += String(status).utf8 }
    let name = buffer
    let number = scopes[scope].errorNames.number(name.span)
    if number == nil { errorOverflow += 1 }
    let index = number ?? scopes[scope].errorNames.count
    if index == scopes[scope].errors.count {
      let labels = name.split(separator: Self.separator, omittingEmptySubsequences: false)
      let overflow = [String](repeating: Self.overflowLabel, count: 3)
      scopes[scope].errors.append(
        NamedError(
          labels: number == nil ? overflow : labels.map { String(decoding: $0, as: UTF8.self) }))
    }
    scopes[scope].errors[index].count += 1
  }

  /// Stands between the parts of a triple; it occurs in no UTF-8.
  private static let separator: UInt8 = 0xFF
}

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

  public static let keepsAttempts = false
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
  private var names: Interner

  public init(limits: Limits = Limits()) {
    self.limits = limits
    names = Interner(capacity: limits.scopesMax)
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
    fileprivate let isOverflow: Bool

    fileprivate init(provider: String, number: Int, operation: String, errorsMax: Int) {
      self.provider = provider
      providerNumber = number
      self.operation = operation
      isOverflow =
        provider == LifetimeCounts.overflowLabel && operation == LifetimeCounts.overflowLabel
      errorNames = Interner(capacity: errorsMax)
    }
  }

  /// Failed attempts as the provider names them.
  public struct NamedError: Sendable {
    /// Error type, error code and HTTP status; absent parts are empty.
    public let labels: [String]
    /// Stands for those that came too late.
    fileprivate let isOverflow: Bool
    public fileprivate(set) var count = 0
  }

  public mutating func scope(named name: ArraySlice<UInt8>) -> Int {
    let name = NamePair(name).cut(bytesMax: Self.labelBytesMax)
    let number = names.number(name.span)
    let index = number ?? scopes.firstIndex(where: \.isOverflow) ?? scopes.count
    if index == scopes.count {
      addScope(NamePair(number == nil ? Self.overflowName[...] : name[...]))
    }
    return index
  }

  private static let overflowName =
    BoundedNames.overflow + [LineNames.separator] + BoundedNames.overflow

  private mutating func addScope(_ pair: NamePair) {
    let provider = pair.first.text
    let known = providerNumber(provider)
    if known == nil { providers.append(provider) }
    scopes.append(
      Scope(
        provider: provider, number: known ?? providers.count - 1,
        operation: pair.second?.text ?? "", errorsMax: limits.errorsPerScopeMax))
  }

  public mutating func noteLine(of scope: Int) {
    if scopes[scope].isOverflow { scopeOverflow += 1 }
  }

  private func providerNumber(_ name: String) -> Int? {
    // `==` would take two forms of an accent for the same.
    providers.firstIndex { $0.utf8.elementsEqual(name.utf8) }
  }

  public mutating func count(
    _ attempt: AttemptLine, _ names: LineNames, _ map: inout NameMap
  ) -> KeptAttempt? {
    let event = attempt.event
    scopes[attempt.scope].tally.count(event.figures, listsNumber: false)
    scopes[attempt.scope].lastAttempt = max(
      scopes[attempt.scope].lastAttempt ?? event.time, event.time)
    if let error = event.error { countError(Int(error), in: attempt.scope, names, &map) }
    if event.account != nil || event.reading != nil { noteQuotas(attempt, names, &map) }
    return nil
  }

  private mutating func noteQuotas(
    _ attempt: AttemptLine, _ names: LineNames, _ map: inout NameMap
  ) {
    let event = attempt.event
    func quota(_ name: Int) -> Int {
      map.quotas.number(of: name) { quotas.quota(named: names.quotas.bytes(name)) }
    }
    let provider = quotaProvider(attempt, names)
    if let reading = event.reading {
      let name = reading.quota.map { quota(Int($0)) }
      quotas.read(reading, quota: name, at: event.time, provider: provider)
    }
    guard let account = event.account.map({ Int($0) }) else { return }
    let number = map.accounts.number(of: account) {
      // Together with those of its provider if it came too late.
      quotas.account(named: names.accounts.bytes(account))
        ?? quotas.account(ofProvider: provider)
    }
    var signal = event.signal
    signal?.quota = event.signal.map { quota($0.quota) } ?? 0
    quotas.note(
      QuotaAttempt(event, account: number, operation: attempt.scope, signal: signal),
      provider: provider)
  }

  /// Where the quotas of a line's provider are counted: a pair that came too late may have a
  /// provider that is known.
  private func quotaProvider(_ attempt: AttemptLine, _ names: LineNames) -> Int {
    let number = scopes[attempt.scope].providerNumber
    guard scopes[attempt.scope].isOverflow else { return number }
    let provider = NamePair(names.scopes.bytes(attempt.scopeName)).first
      .prefix(textBytesMax: Self.labelBytesMax)
    return providerNumber(provider.text) ?? number
  }

  public mutating func count(
    _ operation: OperationLine, _ names: LineNames, _ map: inout NameMap
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

  public mutating func settle(_ attempts: SettledAttempts) {}

  private mutating func countError(
    _ error: Int, in scope: Int, _ names: LineNames, _ map: inout NameMap
  ) {
    let key = scope << 32 | error
    let index = map.scopedErrors[key] ?? self.error(named: names.errors.bytes(error), in: scope)
    map.scopedErrors[key] = index
    if scopes[scope].errors[index].isOverflow { errorOverflow += 1 }
    scopes[scope].errors[index].count += 1
  }

  private mutating func error(named name: ArraySlice<UInt8>, in scope: Int) -> Int {
    // An absent part is the empty label.
    let name = ErrorName(name)
    let labels = [name.type, name.code, name.httpStatus].map {
      $0?.prefix(textBytesMax: Self.labelBytesMax) ?? []
    }
    let joined = Array(labels.joined(separator: [LineNames.separator]))
    let number = scopes[scope].errorNames.number(joined.span)
    let index = number ?? scopes[scope].errorNames.count
    if index == scopes[scope].errors.count {
      scopes[scope].errors.append(NamedError(joined: number == nil ? nil : joined[...]))
    }
    return index
  }
}

// MARK: - State

extension LifetimeCounts: StateCoded {
  mutating func code(with coder: inout StateCoder) {
    names.code(with: &coder)
    var hasOverflow = scopes.count > names.count
    coder.code(&hasOverflow)
    coder.check(!hasOverflow || names.count == names.capacity)
    if coder.isReading { nameScopes(hasOverflow: hasOverflow) }
    for index in scopes.indices { scopes[index].code(with: &coder) }
    quotas.code(with: &coder)
    coder.code(&scopeOverflow)
    coder.code(&errorOverflow)
  }

  /// Makes the pairs of their names, in the order in which they came.
  private mutating func nameScopes(hasOverflow: Bool) {
    let known = names
    names = Interner(capacity: names.capacity)
    scopes = []
    providers = []
    for number in 0..<known.count { _ = scope(named: known.bytes(number)) }
    if hasOverflow { addScope(NamePair(Self.overflowName[...])) }
  }
}

extension LifetimeCounts.Scope {
  fileprivate mutating func code(with coder: inout StateCoder) {
    tally.code(with: &coder)
    errorNames.code(with: &coder)
    var counts = errors.map(\.count)
    coder.code(&counts, blank: 0) { $1.code(&$0) }
    coder.code(&lastAttempt)
    coder.code(&lastSuccess)
    coder.code(&consecutiveFailures, blank: 0) { $1.code(&$0) }
    guard coder.isReading else { return }
    let hasOverflow = counts.count == errorNames.count + 1
    coder.check(counts.count == errorNames.count || hasOverflow)
    coder.check(!hasOverflow || errorNames.count == errorNames.capacity)
    errors = counts.enumerated().map { number, count in
      let isKnown = number < errorNames.count
      var error = LifetimeCounts.NamedError(joined: isKnown ? errorNames.bytes(number) : nil)
      error.count = count
      return error
    }
    coder.check(errors.allSatisfy { $0.labels.count == 3 })
  }
}

extension LifetimeCounts.NamedError {
  /// - Parameter joined: the three labels with separators between them; nil for the overflow.
  fileprivate init(joined: ArraySlice<UInt8>?) {
    labels =
      joined?.split(separator: LineNames.separator, omittingEmptySubsequences: false).map(\.text)
      ?? [String](repeating: LifetimeCounts.overflowLabel, count: 3)
    isOverflow = joined == nil
  }
}

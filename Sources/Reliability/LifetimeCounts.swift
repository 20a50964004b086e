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
    /// What the labels may take of a page (reliability.md T-9), as `PageBudget` reckons it.
    public var labelledBytesMax = PageBudget.bytesMax

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
  private var scopeNames = OverflowingNames()
  private var budget: PageBudget
  /// Whether a birth is not noted yet, or may be young.
  private var hasNewSeries = false
  private var hasYoungSeries = false

  public init(limits: Limits = Limits()) {
    self.limits = limits
    budget = PageBudget(bytesMax: limits.labelledBytesMax)
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
    fileprivate var errorNames = OverflowingNames()
    /// Event times.
    public fileprivate(set) var lastAttempt: Timestamp?
    public fileprivate(set) var lastSuccess: Timestamp?
    /// Operations of O′ that failed since the last success, in reading order; nil before the first.
    public fileprivate(set) var consecutiveFailures: Int?
    /// Event time of the line that was read first, or since when it is expected.
    public fileprivate(set) var created: Timestamp?
    public fileprivate(set) var birth = Birth.unnoted
    fileprivate var failures: [Int: FailureExample] = [:]

    /// Stands for what came too late; so does a pair that has this name in the log.
    fileprivate let isOverflow: Bool

    fileprivate init(provider: String, number: Int, operation: String) {
      self.provider = provider
      providerNumber = number
      self.operation = operation
      isOverflow =
        provider == LifetimeCounts.overflowLabel && operation == LifetimeCounts.overflowLabel
    }
  }

  /// When series were first shown.
  public enum Birth: Hashable, Sendable {
    /// They were not shown yet.
    case unnoted
    /// They were on the first page that was shown of the log.
    case fromStart
    case at(Timestamp)

    /// Whether they were born less than so many microseconds before.
    public func isWithin(microseconds: Int64, before now: Timestamp) -> Bool {
      guard case .at(let time) = self else { return false }
      return time > now.advanced(byMicroseconds: -microseconds)
    }
  }

  /// The newest failure of one kind in reading order: by it a spike leads to lines of the log.
  public struct FailureExample: Hashable, Sendable {
    /// Nil if it is none to be shown.
    public var operationID: String? { id.text }
    /// When it ended.
    public fileprivate(set) var time = Timestamp.earliest
    fileprivate var id = OperationID()
  }

  /// Failed attempts as the provider names them.
  public struct NamedError: Sendable {
    /// Error type, error code and HTTP status; absent parts are empty.
    public let labels: [String]
    /// Stands for those that came too late.
    fileprivate let isOverflow: Bool
    public fileprivate(set) var count = 0
    public fileprivate(set) var birth = Birth.unnoted
  }

  public mutating func scope(named name: ArraySlice<UInt8>) -> Int {
    let name = NamePair(name).cut(bytesMax: Self.labelBytesMax)
    if let index = scopeNames.place(of: name) { return index }
    if scopeNames.count < limits.scopesMax, budget.takeScope(labels: name) {
      addScope(NamePair(name[...]))
      return scopeNames.append(name)
    }
    if let index = scopes.firstIndex(where: \.isOverflow) { return index }
    addScope(NamePair(Self.overflowName[...]))
    return scopeNames.appendOverflow()
  }

  /// Makes the series of a pair be there before it is met; it counts among those that are bounded.
  ///
  /// - Parameters:
  ///   - provider: as the log names it.
  ///   - operation: as the log names it.
  ///   - now: since when it is expected.
  public mutating func expect(provider: String, operation: String, at now: Timestamp) {
    let name = Array(provider.utf8) + [LineNames.separator] + Array(operation.utf8)
    let index = scope(named: name[...])
    if scopes[index].created == nil { scopes[index].created = now }
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
        operation: pair.second?.text ?? ""))
    hasNewSeries = true
  }

  public mutating func noteLine(of scope: Int, at time: Timestamp) {
    if scopes[scope].isOverflow { scopeOverflow += 1 }
    if scopes[scope].created == nil { scopes[scope].created = time }
  }

  /// Notes of all series that are new since the last time when they are first shown.
  public mutating func noteBirths(_ birth: Birth) {
    guard hasNewSeries else { return }
    hasNewSeries = false
    hasYoungSeries = true
    for scope in scopes.indices {
      if scopes[scope].birth == .unnoted { scopes[scope].birth = birth }
      for error in scopes[scope].errors.indices
      where scopes[scope].errors[error].birth == .unnoted {
        scopes[scope].errors[error].birth = birth
      }
    }
  }

  /// Forgets the births that are not within this time any more, so that no clock that goes back makes
  /// them young again; a birth in the future, of a clock that was ahead, is now.
  public mutating func forgetBirths(olderThan microseconds: Int64, at now: Timestamp) {
    guard hasYoungSeries else { return }
    hasYoungSeries = false
    func grown(_ birth: Birth) -> Birth {
      guard case .at(let time) = birth else { return birth }
      guard birth.isWithin(microseconds: microseconds, before: now) else { return .fromStart }
      hasYoungSeries = true
      return .at(min(time, now))
    }
    for scope in scopes.indices {
      scopes[scope].birth = grown(scopes[scope].birth)
      for error in scopes[scope].errors.indices {
        scopes[scope].errors[error].birth = grown(scopes[scope].errors[error].birth)
      }
    }
  }

  /// When the series of a provider were first shown; the first in `providers` is 0.
  public func birth(ofProvider number: Int) -> Birth {
    scopes.first { $0.providerNumber == number }?.birth ?? .unnoted
  }

  /// Event time of the first line of a provider; nil if none was read.
  public func created(provider number: Int) -> Timestamp? {
    scopes.first { $0.providerNumber == number }?.created
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
    if let id = attempt.id, let errorClass = event.figures.errorClass {
      let key = Scope.failureKey(event.figures.number == 1 ? .initial : .retry, errorClass)
      scopes[attempt.scope].failures[key] = FailureExample(time: event.time, id: id)
    }
    if event.concernsQuota || event.reading != nil { noteQuotas(attempt, names, &map) }
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
    guard event.concernsQuota, let account = event.account.map({ Int($0) }) else { return }
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
    if let id = operation.id {
      let key = Scope.failureKey(event.outcome, isRetried: event.isRetried)
      scopes[operation.scope].failures[key] = FailureExample(time: event.time, id: id)
    }
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
    if let index = scopes[scope].errorNames.place(of: joined) { return index }
    let pair = [scopes[scope].provider, scopes[scope].operation]
    let isAdmitted =
      scopes[scope].errorNames.count < limits.errorsPerScopeMax
      && budget.takeError(labels: joined, of: pair)
    if !isAdmitted, let index = scopes[scope].errorNames.overflow { return index }
    hasNewSeries = true
    scopes[scope].errors.append(NamedError(joined: isAdmitted ? joined[...] : nil))
    return isAdmitted
      ? scopes[scope].errorNames.append(joined) : scopes[scope].errorNames.appendOverflow()
  }
}

extension LifetimeCounts.Scope {
  /// The newest failed attempt of a kind.
  public func failure(
    _ kind: AttemptKind, _ errorClass: ErrorClass
  ) -> LifetimeCounts.FailureExample? {
    failures[Self.failureKey(kind, errorClass)]
  }

  /// The newest operation that ended so, without success.
  public func failure(
    _ outcome: OperationOutcome, isRetried: Bool
  ) -> LifetimeCounts.FailureExample? {
    failures[Self.failureKey(outcome, isRetried: isRetried)]
  }

  fileprivate static func failureKey(_ kind: AttemptKind, _ errorClass: ErrorClass) -> Int {
    kind.index * ErrorClass.allCases.count + errorClass.index
  }

  fileprivate static func failureKey(_ outcome: OperationOutcome, isRetried: Bool) -> Int {
    AttemptKind.allCases.count * ErrorClass.allCases.count + 2 * outcome.index
      + (isRetried ? 1 : 0)
  }

  /// Behind the largest.
  fileprivate static let failureKeysEnd =
    AttemptKind.allCases.count * ErrorClass.allCases.count + 2 * OperationOutcome.allCases.count
}

// MARK: - State

extension LifetimeCounts: StateCoded {
  mutating func code(with coder: inout StateCoder) {
    scopeNames.code(with: &coder)
    if coder.isReading { nameScopes() }
    for index in scopes.indices { scopes[index].code(with: &coder) }
    if coder.isReading { reckonBudget() }
    quotas.code(with: &coder)
    coder.code(&scopeOverflow)
    coder.code(&errorOverflow)
  }

  /// Makes the pairs of their names, in the order in which they came.
  private mutating func nameScopes() {
    scopes = []
    providers = []
    for name in scopeNames.inOrder { addScope(NamePair(name ?? Self.overflowName[...])) }
    hasYoungSeries = true
  }

  /// What was admitted stays, whatever the limits are now.
  private mutating func reckonBudget() {
    // What stands for the rest takes nothing, as there is always room for it.
    for name in scopeNames.inOrder {
      guard let name else { continue }
      budget.spend(scope: name)
    }
    for scope in scopes {
      for name in scope.errorNames.inOrder {
        guard let name else { continue }
        budget.spend(error: name, of: [scope.provider, scope.operation])
      }
    }
  }
}

extension LifetimeCounts.Scope {
  fileprivate mutating func code(with coder: inout StateCoder) {
    tally.code(with: &coder)
    errorNames.code(with: &coder)
    if coder.isReading {
      errors = errorNames.inOrder.map { LifetimeCounts.NamedError(joined: $0) }
      coder.check(errors.allSatisfy { $0.labels.count == 3 })
    }
    for index in errors.indices {
      coder.code(&errors[index].count)
      errors[index].birth.code(with: &coder)
    }
    coder.code(&lastAttempt)
    coder.code(&lastSuccess)
    coder.code(&consecutiveFailures, blank: 0) { $1.code(&$0) }
    coder.code(&created)
    birth.code(with: &coder)
    coder.code(&failures, blank: LifetimeCounts.FailureExample()) { $0.code(with: &$1) }
    coder.check(failures.keys.allSatisfy { $0 < Self.failureKeysEnd })
  }
}

extension LifetimeCounts.Birth: StateCoded {
  mutating func code(with coder: inout StateCoder) {
    var isNoted = self != .unnoted
    coder.code(&isNoted)
    guard isNoted else {
      if coder.isReading { self = .unnoted }
      return
    }
    var time: Timestamp?
    if case .at(let born) = self { time = born }
    coder.code(&time)
    if coder.isReading { self = time.map { .at($0) } ?? .fromStart }
  }
}

extension LifetimeCounts.FailureExample: StateCoded {
  mutating func code(with coder: inout StateCoder) {
    id.code(with: &coder)
    coder.code(&time)
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

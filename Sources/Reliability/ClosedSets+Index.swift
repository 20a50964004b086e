public import AttemptLog

/// A closed set whose members have a place in a table.
public protocol Indexed: CaseIterable, Hashable, Sendable {
  /// The member's place in `allCases`.
  var index: Int { get }
}

/// A value for each member of a closed set.
public struct Table<Member: Indexed, Value: Sendable>: Sendable {
  private var values: [Value]

  public init(repeating value: Value) {
    values = Member.allCases.map { _ in value }
  }

  public subscript(member: Member) -> Value {
    get { values[member.index] }
    set { values[member.index] = newValue }
    _modify { yield &values[member.index] }
  }

  mutating func merge(_ other: Self, _ mergeValue: (inout Value, Value) -> Void) {
    for index in values.indices { mergeValue(&values[index], other.values[index]) }
  }
}

extension ErrorClass: Indexed {
  public var index: Int {
    switch self {
    case .rateLimited: 0
    case .concurrencyLimited: 1
    case .quotaExhausted: 2
    case .serverError: 3
    case .timeout: 4
    case .network: 5
    case .malformedResponse: 6
    case .mediaError: 7
    case .invalidRequest: 8
    case .auth: 9
    case .permission: 10
    case .notFound: 11
    case .cancelled: 12
    case .other: 13
    }
  }
}

extension OperationOutcome: Indexed {
  public var index: Int {
    switch self {
    case .success: 0
    case .notRetryable: 1
    case .attemptsExhausted: 2
    case .deadlineExceeded: 3
    case .delayTooLong: 4
    case .budgetDenied: 5
    case .cancelled: 6
    case .abandoned: 7
    case .other: 8
    }
  }

  /// Whether the operation is in O′: its fate is known to us.
  public var isFateKnown: Bool { self != .cancelled && self != .abandoned }
}

extension DelaySource: Indexed {
  public var index: Int {
    switch self {
    case .computed: 0
    case .server: 1
    case .other: 2
    }
  }
}

extension RecordKind: Indexed {
  public var index: Int {
    switch self {
    case .segment: 0
    case .writerStart: 1
    case .attemptStart: 2
    case .attempt: 3
    case .operation: 4
    case .dropped: 5
    case .writerStop: 6
    case .unknown: 7
    }
  }
}

/// Whether an attempt was the first of its operation.
public enum AttemptKind: String, Indexed {
  case initial, retry
  public var index: Int { self == .initial ? 0 : 1 }
}

/// The label `result` of durations.
public enum CallResult: String, Indexed {
  case success, failure
  public var index: Int { self == .success ? 0 : 1 }
}

extension Table {
  /// The members' values in their order.
  mutating func code(with coder: inout StateCoder, _ code: StateCoder.Coding<Value>) {
    for index in values.indices { code(&values[index], &coder) }
  }
}

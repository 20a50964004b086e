import AttemptLog

/// How an operation ended.
struct OperationEnd: Sendable {
  let time: Timestamp
  /// Whether it has no parent and failed.
  let isLost: Bool
}

/// An attempt that is counted when it is known where its operation ended.
public struct KeptAttempt: Sendable {
  let time: Timestamp
  // Narrow, as there are many; an `Interner` gives no larger numbers.
  private let number: Int64
  private let latencyMilliseconds: Double
  /// NaN for nil.
  private let sleptMilliseconds: Double
  private let audioSeconds: Double
  private let narrowScope: UInt32
  /// + 1, or 0 for nil.
  private let errorPlusOne: UInt32
  private let refusingAccount: UInt32
  private let refusingQuotaPlusOne: UInt32
  fileprivate var next: UInt32 = 0
  private let errorClass: ErrorClass?
  private let retryReason: ErrorClass
  private let sleptSource: DelaySource
  let hasParent: Bool

  /// The quota that refused, and of which account.
  struct Refusal: Sendable {
    let account: Int
    let quota: Int
  }

  /// - Parameters:
  ///   - error: number of its name, of a failure.
  ///   - refusal: of a signal.
  init(_ line: AttemptLine, error: Int?, refusal: Refusal?) {
    let figures = line.event.figures
    time = line.event.time
    number = figures.number
    latencyMilliseconds = figures.latencyMilliseconds
    sleptMilliseconds = figures.sleptMilliseconds ?? .nan
    audioSeconds = figures.audioSeconds ?? .nan
    narrowScope = UInt32(line.scope)
    errorPlusOne = error.map { UInt32($0 + 1) } ?? 0
    refusingAccount = refusal.map { UInt32($0.account) } ?? 0
    refusingQuotaPlusOne = refusal.map { UInt32($0.quota + 1) } ?? 0
    errorClass = figures.errorClass
    retryReason = figures.retryReason
    sleptSource = figures.sleptSource
    hasParent = line.hasParent
  }

  var scope: Int { Int(narrowScope) }
  var error: Int? { errorPlusOne == 0 ? nil : Int(errorPlusOne) - 1 }
  var refusal: Refusal? {
    guard refusingQuotaPlusOne > 0 else { return nil }
    return Refusal(account: Int(refusingAccount), quota: Int(refusingQuotaPlusOne) - 1)
  }

  var figures: AttemptFigures {
    AttemptFigures(
      number: number, latencyMilliseconds: latencyMilliseconds,
      sleptMilliseconds: sleptMilliseconds.isNaN ? nil : sleptMilliseconds,
      audioSeconds: audioSeconds.isNaN ? nil : audioSeconds, errorClass: errorClass,
      retryReason: retryReason, sleptSource: sleptSource)
  }
}

/// Attempts by their operation.
struct AttemptStore: Sendable {
  /// The attempts of one operation: places + 1, or 0 for none.
  struct List: Sendable {
    fileprivate var head: UInt32 = 0
    fileprivate var tail: UInt32 = 0
  }

  fileprivate var nodes: [KeptAttempt] = []
  private var free: UInt32 = 0
  private(set) var count = 0

  mutating func append(_ attempt: KeptAttempt, to list: inout List) {
    let own: UInt32
    if free == 0 {
      nodes.append(attempt)
      own = UInt32(nodes.count)
    } else {
      own = free
      free = nodes[Int(own) - 1].next
      nodes[Int(own) - 1] = attempt
    }
    if list.tail == 0 { list.head = own } else { nodes[Int(list.tail) - 1].next = own }
    list.tail = own
    count += 1
  }

  mutating func remove(_ list: inout List) {
    while list.head != 0 {
      let place = Int(list.head) - 1
      let next = nodes[place].next
      nodes[place].next = free
      free = list.head
      list.head = next
      count -= 1
    }
    list = List()
  }
}

/// The attempts of one operation, in the order in which they were read.
struct KeptAttempts: Sequence, IteratorProtocol, Sendable {
  private let nodes: [KeptAttempt]
  private var following: UInt32

  init(_ store: AttemptStore, _ list: AttemptStore.List) {
    nodes = store.nodes
    following = list.head
  }

  /// A single one.
  init(_ attempt: KeptAttempt) {
    nodes = [attempt]
    following = 1
  }

  mutating func next() -> KeptAttempt? {
    guard following != 0 else { return nil }
    let node = nodes[Int(following) - 1]
    following = node.next
    return node
  }
}

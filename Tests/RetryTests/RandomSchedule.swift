import AttemptLog
import Retry
import TestSupport

/// A policy with its limits, and what befalls each attempt under it: all drawn from a seed.
struct RandomSchedule: Sendable {
  var policy: RetryPolicy
  /// What each attempt fails with; nil is a success.
  var faults: [AttemptFacts?] = []
  /// Apart from all limits by parts of a millisecond, so that nothing happens at the same time.
  var latencies: [Duration] = []
  /// How much longer than planned each wait between attempts lasts.
  var oversleep: Duration
  /// Whether an answer with a status still comes of an attempt that is interrupted.
  var answersLate: Bool
  /// Of the budget, if there is one.
  var capacity: Double?
  var cancellation: Duration?
  /// What the retrier draws from.
  private let generator: SeededGenerator

  static let attemptsMax = 6
  static let interruptions = ["AttemptTimeout", "DeadlineExceeded", "CancellationError"]

  init(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    func milliseconds(_ range: ClosedRange<Int>, oneIn chance: Int) -> Duration? {
      let drawn = Int.random(in: range, using: &generator)
      return Int.random(in: 0..<chance, using: &generator) == 0 ? .milliseconds(drawn) : nil
    }
    let backoffs: [Backoff] = [
      .none, .fixed(.seconds(5)), .exponential(), .exponential(jitter: .equal),
      .exponential(cap: .seconds(3), jitter: .proportional(0.2)),
    ]
    policy = RetryPolicy(
      maxAttempts: .random(in: 1...Self.attemptsMax, using: &generator),
      backoff: backoffs[Int.random(in: 0..<backoffs.count, using: &generator)],
      deadline: milliseconds(100...60_000, oneIn: 3),
      attemptTimeout: milliseconds(500...3000, oneIn: 2),
      allowsDuplicates: .random(using: &generator),
      honoursServerVerdict: .random(using: &generator))
    capacity = Bool.random(using: &generator) ? nil : .random(in: 2...12, using: &generator)
    cancellation = milliseconds(1...20_000, oneIn: 5).map { $0 + .microseconds(777) }
    oversleep = .microseconds(Int.random(in: 0...400, using: &generator))
    answersLate = Int.random(in: 0..<4, using: &generator) == 0
    for _ in 0..<Self.attemptsMax {
      faults.append(Self.fault(using: &generator))
      let whole = Int.random(in: 0...4000, using: &generator)
      let part = Int.random(in: 1...499, using: &generator)
      latencies.append(.microseconds(whole * 1000 + part))
    }
    self.generator = generator
  }

  /// Where the attempt of this number stands; what is one too many is no crash, but a finding.
  static func index(of number: some BinaryInteger) -> Int {
    min(max(Int(number), 1), attemptsMax) - 1
  }

  private static func fault(using generator: inout SeededGenerator) -> AttemptFacts? {
    let statuses: [Int?] = [nil, 400, 408, 418, 429, 429, 500, 503, 503]
    switch Int.random(in: 0..<8, using: &generator) {
    case 0: return nil
    case 1: return AttemptFacts(layer: .transport, type: "reset")
    default:
      let status = statuses[Int.random(in: 0..<statuses.count, using: &generator)]
      var facts = AttemptFacts(httpStatus: status, layer: .http)
      let verdicts: [Bool?] = [nil, nil, true, false]
      facts.serverVerdict = verdicts[Int.random(in: 0..<4, using: &generator)]
      if Bool.random(using: &generator) {
        facts.retryAfter = .milliseconds(Int.random(in: -10...130_000, using: &generator))
        facts.retryAfterSource = .header
      }
      return facts
    }
  }
}

/// What the provider saw: the other side of the log.
final class CountingServer: Sendable {
  let requests = Locked(0)
  /// By status; 0 is a connection that was lost.
  let answers = Locked([Int: Int]())

  func answer(_ facts: AttemptFacts?) {
    let status = facts == nil ? 200 : facts?.httpStatus ?? 0
    answers.withLock { $0[status, default: 0] += 1 }
  }
}

extension RandomSchedule {
  /// Runs one operation to its end, in virtual time.
  func run(_ server: CountingServer = CountingServer()) async -> RecordedEvents {
    let clock = EventClock()
    let events = RecordedEvents()
    let retrier = retrier(clock, events)
    let start = AsyncStream<Void>.makeStream()
    let task = Task {
      for await _ in start.stream {}
      try await retrier.run(.make()) { attempt in
        server.requests.withLock { $0 += 1 }
        let facts = faults[Self.index(of: attempt.number)]
        do {
          try await clock.sleep(for: latencies[Self.index(of: attempt.number)])
        } catch {
          guard answersLate, facts == nil || facts?.httpStatus != nil else { throw error }
        }
        server.answer(facts)
        if let facts { throw Refusal(attemptFacts: facts) }
        attempt.note { $0.httpStatus = 200 }
      }
    }
    if let cancellation { clock.at(cancellation) { task.cancel() } }
    start.continuation.finish()
    _ = await task.result
    return events
  }

  private func retrier(_ clock: EventClock, _ events: RecordedEvents) -> Retrier {
    let isWatched = policy.deadline != nil || policy.attemptTimeout != nil
    let isInAttempt = Locked(false)
    let exact = MonotonicClock(clock)
    let late = MonotonicClock(now: exact.now) { duration in
      let isWait = isInAttempt.withLock { !$0 }
      try await exact.sleep(isWait ? duration + oversleep : duration)
    }
    return Retrier(
      policy: policy, clock: late, random: RandomSource(generator), attemptStarts: .all,
      budget: capacity.map { RetryBudget(capacity: $0) },
      record: { [record = events.record] event in
        let begins = if case .attemptStart = event { true } else { false }
        isInAttempt.withLock { $0 = begins }
        // In an attempt the body sleeps and whoever watches it; between attempts, the wait.
        clock.expect(begins && isWatched ? 2 : 1)
        record(event)
      })
  }
}

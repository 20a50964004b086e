public import AttemptLog
public import Retry

/// What a client needs to know; the two providers differ in their defaults.
public struct ClientConfiguration: Sendable {
  /// Scheme, host and optional port and prefix: `http://127.0.0.1:8080/assemblyai`.
  public var baseURL: String
  public var key: APIKey
  /// An alias of the key for the log.
  public var account: String?
  /// For `transcribe`.
  public var policy: RetryPolicy
  /// For the requests below a `transcribe`; polls are repeated whatever it says of duplicates.
  public var requestPolicy: RetryPolicy
  /// Go before the provider's own rules.
  public var rules: [ErrorRule] = []
  public var pollInterval: Duration = .seconds(3)
  /// How long one job is polled before it is given up.
  public var pollLimit: Duration = .seconds(10_800)
  public var transport: HTTPTransport
  public var clock: MonotonicClock = .continuous
  public var random: RandomSource = .system
  /// For dates in `Retry-After`.
  public var wallTime: @Sendable () -> Timestamp = { .now() }
  public var attemptStarts: AttemptStarts = .billable
  /// How many `transcribe` calls are at work at once, each with its job; what waits for its place is not
  /// measured as the provider's latency.
  public var gate: ConcurrencyGate?
  /// Shared by all clients whose retries count together.
  public var budget: RetryBudget?
  public var record: @Sendable (Event) -> Void

  /// AssemblyAI's guide: one resubmission after 5 s.
  ///
  /// A lost submit is not repeated.
  public static func assemblyAI(
    key: APIKey, record: @escaping @Sendable (Event) -> Void
  ) -> ClientConfiguration {
    ClientConfiguration(
      baseURL: AssemblyAI.baseURL, key: key,
      policy: RetryPolicy(maxAttempts: 2, backoff: .fixed(.seconds(5))),
      requestPolicy: RetryPolicy(allowsDuplicates: false),
      transport: .urlSession(), record: record)
  }

  /// Lesan's guide: 3 attempts, 1, 2, 4 s; a synchronous call may take 300 s.
  public static func lesan(
    key: APIKey, record: @escaping @Sendable (Event) -> Void
  ) -> ClientConfiguration {
    ClientConfiguration(
      baseURL: Lesan.baseURL, key: key,
      policy: RetryPolicy(backoff: .exponential(jitter: .proportional(0.1))),
      requestPolicy: RetryPolicy(),
      transport: .urlSession(idleTimeout: .seconds(330)), record: record)
  }

  private init(
    baseURL: String, key: APIKey, policy: RetryPolicy, requestPolicy: RetryPolicy,
    transport: HTTPTransport, record: @escaping @Sendable (Event) -> Void
  ) {
    self.baseURL = baseURL
    self.key = key
    self.policy = policy
    self.requestPolicy = requestPolicy
    self.transport = transport
    self.record = record
  }
}

/// The result of a transcription.
public struct Transcript: Equatable, Sendable {
  public var jobID: String?
  public var text: String
  public var audioSeconds: Double?
  /// The provider's whole answer, as JSON.
  public var json: [UInt8]
}

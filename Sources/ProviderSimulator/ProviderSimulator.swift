import AttemptLog
public import HTTPServer

/// Both providers' APIs, with faults by probability.
///
/// AssemblyAI is under `/assemblyai`, Lesan under `/lesan`. The same configuration and the same
/// requests at the same times, one after the other, give the same answers byte for byte: each
/// request draws one number from the seed's generator, and all its chances follow from that one.
public final class ProviderSimulator: Sendable {
  public struct Configuration: Sendable {
    public var seed: UInt64 = 1
    /// Each request suffers the first fault that strikes.
    public var faults: [Fault] = []
    /// How long an answer takes, except that of a synchronous transcription.
    public var latency: ClosedRange<Duration> = .milliseconds(20) ... .milliseconds(250)
    /// How long a job waits.
    public var queueing: ClosedRange<Duration> = .milliseconds(200) ... .seconds(2)
    /// How long a job is worked on.
    public var processing: ClosedRange<Duration> = .seconds(2) ... .seconds(20)
    public var audioDuration: ClosedRange<Duration> = .seconds(5) ... .seconds(300)
    public var assemblyAI = AssemblyAILimits()
    public var lesan = LesanLimits()

    public init() {}
  }

  public struct AssemblyAILimits: Sendable {
    /// More is answered 429.
    public var requestsPer5Minutes = 20_000

    public init() {}
  }

  public struct LesanLimits: Sendable {
    /// More is answered 429 `rate_limit_exceeded`.
    public var requestsPerMinute = 60
    /// More at once is answered 429 `concurrent_limit_exceeded`.
    public var concurrentJobs = 10
    /// More in a day of UTC is answered 429 `daily_quota_exceeded`.
    public var audioMinutesPerDay = 500.0

    public init() {}
  }

  /// What the simulator needs of its server: room for uploads, and long-lived connections.
  public static var serverConfiguration: HTTPServer.Configuration {
    var configuration = HTTPServer.Configuration()
    configuration.limits.bodyBytesMax = 8 * 1024 * 1024
    configuration.requestsPerConnectionMax = 10_000
    configuration.connectionsMax = 256
    // A slow client of an oversized answer is what is tested.
    configuration.writeDeadline = .seconds(60)
    return configuration
  }

  private let clock: SimulatorClock
  private let state: Locked<SimulatorState>

  public init(configuration: Configuration = Configuration(), clock: SimulatorClock = .system) {
    self.clock = clock
    state = Locked(SimulatorState(configuration))
  }

  public var counts: SimulatorCounts {
    state.withLock { $0.counts }
  }

  /// The handler of an `HTTPServer`; a test or a demo may call it without one.
  public func answer(_ request: HTTPRequest) -> HTTPResponse {
    let now = clock.now()
    return spendTime(of: state.withLock { $0.answer(request, at: now) })
  }

  /// The reset of a request whose body is still to come; nil lets it go on to `answer`.
  func answerHead(_ request: HTTPRequest) -> HTTPResponse? {
    let now = clock.now()
    return state.withLock { $0.resetBeforeReading(request, at: now) }.map(spendTime)
  }

  private func spendTime(of response: HTTPResponse) -> HTTPResponse {
    var response = response
    if let advance = clock.advance {
      let dripped = response.bodyInterval * max(0, response.body.count - 1)
      advance(response.delay + dripped)
      response.delay = .zero
      response.bodyInterval = .zero
    }
    return response
  }

  /// A running server of this simulator; whoever holds it stops it.
  public func serve(on address: ListenAddress) throws(ListenError) -> HTTPServer {
    var configuration = Self.serverConfiguration
    // The clock that `Retry-After` is said by.
    configuration.clock = { [clock] in
      clock.now().microseconds / Timestamp.microsecondsPerSecond
    }
    let server = try HTTPServer(
      listeningOn: [address], configuration: configuration,
      headHandler: answerHead, handler: answer)
    try server.start()
    return server
  }
}

/// What a provider knows about one request.
struct Visit {
  let request: HTTPRequest
  /// The path without the provider's prefix.
  let path: String
  let kind: SimulatedRequest?
  let now: Timestamp
  /// What goes wrong with the job, if the request submits one.
  let job: JobFate
  /// What goes wrong with a synchronous call, if the request is one.
  let sync: SyncFate?

  init(
    _ request: HTTPRequest, path: String, kind: SimulatedRequest?, now: Timestamp, struck: Struck
  ) {
    self.request = request
    self.path = path
    self.kind = kind
    self.now = now
    job = struck.job
    sync =
      switch struck.fault?.effect {
      case .syncTimeout: .timeout
      case .syncQueued: .queued
      default: nil
      }
  }
}

/// What faults make of a job.
struct JobFate {
  var failure: JobFailure?
  var lesanCode: String?
  var stall: JobStall?

  var isSealed: Bool { failure != nil || lesanCode != nil || stall != nil }
}

enum SyncFate {
  case timeout, queued
}

/// The faults that struck a request: one for its answer at most, and one for its job.
struct Struck {
  var fault: Fault?
  var job = JobFate()
}

struct SimulatorState: Sendable {
  private let configuration: ProviderSimulator.Configuration
  private var generator: SeededGenerator
  private var assemblyAI: AssemblyAIAPI
  private var lesan: LesanAPI
  private(set) var counts = SimulatorCounts()
  /// Requests that each fault concerned so far.
  private var concerned: [Int]

  init(_ configuration: ProviderSimulator.Configuration) {
    self.configuration = configuration
    generator = SeededGenerator(seed: configuration.seed)
    assemblyAI = AssemblyAIAPI(configuration)
    lesan = LesanAPI(configuration)
    concerned = Array(repeating: 0, count: configuration.faults.count)
  }

  mutating func answer(_ request: HTTPRequest, at now: Timestamp) -> HTTPResponse {
    guard let (provider, path) = Self.route(request.path) else {
      return .text(404, "expected a path below /assemblyai or /lesan\n")
    }
    var (kind, draws, struck) = draw(request.method, path, of: provider, at: now)
    let visit = Visit(request, path: path, kind: kind, now: now, struck: struck)
    let refusal = struck.fault?.refusal(at: now)
    var response =
      switch provider {
      case .assemblyAI: assemblyAI.answer(visit, fault: refusal, &draws, &counts)
      case .lesan: lesan.answer(visit, fault: refusal, &draws, &counts)
      }
    if response.delay == .zero { response.delay = draws.duration(in: configuration.latency) }
    struck.fault?.spoil(&response)
    counts.countAnswer(
      provider, kind,
      status: response.resetsConnection ? SimulatorCounts.resetStatus : response.status)
    return response
  }

  private mutating func draw(
    _ method: String, _ path: String, of provider: SimulatedProvider, at now: Timestamp
  ) -> (kind: SimulatedRequest?, draws: SeededGenerator, struck: Struck) {
    var draws = SeededGenerator(seed: generator.next())
    // A generator of their own: a further fault leaves the other chances as they are.
    var faultDraws = SeededGenerator(seed: draws.next())
    let kind =
      provider == .assemblyAI ? AssemblyAIAPI.kind(method, path) : LesanAPI.kind(method, path)
    return (kind, draws, strike(kind, of: provider, at: now, &faultDraws))
  }

  mutating func resetBeforeReading(_ request: HTTPRequest, at now: Timestamp) -> HTTPResponse? {
    guard let (provider, path) = Self.route(request.path) else { return nil }
    // The chances of a request are drawn once, by whichever call answers it.
    var preview = self
    let struck = preview.draw(request.method, path, of: provider, at: now).struck
    return struck.fault?.effect == .resetBefore ? answer(request, at: now) : nil
  }

  private static func route(_ path: String) -> (SimulatedProvider, String)? {
    for provider in SimulatedProvider.allCases {
      let prefix = "/\(provider.rawValue)/"
      if path.hasPrefix(prefix) { return (provider, "/" + path.dropFirst(prefix.count)) }
    }
    return nil
  }

  private mutating func strike(
    _ kind: SimulatedRequest?, of provider: SimulatedProvider, at now: Timestamp,
    _ draws: inout SeededGenerator
  ) -> Struck {
    var struck = Struck()
    for (index, fault) in configuration.faults.enumerated() {
      let strikes = draws.unit() < fault.probability
      guard fault.concerns(kind, of: provider, at: now) else { continue }
      concerned[index] += 1
      guard strikes, fault.threatens(number: concerned[index]) else { continue }
      fault.strike(&struck)
    }
    return struck
  }
}

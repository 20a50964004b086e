import AttemptLog
import HTTPServer
import ProviderSimulator
import Reliability
import Report
import Retry
import TranscriptionClients

/// Weeks of transcriptions by both clients, one after the other, with an outage, a rate limit and an
/// exhausted quota.
struct DemoTraffic {
  /// The last one, and that of the report.
  let week: ISOWeek
  private let start: Timestamp
  private let options: DemoOptions
  private let log: String
  private let time: DemoTime
  private let simulator: ProviderSimulator
  private let server: HTTPServer

  init(_ options: DemoOptions, log: String) throws {
    self.options = options
    self.log = log
    week = ISOWeek(containing: options.now.daysSince1970 - 7)
    start = week.window().from.advanced(
      byMicroseconds: -Int64(7 * (options.weeks - 1)) * Timestamp.microsecondsPerDay)
    let time = DemoTime(start)
    self.time = time
    var configuration = ProviderSimulator.Configuration()
    configuration.seed = options.seed
    configuration.faults =
      try options.schedule.map { try FaultSchedule(path: $0).faults } ?? Self.faults(week)
    simulator = ProviderSimulator(
      configuration: configuration,
      clock: SimulatorClock(now: { time.now.time }, advance: time.advance))
    server = try simulator.serve(on: .loopback(port: 0))
  }

  /// Now and then, and in three spells: Lesan is down on Wednesday afternoon, refuses for rate on
  /// Thursday morning, and its daily quota is used up on Friday evening.
  private static func faults(_ week: ISOWeek) throws -> [Fault] {
    func spell(_ text: String, day: Int, from: Int, to: Int) throws -> Fault {
      let hour = Int64(3600) * Timestamp.microsecondsPerSecond
      let midnight = week.window().from.advanced(
        byMicroseconds: Int64(day) * Timestamp.microsecondsPerDay)
      return try Fault(
        text, from: midnight.advanced(byMicroseconds: Int64(from) * hour),
        to: midnight.advanced(byMicroseconds: Int64(to) * hour))
    }
    return try [
      spell("lesan:503:p=0.9", day: 2, from: 14, to: 17),
      spell("lesan:429:rate_limit_exceeded:retry_after=4:p=0.5", day: 3, from: 9, to: 12),
      spell("lesan:429:daily_quota_exceeded:retry_after=14400", day: 4, from: 16, to: 19),
      spell("assemblyai:job:server_error:p=0.5", day: 1, from: 10, to: 13),
      Fault("lesan:500:internal_error:p=0.03"),
      Fault("lesan:429:rate_limit_exceeded:retry_after=2:p=0.02"),
      Fault("lesan:502:p=0.01"),
      Fault("assemblyai:job:server_error:p=0.04"),
      Fault("assemblyai:job:download_error:p=0.02"),
      Fault("assemblyai:503:p=0.02"),
      Fault("assemblyai:429:retry_after=2:p=0.01"),
    ]
  }

  var introduction: String {
    """
    \(options.transcriptions) transcriptions in \(span), through the clients of AssemblyAI \
    and Lesan, against the simulator on http://\(server.addresses[0])
    Requests are real, time is not: sleeps and latencies move a clock that all share.
    """
  }

  private var span: String {
    options.weeks == 1 ? "the week \(week)" : "the \(options.weeks) weeks up to \(week)"
  }

  /// Makes the calls, and tells what the simulator answered and what the log holds.
  func run() async throws -> String {
    var generator = SeededGenerator(seed: options.seed)
    let writer = try LogWriter(path: log, configuration: writerConfiguration, using: &generator)
    let random = RandomSource(SeededGenerator(seed: generator.next()))
    var assemblyAI = ClientConfiguration.assemblyAI(key: APIKey("demo"), record: writer.record)
    var lesan = ClientConfiguration.lesan(key: APIKey("demo"), record: writer.record)
    configure(&assemblyAI, "assemblyai", random)
    configure(&lesan, "lesan", random)
    let clients = (AssemblyAI(assemblyAI), Lesan(lesan))
    var failed = 0
    for (index, start) in startTimes(&generator).enumerated() {
      try await time.sleep(until: start, tolerance: nil)
      let audio = "https://cdn.example.org/audio/\(index + 1).mp3"
      do {
        _ =
          try await index % 2 == 0
          ? clients.0.transcribe(audioURL: audio)
          : clients.1.transcribe(audioURL: audio, language: "am")
      } catch is OperationError {
        failed += 1
      }
    }
    writer.close()
    server.stop()
    guard writer.droppedCount == 0 else { throw DemoError.linesLost(writer.droppedCount, log) }
    let answers = simulator.counts.rows.reduce(0) { $0 + $1.count }
    return """
      \(options.transcriptions - failed) succeeded, \(failed) failed; the simulator answered \
      \(answers) requests

      """
  }

  private var writerConfiguration: LogWriter.Configuration {
    var configuration = LogWriter.Configuration()
    configuration.process = "demo"
    configuration.host = "demo"
    configuration.pid = 1
    configuration.now = { [time] in time.now.time }
    return configuration
  }

  private func configure(
    _ configuration: inout ClientConfiguration, _ provider: String, _ random: RandomSource
  ) {
    configuration.baseURL = "http://\(server.addresses[0])/\(provider)"
    configuration.account = "demo"
    configuration.clock = MonotonicClock(time)
    configuration.random = random
    configuration.wallTime = { [time] in time.now.time }
  }

  /// In order, from Monday to Friday between 8 and 18 o'clock, fewer at the weekend.
  private func startTimes(_ generator: inout SeededGenerator) -> [DemoTime.Instant] {
    let days = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 6]
    let secondsOfDay = 8 * 3600..<18 * 3600
    return (0..<options.transcriptions).map { index in
      let dayOfWeek = days[Int.random(in: days.indices, using: &generator)]
      let day = dayOfWeek + 7 * (index % options.weeks)
      let second = Int.random(in: secondsOfDay, using: &generator)
      return DemoTime.Instant(
        time: start.advanced(
          byMicroseconds: Int64(day * 86_400 + second) * Timestamp.microsecondsPerSecond))
    }.sorted()
  }

  /// What `relmon report` prints on the log.
  func report() throws -> String {
    var input = ReportInput(window: week.window())
    let follower = try LogFollower(path: log)
    while try follower.read(into: &input) {}
    let report = input.report(at: max(options.now, time.now.time))
    return String(
      decoding: report.document().terminal(width: 100, isColoured: false), as: UTF8.self)
  }
}

import AttemptLog
import HTTPServer
import ProviderSimulator

/// A client and a simulator that share one virtual clock.
struct VirtualClient {
  let simulator: ProviderSimulator
  private let time: Locked<Timestamp>

  /// 2026-11-16T08:00:00Z.
  static let start = Timestamp(microseconds: 1_794_816_000_000_000)

  init(
    seed: UInt64 = 7, faults: [String] = [],
    configure: (inout ProviderSimulator.Configuration) -> Void = { _ in }
  ) throws {
    let time = Locked(Self.start)
    var configuration = ProviderSimulator.Configuration()
    configuration.seed = seed
    configuration.faults = try faults.map { try Fault($0) }
    configure(&configuration)
    self.time = time
    simulator = ProviderSimulator(
      configuration: configuration,
      clock: SimulatorClock(
        now: { time.withLock { $0 } },
        advance: { duration in
          time.withLock { $0 = $0.advanced(byMilliseconds: duration / .milliseconds(1)) }
        }))
  }

  var now: Timestamp { time.withLock { $0 } }

  func pass(seconds: Double) {
    time.withLock { $0 = $0.advanced(byMilliseconds: seconds * 1000) }
  }

  func call(
    _ method: String, _ path: String, _ body: String = "", key: String? = nil
  ) -> HTTPResponse {
    let usual = path.hasPrefix("/lesan") ? "Bearer key" : "key"
    var headers = HTTPHeaders()
    if key != "" { headers.append("Authorization", key ?? usual) }
    return simulator.answer(
      HTTPRequest(method: method, target: path, headers: headers, body: Array(body.utf8)))
  }

  func submitLesan(_ mode: String = "sync") -> HTTPResponse {
    call(
      "POST", "/lesan/v1/transcriptions",
      #"{"audio_url":"https://example.com/a.mp3","language":"am","mode":"\#(mode)"}"#)
  }

  func submitAssemblyAI() -> HTTPResponse {
    call("POST", "/assemblyai/v2/transcript", #"{"audio_url":"https://example.com/a.mp3"}"#)
  }
}

extension HTTPResponse {
  var text: String { String(decoding: body, as: UTF8.self) }

  /// The value of the first string member of this name.
  func member(_ name: String) -> String {
    guard let range = text.firstRange(of: "\"\(name)\":\"") else { return "" }
    return String(text[range.upperBound...].prefix { $0 != "\"" })
  }
}

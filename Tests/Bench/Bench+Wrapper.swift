import AttemptLog
import Glibc
import Retry

extension Bench {
  /// What a successful call without I/O costs, and what the wrapper adds.
  static func wrapper() async throws {
    let operation = LoggedOperation(provider: "bench", name: "call")
    @Sendable func call() async throws -> Int { 1 }

    let bare = try await perCall { _ = try await call() }
    row("a bare call (reference)", ["\(fixed(bare * 1e6, 2)) µs"])
    let silent = Retrier(record: { _ in })
    let wrapped = try await perCall { _ = try await silent.run(operation) { _ in 1 } }
    wrapperRow("wrapped, nothing recorded", wrapped, bare)
    for (name, mode) in [
      ("written", LogWriter.Mode.direct),
      ("buffered", .buffered),
    ] {
      let directory = try temporaryDirectory()
      var configuration = LogWriter.Configuration()
      configuration.mode = mode
      let log = try LogWriter(path: directory + "/attempts.jsonl", configuration: configuration)
      let retrier = Retrier(record: log.record)
      let logged = try await perCall { _ = try await retrier.run(operation) { _ in 1 } }
      let noted = try await perCall {
        _ = try await retrier.run(operation) { attempt in
          attempt.note { facts in
            facts.httpStatus = 200
            facts.requestID = "7c9e6679f4a14b7a"
          }
          return 1
        }
      }
      log.close()
      wrapperRow("wrapped, both lines \(name)", logged, bare)
      wrapperRow("… a status and an id noted", noted, bare, dropped: log.droppedCount)
      remove(["attempts.jsonl"], in: directory)
    }
  }

  private static func wrapperRow(
    _ name: String, _ time: Double, _ bare: Double, dropped: Int64 = 0
  ) {
    row(
      name,
      ["\(fixed(time * 1e6, 2)) µs", "\(fixed(time / bare, 0)) × reference"]
        + (dropped == 0 ? [] : ["\(dropped) lines dropped"]))
  }

  /// The median of 20,000 single calls, in seconds.
  private static func perCall(_ body: () async throws -> Void) async throws -> Double {
    var times: [Int64] = []
    times.reserveCapacity(20_000)
    for _ in 0..<20_000 {
      let start = nanoseconds()
      try await body()
      times.append(nanoseconds() - start)
    }
    return Double(times.sorted()[times.count / 2]) / 1e9
  }
}

import AttemptLog
import Reliability
import TestSupport

extension Timestamp {
  /// Long after everything in the tests' logs.
  static let later = at("2026-12-01T00:00:00Z")

  /// `hh:mm:ss` on the day of the logs, or a whole RFC 3339 time.
  static func at(_ text: String) -> Timestamp {
    let whole = text.contains("T") ? text : "2026-11-18T\(text)Z"
    guard let time = Timestamp(rfc3339: whole) else {
      preconditionFailure("not a time: \(text)")
    }
    return time
  }
}

extension Aggregate {
  /// What these logs say, read one after the other, with silence judged at `now`.
  init(_ counts: Counts, reading logs: [LogText], now: Timestamp = .later) {
    self.init(counts)
    read(logs)
    judge(at: now)
  }
}

extension Aggregate<LifetimeCounts> {
  static func lifetime(
    _ logs: LogText..., now: Timestamp = .later, limits: LifetimeCounts.Limits = .init()
  ) -> Self {
    Self(LifetimeCounts(limits: limits), reading: logs, now: now)
  }

  func scope(_ operation: String = "transcribe") -> LifetimeCounts.Scope? {
    counts.scopes.first { $0.operation == operation }
  }
}

extension Aggregate<WindowedCounts> {
  static func weeks(_ logs: [LogText]) -> WindowedCounts {
    let windows = ISOWeek("2026-W47").map { [$0.window()] } ?? []
    return Self(WindowedCounts(windows: windows, detailed: 0..<1), reading: logs).counts
  }
}

extension WindowedCounts {
  /// 2026-W46 and the week of the logs, 2026-W47, whose details are kept, and the week after.
  static func weeks(_ logs: LogText..., now: Timestamp = .later) -> WindowedCounts {
    let windows = ["2026-W46", "2026-W47", "2026-W48"].compactMap { ISOWeek($0)?.window() }
    return Aggregate(
      WindowedCounts(windows: windows, detailed: 1..<2), reading: logs, now: now
    ).counts
  }

  var before: Tally { headline(0..<1) }
  var week: Tally { headline(1..<2) }
  var after: Tally { headline(2..<3) }
}

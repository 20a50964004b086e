import Testing
import Threading

@testable import relmon

struct ProgressTests {
  private final class Screen {
    var time = MonotonicInstant.now
    var texts: [String] = []
  }

  private func progress(on screen: Screen, columns: Int = 80) -> Progress {
    Progress(now: { screen.time }, columns: { columns }) { screen.texts.append($0) }
  }

  @Test func `a short reading shows nothing`() {
    let screen = Screen()
    var progress = progress(on: screen)
    screen.time += .milliseconds(999)
    progress.update {
      Issue.record("asked for"); return .init(bytes: 0, records: 0)
    }
    progress.erase()
    #expect(screen.texts.isEmpty)
  }

  @Test func `a long one shows a line five times a second, and takes it away`() {
    let screen = Screen()
    var progress = progress(on: screen)
    for step in 0..<20 {
      screen.time += .milliseconds(100)
      progress.update {
        .init(bytes: Int64(step + 1) * 10_000_000, bytesTotal: 400_000_000, records: step)
      }
    }
    #expect(screen.texts.count == 6)
    #expect(
      screen.texts.first == "\r\u{1B}[K100 MB of 400 MB, 9 records, 100 MB/s, 3 s left")
    progress.erase()
    progress.erase()
    #expect(screen.texts.last == "\r\u{1B}[K")
    #expect(screen.texts.count == 7)
  }

  @Test func `the line is no wider than the terminal`() {
    let screen = Screen()
    var progress = progress(on: screen, columns: 20)
    screen.time += .seconds(2)
    progress.update { .init(bytes: 400_000_000, records: 5) }
    #expect(screen.texts == ["\r\u{1B}[K400 MB, 5 records, "])
  }

  @Test(arguments: [
    (
      Progress.State(bytes: 412_000_000, bytesTotal: 1_250_000_000, records: 3_100_000), 2.0,
      "412 MB of 1.3 GB, 3100000 records, 206 MB/s, 5 s left"
    ),
    (
      .init(bytes: 1_000_000, bytesTotal: 1_000_000_000, records: 9), 2.0,
      "1.0 MB of 1.0 GB, 9 records, 500 kB/s, 34 min left"
    ),
    (.init(bytes: 12_345, records: 9), 1.0, "12 kB, 9 records, 12 kB/s"),
    (.init(bytes: 0, bytesTotal: 10, records: 0), 3.0, "0 kB of 0 kB, 0 records, 0 kB/s"),
    // The file became shorter.
    (
      .init(bytes: 20, bytesTotal: 10, records: 1), 3.0, "0 kB of 0 kB, 1 records, 0 kB/s, 0 s left"
    ),
    (
      .init(bytes: .max, bytesTotal: .max, records: .max), 0,
      "9223372036 GB of 9223372036 GB, 9223372036854775807 records, 9223372036854 GB/s, 0 s left"
    ),
  ])
  func `what is told`(state: Progress.State, seconds: Double, text: String) {
    #expect(Progress.text(state, after: .seconds(seconds)) == text)
  }
}

import AttemptLog
import Threading

/// Tells once of a line of a log whose end does not come: whoever wrote it was killed, or still writes.
///
/// The line is not dropped: it is read when its end is there, or when the file is rotated.
struct UnfinishedLine {
  private let path: String
  private let position: LinePosition
  private let since: MonotonicInstant
  private var isTold = false

  /// A half-written line that is looked at is older than this only if something is wrong.
  static let ageMax = Duration.seconds(10)

  /// The one at which a follower is, which may be the one that was seen before; nil if there is none.
  static func next(
    _ seen: UnfinishedLine?, of follower: LogFollower, now: MonotonicInstant
  ) -> UnfinishedLine? {
    guard let position = follower.unfinishedLine?.position else { return nil }
    if let seen, seen.path == follower.path, seen.position == position { return seen }
    return UnfinishedLine(path: follower.path, position: position, since: now)
  }

  private init(path: String, position: LinePosition, since: MonotonicInstant) {
    (self.path, self.position, self.since) = (path, position, since)
  }

  /// What is to be said of it, once.
  mutating func warning(bytes: Int, now: MonotonicInstant) -> String? {
    guard !isTold, now - since >= Self.ageMax else { return nil }
    isTold = true
    let seconds = Self.ageMax.components.seconds
    return "\(path):\(position.line): a line without an end for \(seconds) s: \(bytes) bytes at "
      + "file offset \(position.offset) are not read until a newline follows"
  }
}

import Glibc

/// Why lines are not in the log: the `reason` of a `dropped` line.
///
/// The last two say that an unknown number of lines which were in the log may be gone: their lines
/// have a `count` of 0.
public enum DropReason: String, CaseIterable, Hashable, Sendable {
  /// No space, or no inodes, on the file system.
  case enospc
  /// The disk quota of the user.
  case edquot
  /// The device failed.
  case eio
  /// The file system is read-only.
  case erofs
  /// The file would exceed `RLIMIT_FSIZE` or what the file system can hold.
  case efbig
  /// No descriptor was left, in the process or in the system.
  case emfile
  /// Not permitted: EPERM or EACCES.
  case eperm
  /// The kernel took a part of the line, twice.
  case short
  /// Longer than a line may be, even without its optional keys.
  case tooLarge = "too_large"
  /// A value that a reader would reject.
  case invalid
  /// More lines waited than the queue holds.
  case queueFull = "queue_full"
  /// Recorded after `close()`; told by `LogWriter.dropped` alone.
  case closed
  /// Any other system error.
  case other
  /// Somebody else cut the file (copytruncate).
  case truncatedByOthers = "truncated_by_others"
  /// fdatasync(2) failed: what was written since the last one may be lost in a crash.
  case syncFailed = "sync_failed"

  /// A reason that this version does not know, or none, is `other`.
  public init(written: String?) {
    self = written.flatMap(Self.init) ?? .other
  }

  init(errno: CInt) {
    switch errno {
    case ENOSPC: self = .enospc
    case EDQUOT: self = .edquot
    case EIO: self = .eio
    case EROFS: self = .erofs
    case EFBIG: self = .efbig
    case EMFILE, ENFILE: self = .emfile
    case EPERM, EACCES: self = .eperm
    default: self = .other
    }
  }

  /// Space may come back while the file stays open; anything else is answered by opening it again.
  var isLackOfSpace: Bool {
    switch self {
    case .enospc, .edquot, .efbig, .short: true
    default: false
    }
  }
}

/// Lines that a writer lost, by reason.
struct Losses: Sendable {
  /// Since the writer began.
  private(set) var total: [DropReason: Int64] = [:]
  /// Those that no `dropped` line tells of yet.
  private(set) var untold: [DropReason: Int64] = [:]
  /// Those that have no number yet.
  private var unnumbered: Int64 = 0

  /// A count of 0 is a note that lines of others may be gone.
  ///
  /// - Parameter numbered: The lines had their numbers.
  mutating func add(_ reason: DropReason, _ count: Int64 = 1, numbered: Bool = false) {
    total[reason, default: 0] += count
    untold[reason, default: 0] += count
    if !numbered { unnumbered += count }
  }

  /// Lost without a chance to be told.
  mutating func addUntellable(_ reason: DropReason) {
    total[reason, default: 0] += 1
  }

  /// How many numbers are to be left out, so that what is missing is what was lost.
  mutating func takeUnnumbered() -> Int64 {
    defer { unnumbered = 0 }
    return unnumbered
  }

  /// A `dropped` line told of so many.
  mutating func told(_ reason: DropReason, _ count: Int64) {
    let rest = (untold[reason] ?? 0) - count
    untold[reason] = rest > 0 ? rest : nil
  }
}

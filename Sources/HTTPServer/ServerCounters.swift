import Synchronization

/// What a server has met since it began; one thread counts, any may read.
public final class ServerCounters: Sendable {
  /// Why a connection was closed although nobody asked for that.
  public enum Shed: String, CaseIterable, Sendable {
    /// As many are held as may be, and each has an answer in work.
    case limit
    /// It had no whole request yet, and a new one needed its place.
    case displaced
    /// No file descriptor was left.
    case descriptors
  }

  /// Why a request was refused before a handler saw it.
  public enum Rejection: String, CaseIterable, Sendable {
    case malformed
    case tooLarge = "too_large"
    case unsupported
    case foreignHost = "foreign_host"
    case timeout
    /// As many answers to a limited path are in work as may be.
    case overload

    init(_ refusal: RequestRefusal) {
      self =
        switch refusal.status {
        case 413, 414, 431: .tooLarge
        case 501, 505: .unsupported
        default: .malformed
        }
    }
  }

  private let open = Atomic(0)
  private let accepted = Atomic(0)
  private let atLimit = Atomic(0)
  private let displaced = Atomic(0)
  private let withoutDescriptor = Atomic(0)
  private let malformed = Atomic(0)
  private let tooLarge = Atomic(0)
  private let unsupported = Atomic(0)
  private let foreignHost = Atomic(0)
  private let timeout = Atomic(0)
  private let overload = Atomic(0)

  public init() {}

  public var openConnections: Int { open.load(ordering: .relaxed) }
  public var acceptedConnections: Int { accepted.load(ordering: .relaxed) }

  public subscript(reason: Shed) -> Int {
    switch reason {
    case .limit: atLimit.load(ordering: .relaxed)
    case .displaced: displaced.load(ordering: .relaxed)
    case .descriptors: withoutDescriptor.load(ordering: .relaxed)
    }
  }

  public subscript(reason: Rejection) -> Int {
    switch reason {
    case .malformed: malformed.load(ordering: .relaxed)
    case .tooLarge: tooLarge.load(ordering: .relaxed)
    case .unsupported: unsupported.load(ordering: .relaxed)
    case .foreignHost: foreignHost.load(ordering: .relaxed)
    case .timeout: timeout.load(ordering: .relaxed)
    case .overload: overload.load(ordering: .relaxed)
    }
  }

  func countAccepted() { accepted.add(1, ordering: .relaxed) }

  func setOpen(_ count: Int) { open.store(count, ordering: .relaxed) }

  func count(_ reason: Shed) {
    switch reason {
    case .limit: atLimit.add(1, ordering: .relaxed)
    case .displaced: displaced.add(1, ordering: .relaxed)
    case .descriptors: withoutDescriptor.add(1, ordering: .relaxed)
    }
  }

  func count(_ reason: Rejection) {
    switch reason {
    case .malformed: malformed.add(1, ordering: .relaxed)
    case .tooLarge: tooLarge.add(1, ordering: .relaxed)
    case .unsupported: unsupported.add(1, ordering: .relaxed)
    case .foreignHost: foreignHost.add(1, ordering: .relaxed)
    case .timeout: timeout.add(1, ordering: .relaxed)
    case .overload: overload.add(1, ordering: .relaxed)
    }
  }
}

public import AttemptLog

/// What the endpoint says of the state that the monitor keeps.
public struct StateFigures: Hashable, Sendable {
  /// When the state was saved last; nil before the first time.
  public var saved: Timestamp?
  /// How often a state was there and could not be used.
  public var lost = 0
  /// How often it could not be saved.
  public var saveErrors = 0
  /// Log files that became shorter than what was read of them.
  public var truncated = 0
  /// Of log files that were deleted while the monitor was down, as far as it knew their sizes.
  public var deletedUnreadBytes: Int64 = 0

  public init() {}
}

/// From when on something is wrong: the thresholds of `relmon check`, which are those of the alert
/// rules for Prometheus.
public struct CheckRules: Sendable {
  /// The span of judgement; the spans beside it follow it, so that an hour has ten minutes beside it
  /// and six hours for low traffic.
  public let withinSeconds: Int64
  /// Of the operation success rate, above 0 and at most 1.
  public let objective: Double
  /// A log without a new line for longer is silent; nil if one may be silent for ever.
  public let silentAfterSeconds: Int64?

  /// What a span of judgement may be.
  public static let withinSecondsRange: ClosedRange<Int64> = 60...7 * 86_400

  /// - Parameters:
  ///   - withinSeconds: the span of judgement, in `withinSecondsRange`.
  ///   - objective: the share of operations that are to succeed, above 0 and at most 1.
  ///   - silentAfterSeconds: nil if a log may be silent for ever.
  public init(
    withinSeconds: Int64 = 3600, objective: Double, silentAfterSeconds: Int64? = 86_400
  ) {
    precondition(
      Self.withinSecondsRange.contains(withinSeconds), "a minute to a week, got \(withinSeconds) s")
    self.withinSeconds = withinSeconds
    self.objective = objective
    self.silentAfterSeconds = silentAfterSeconds
  }

  /// Retries keep failing if fewer than this share of the retried operations is rescued.
  static let rescuedMin = 0.5
  /// Retried operations in the span of judgement from which on the share itself is judged.
  ///
  /// Of fewer only what the 95 % interval excludes is told (Wilson 1927), there or in the longer
  /// span: four failures of four, but not three of three.
  static let retriedMin = 10
  /// Successive failed operations of one pair: what definitions.md calls an incident.
  static let streakMin = Incident.failuresMin
  /// What was not attempted for a week is not called any more.
  static let triedWithinSeconds: Int64 = 604_800
  /// Retries above this share of first attempts, of which there are at least so many.
  static let retriesPerAttemptMax = 0.1
  static let initialAttemptsMin = 50
  /// As many attempts belong to a call that has ended.
  static let attemptsWithoutOperationMin = 10
  /// A limit that refuses now and then is worth telling when it refused for more than half of this
  /// time.
  let sustainedSeconds: Int64 = 1800
  static let sustainedShareMin = 0.5

  /// Beside the span of judgement: the short one shows that it goes on.
  var shortSeconds: Int64 { withinSeconds / 6 }
  var lowTrafficSeconds: Int64 { withinSeconds * 6 }
  /// Without a success for as long nothing succeeds.
  public var noSuccessSeconds: Int64 { withinSeconds * 2 }

  /// How fast an error budget burns: two spans and a factor as in "The Site Reliability Workbook",
  /// chapter 5, for the budget of a week, with a floor of failures for low traffic.
  ///
  /// The factors belong to these spans, which therefore do not follow the span of judgement.
  public struct Burn: Sendable {
    public let longSeconds: Int64
    public let shortSeconds: Int64
    public let factor: Double
    public let isFast: Bool

    static let failuresMin = 5
    /// A factor times a large budget would be more than everything.
    static let failureRateMax = 0.95

    /// 8 % of the budget within an hour.
    static let fast = Burn(longSeconds: 3600, shortSeconds: 300, factor: 13.44, isFast: true)
    /// 12.5 % of the budget within six hours.
    static let slow = Burn(longSeconds: 21_600, shortSeconds: 1800, factor: 3.5, isFast: false)

    /// The share of operations that must fail, and more.
    public func limit(objective: Double) -> Double {
      min(factor * (1 - objective), Self.failureRateMax)
    }
  }

  /// All spans that are looked at.
  var spans: [Int64] {
    [shortSeconds, withinSeconds, 2 * withinSeconds, noSuccessSeconds, lowTrafficSeconds]
      + [Burn.fast, .slow].flatMap { [$0.shortSeconds, $0.longSeconds] }
  }
}

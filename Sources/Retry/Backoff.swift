/// How long to wait before a retry: `min(cap, base * factor^(retries - 1))`, then jitter.
///
/// The cap comes before the jitter: the other way round every wait at the cap is the same and
/// clients that failed together come back together.
public struct Backoff: Equatable, Sendable {
  public var base: Duration
  /// At least 1.
  public var factor: Double
  public var cap: Duration
  public var jitter: Jitter

  public enum Jitter: Equatable, Sendable {
    case none
    /// Uniform between 0 and the delay.
    case full
    /// Uniform between half the delay and the delay.
    case equal
    /// Uniform between the delay and that fraction more, so that it is never undercut.
    case proportional(Double)
  }

  public static let none = Backoff(base: .zero, factor: 1, cap: .zero, jitter: .none)

  public static func fixed(_ delay: Duration, jitter: Jitter = .none) -> Backoff {
    Backoff(base: delay, factor: 1, cap: delay, jitter: jitter)
  }

  public static func exponential(
    base: Duration = .seconds(1), factor: Double = 2, cap: Duration = .seconds(20),
    jitter: Jitter = .full
  ) -> Backoff {
    precondition(factor >= 1, "a backoff must not shrink; got factor \(factor)")
    return Backoff(base: base, factor: factor, cap: cap, jitter: jitter)
  }

  /// The wait after the attempt with this number has failed, in whole microseconds.
  public func delay(
    afterAttempt attempt: Int, using generator: inout some RandomNumberGenerator
  ) -> Duration {
    precondition(attempt >= 1, "attempts count from 1; got \(attempt)")
    let full = capped(afterAttempt: attempt)
    let jittered =
      switch jitter {
      case .none: full
      case .full: full * Double.random(in: 0...1, using: &generator)
      case .equal: full * Double.random(in: 0.5...1, using: &generator)
      case .proportional(let fraction):
        full * (1 + max(0, fraction) * Double.random(in: 0...1, using: &generator))
      }
    return jittered.roundedUpToMicroseconds
  }

  private func capped(afterAttempt attempt: Int) -> Duration {
    var delay = min(max(base, .zero), cap)
    var retry = 1
    // Nothing grows any more at the cap, at zero, or with a factor of 1.
    while retry < attempt && factor > 1 && delay > .zero && delay != cap {
      // Compared before multiplying: a Duration traps when it overflows.
      delay = delay > cap / factor ? cap : min(delay * factor, cap)
      retry += 1
    }
    return delay
  }
}

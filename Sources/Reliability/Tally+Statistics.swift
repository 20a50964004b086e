import AttemptLog

// The ratios and shares of definitions.md. O are the operations of the tally, O′ those of them
// whose fate is known, A the attempts, A′ those that the caller did not cancel, R the operations of
// O′ with two attempts or more.
extension Tally {
  public var attemptCount: Int { attempts[.initial].count + attempts[.retry].count }

  /// Failed attempts in A′.
  public var failedAttempts: Int { attempts[.initial].failed + attempts[.retry].failed }

  /// Failed in A′ / A′.
  public var attemptErrorRate: Ratio {
    Ratio(hits: failedAttempts, of: attempts[.initial].counted + attempts[.retry].counted)
  }

  /// Success in O′ / O′.
  public var successRate: Ratio {
    Ratio(hits: operations.byOutcome[.success].count, of: operations.known)
  }

  /// O′ with success and `retried` false / O′ with at least one attempt.
  ///
  /// A success without an attempt is in neither, or the ratio could be above 1.
  public var firstAttemptSuccessRate: Ratio {
    Ratio(hits: operations.succeededAtOnce, of: operations.knownWithAttempts)
  }

  /// Success in R / R: of the operations that needed a retry, how many did the retries rescue.
  public var retrySuccessRatio: Ratio {
    Ratio(hits: operations.rescued, of: operations.retried)
  }

  /// Successful attempts from the second on in A′ / attempts from the second on in A′.
  public var retryAttemptSuccessRatio: Ratio {
    let counted = attempts[.retry].counted
    return Ratio(hits: counted - attempts[.retry].failed, of: counted)
  }

  /// `attempts_exhausted` + `deadline_exceeded` / O′.
  public var exhaustionRate: Ratio {
    let exhausted =
      operations.byOutcome[.attemptsExhausted].count
      + operations.byOutcome[.deadlineExceeded].count
    return Ratio(hits: exhausted, of: operations.known)
  }

  /// Attempts of operations in O / operations in O with at least one attempt.
  public var amplification: Double? {
    Self.quotient(operations.attempts.value, Double(operations.withAttempts))
  }

  /// Audio seconds of all attempts / of first attempts.
  public var audioAmplification: Double? {
    Self.quotient(audioSeconds, attempts[.initial].audioSeconds.value)
  }

  /// Slept time / duration over the operations in O that ended.
  public var backoffShare: Double? {
    Self.quotient(operations.slept.value, allDurations.sum.value)
  }

  public var audioSeconds: Double {
    attempts[.initial].audioSeconds.value + attempts[.retry].audioSeconds.value
  }

  public var sleptSeconds: Double { operations.slept.value / 1000 }

  /// Slept in operations of O′ that did not succeed.
  public var wastedBackoffSeconds: Double { operations.wasted.value / 1000 }

  /// Milliseconds, successes and failures together.
  public var allLatencies: Distribution { latency[.success].merged(with: latency[.failure]) }
  public var allDurations: Distribution { duration[.success].merged(with: duration[.failure]) }

  public var isEmpty: Bool { operations.count == 0 && attemptCount == 0 }

  private static func quotient(_ numerator: Double, _ denominator: Double) -> Double? {
    denominator == 0 ? nil : numerator / denominator
  }
}

/// The six ratios that a report compares week against week, by their names in the JSON.
public enum RatioName: String, CaseIterable, Sendable {
  case attemptErrorRate = "attempt_error_rate"
  case successRate = "success_rate"
  case firstAttemptSuccessRate = "first_attempt_success_rate"
  case retrySuccessRatio = "retry_success_ratio"
  case retryAttemptSuccessRatio = "retry_attempt_success_ratio"
  case exhaustionRate = "exhaustion_rate"
}

extension Tally {
  public subscript(name: RatioName) -> Ratio {
    switch name {
    case .attemptErrorRate: attemptErrorRate
    case .successRate: successRate
    case .firstAttemptSuccessRate: firstAttemptSuccessRate
    case .retrySuccessRatio: retrySuccessRatio
    case .retryAttemptSuccessRatio: retryAttemptSuccessRatio
    case .exhaustionRate: exhaustionRate
    }
  }
}

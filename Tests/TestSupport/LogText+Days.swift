extension LogText {
  /// Ten operations an hour from midnight on until an hour before noon or `until`, every tenth of them
  /// rescued by a retry.
  public static func healthyDay(until: Int = 12) -> LogText {
    (0..<until * 10).reduce(LogText()) { log, index in
      let time = clock(minute: index * 6)
      let id = "day\(index)"
      guard index % 10 == 0 else { return log.attempt(time, id).operation(time, id) }
      return
        log
        .attempt(time, id, error: "server_error", #""decision":"retry","backoff_ms":2000"#)
        .attempt(clock(minute: index * 6, second: 3), id, attempt: 2)
        .operation(clock(minute: index * 6, second: 3), id, attempts: 2)
    }
  }

  /// From ten to noon no operation succeeds, one a minute, each after a retry.
  public static let outage = (0..<120).reduce(healthyDay(until: 10)) { log, index in
    let (time, again) = (clock(minute: 600 + index), clock(minute: 600 + index, second: 3))
    return
      log
      .attempt(time, "out\(index)", error: "server_error", retry)
      .attempt(again, "out\(index)", attempt: 2, error: "server_error", #""max_attempts":2"#)
      .operation(
        again, "out\(index)", outcome: "attempts_exhausted", attempts: 2,
        #""duration_ms":4000,"slept_ms":2000,"error_class":"server_error","error_code":"down""#)
  }

  private static let retry =
    #""decision":"retry","backoff_ms":2000,"backoff_source":"computed","max_attempts":2"#

  /// At ten the quota of the day is used up; two operations ask again.
  public static let quotaEpisode = [0, 30].reduce(healthyDay(until: 10)) { log, minute in
    let time = clock(minute: 600 + minute)
    return
      log
      .attempt(
        time, "quota\(minute)", error: "quota_exhausted",
        #""http_status":429,"quota_name":"daily","quota_reset":"2026-11-19T00:00:00Z""#
      )
      .operation(
        time, "quota\(minute)", outcome: "delay_too_long",
        #""http_status":429,"error_class":"quota_exhausted""#)
  }

  /// A line of the last hour is missing.
  public static let damagedDay: LogText = {
    let day = healthyDay()
    return day.dropLine(day.lines.count - 4)
  }()

  private static func clock(minute: Int, second: Int = 0) -> String {
    [minute / 60, minute % 60, second].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
  }
}

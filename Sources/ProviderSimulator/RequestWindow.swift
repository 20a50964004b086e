import AttemptLog

/// Counts requests in windows of fixed length that begin at multiples of it.
struct RequestWindow: Sendable {
  let requestsMax: Int
  let lengthMicroseconds: Int64
  private var index: Int64 = .min
  private var count = 0

  init(requestsMax: Int, lengthSeconds: Int64) {
    self.requestsMax = requestsMax
    lengthMicroseconds = lengthSeconds * Timestamp.microsecondsPerSecond
  }

  /// Whether there is room for one more request, which then is counted.
  mutating func admit(at now: Timestamp) -> Bool {
    let current = now.microseconds / lengthMicroseconds
    if current != index {
      index = current
      count = 0
    }
    guard count < requestsMax else { return false }
    count += 1
    return true
  }

  func remaining(at now: Timestamp) -> Int {
    now.microseconds / lengthMicroseconds == index ? requestsMax - count : requestsMax
  }

  /// The end of the present window, in seconds since 1970.
  func resetSeconds(at now: Timestamp) -> Int64 {
    let end = (now.microseconds / lengthMicroseconds + 1) * lengthMicroseconds
    return end / Timestamp.microsecondsPerSecond
  }

  /// Whole seconds, rounded up, until the present window ends; at least 1.
  func secondsToReset(at now: Timestamp) -> Int64 {
    let end = (now.microseconds / lengthMicroseconds + 1) * lengthMicroseconds
    let left = end - now.microseconds
    return (left + Timestamp.microsecondsPerSecond - 1) / Timestamp.microsecondsPerSecond
  }
}

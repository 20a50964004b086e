public import AttemptLog

extension Fault {
  /// Reads what a command line says; `from` and `to` limit it to a scripted outage.
  public init(
    _ text: String, from: Timestamp? = nil, to: Timestamp? = nil
  ) throws(FaultError) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard let first = parts.first, let provider = SimulatedProvider(rawValue: first) else {
      throw FaultError(text: text, problem: .unknownProvider(parts.first ?? ""))
    }
    guard parts.count > 1 else { throw FaultError(text: text, problem: .noKind) }
    var options = Self.options(parts[2...])
    let code = options.first.flatMap { $0.contains("=") ? nil : $0 }
    if code != nil { options.removeFirst() }
    do throws(FaultError.Problem) {
      self.init(
        provider: provider, effect: try Self.effect(provider, kind: parts[1], code: code))
      self.from = from
      self.to = to
      // Whatever their order, `as` finds the seconds that it belongs to.
      for option in options.filter({ !$0.hasPrefix("as=") }) { try set(option) }
      for option in options.filter({ $0.hasPrefix("as=") }) { try set(option) }
    } catch {
      throw FaultError(text: text, problem: error)
    }
  }

  /// A location has colons of its own, so it is the last option.
  private static func options(_ parts: ArraySlice<String>) -> [String] {
    guard let index = parts.firstIndex(where: { $0.hasPrefix("location=") }) else {
      return Array(parts)
    }
    return parts[..<index] + [parts[index...].joined(separator: ":")]
  }

  // MARK: - The kind

  private static let redirects = [301, 302, 303, 307, 308]

  private static func effect(
    _ provider: SimulatedProvider, kind: String, code: String?
  ) throws(FaultError.Problem) -> Effect {
    if kind == "job" { return try jobEffect(provider, code: code) }
    if let status = Int(kind), String(status) == kind {
      if let codes = ErrorCatalogue.codes(provider, status: status) {
        return try answer(status, code: code, of: codes)
      }
      guard redirects.contains(status) || provider == .lesan && status == 408 else {
        throw .unknownKind(kind)
      }
      try require(code, oneOf: [])
      return status == 408 ? .syncTimeout : .redirect(status: status)
    }
    if kind == "reset" {
      try require(code, oneOf: ["before", "after"])
      return code == "after" ? .resetAfter : .resetBefore
    }
    guard let effect = plainEffect(provider, kind) else { throw .unknownKind(kind) }
    try require(code, oneOf: [])
    return effect
  }

  private static func plainEffect(_ provider: SimulatedProvider, _ kind: String) -> Effect? {
    switch (provider, kind) {
    case (_, "slow"): .slow
    case (_, "drip"): .drip
    case (_, "oversized"): .oversized
    case (.lesan, "queued"): .syncQueued
    default: nil
    }
  }

  private static func require(
    _ code: String?, oneOf known: [String]
  ) throws(FaultError.Problem) {
    if let code, !known.contains(code) { throw .unknownCode(code, known: known) }
  }

  private static func answer(
    _ status: Int, code: String?, of codes: [String]
  ) throws(FaultError.Problem) -> Effect {
    try require(code, oneOf: codes)
    let usual = ErrorCatalogue.isGateway(status) ? nil : codes.first
    return .answer(status: status, code: code ?? usual)
  }

  private static func jobEffect(
    _ provider: SimulatedProvider, code: String?
  ) throws(FaultError.Problem) -> Effect {
    let code = code ?? ""
    if let stall = JobStall(rawValue: code) { return .jobStall(stall) }
    let failures =
      provider == .assemblyAI
      ? JobFailure.allCases.map(\.rawValue) : ErrorCatalogue.lesanJobCodes
    guard failures.contains(code) else {
      throw .unknownCode(code, known: failures + JobStall.allCases.map(\.rawValue))
    }
    return JobFailure(rawValue: code).map(Effect.jobFailure) ?? .lesanJobFailure(code: code)
  }

  // MARK: - The options

  /// A day: longer than any client waits.
  private static let secondsMax = 86_400.0
  /// The whole of an answer is held in memory.
  private static let bytesMax = 256 * 1024 * 1024
  /// Enough for a delay beyond all reason.
  private static let retryAfterDigitsMax = 21

  private mutating func set(_ option: String) throws(FaultError.Problem) {
    let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let name = parts.first, let text = parts.last.map(String.init),
      takes(name)
    else { throw .malformedOption(option) }
    let isRead =
      switch name {
      case "p": put(Self.number(text, max: 1), into: &probability)
      case "on": put(SimulatedRequest(rawValue: text), into: &request)
      case "delay": put(Self.seconds(text), into: &delay)
      case "interval": put(Self.seconds(text), into: &interval)
      case "bytes": put(Self.bytes(text), into: &bytes)
      case "location": put(text.isEmpty ? nil : text, into: &location)
      case "retry_after": put(Self.retryAfter(text), into: &retryAfter)
      default: put(retryAfter(as: text), into: &retryAfter)
      }
    guard isRead else { throw .malformedOption(option) }
  }

  /// Whether the option means something for the effect.
  private func takes(_ name: Substring) -> Bool {
    switch (name, effect) {
    case ("p", _): true
    case ("on", .syncTimeout), ("on", .syncQueued), ("on", .jobFailure),
      ("on", .lesanJobFailure), ("on", .jobStall):
      false
    case ("on", _): true
    case ("delay", .jobFailure), ("delay", .lesanJobFailure), ("delay", .jobStall): false
    case ("delay", _): true
    case ("interval", .drip), ("bytes", .oversized), ("location", .redirect): true
    case ("retry_after", .answer(429, _)), ("retry_after", .answer(503, _)): true
    case ("as", .answer(429, _)), ("as", .answer(503, _)): true
    default: false
    }
  }

  private func put<Value>(_ value: Value?, into place: inout Value) -> Bool {
    guard let value else { return false }
    place = value
    return true
  }

  private func put<Value>(_ value: Value?, into place: inout Value?) -> Bool {
    guard let value else { return false }
    place = value
    return true
  }

  // `Double` also reads a sign, `nan`, `inf` and hexadecimal.
  private static func number(_ text: String, max: Double) -> Double? {
    guard text.utf8.allSatisfy({ $0 == UInt8(ascii: ".") || isDigit($0) }) else { return nil }
    return Double(text).flatMap { $0 <= max ? $0 : nil }
  }

  private static func seconds(_ text: String) -> Duration? {
    number(text, max: secondsMax).map(Duration.seconds)
  }

  private static func bytes(_ text: String) -> Int? {
    guard text.utf8.allSatisfy(isDigit), let bytes = Int(text) else { return nil }
    return (1...bytesMax).contains(bytes) ? bytes : nil
  }

  private static func retryAfter(_ text: String) -> RetryAfter? {
    if text == "none" { return RetryAfter.none }
    guard text.utf8.count <= retryAfterDigitsMax, number(text, max: .infinity) != nil else {
      return nil
    }
    return RetryAfter(text: text)
  }

  private func retryAfter(as text: String) -> RetryAfter? {
    guard let seconds = retryAfter?.text, let form = RetryAfter.Form(rawValue: text) else {
      return nil
    }
    return RetryAfter(text: seconds, form: form)
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }
}

/// A `--fault` that cannot be read.
public struct FaultError: Error, Equatable, CustomStringConvertible {
  public enum Problem: Error, Equatable {
    case unknownProvider(String)
    case noKind
    case unknownKind(String)
    case unknownCode(String, known: [String])
    case malformedOption(String)
  }

  public let text: String
  public let problem: Problem

  public var description: String {
    "invalid fault \"\(text)\": \(reason)"
  }

  private var reason: String {
    switch problem {
    case .unknownProvider(let name):
      "unknown provider \"\(name)\"; expected "
        + SimulatedProvider.allCases.map(\.rawValue).joined(separator: " or ")
    case .noKind: "expected PROVIDER:STATUS, PROVIDER:job:CODE or another PROVIDER:KIND"
    case .unknownKind(let kind): "the provider has no fault \"\(kind)\""
    case .unknownCode(let code, let known):
      "unknown code \"\(code)\"; expected "
        + (known.isEmpty ? "none" : known.joined(separator: ", "))
    case .malformedOption(let option):
      "unusable option \"\(option)\"; options are p=0…1, on=upload|submit|poll|usage and"
        + " delay=SECONDS, of 429 and 503 retry_after=SECONDS|none with"
        + " as=number|string|header|date, of drip interval=SECONDS, of oversized bytes=NUMBER,"
        + " of a redirect location=URL as the last"
    }
  }
}

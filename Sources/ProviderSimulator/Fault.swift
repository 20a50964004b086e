public import AttemptLog

/// Something that goes wrong with a probability.
///
/// Written `PROVIDER:STATUS[:CODE][:OPTION=VALUE]…` or `assemblyai:job:CODE[:OPTION=VALUE]…`, with
/// the options `p` (probability, 1 without it), `retry_after` (seconds, on 429) and `on` (`upload`,
/// `submit`, `poll` or `usage`): `lesan:429:rate_limit_exceeded:retry_after=2:p=0.05`.
///
/// Without a code, 502 and 504 have an HTML body and 503 has none, as a gateway answers.
public struct Fault: Sendable, Equatable {
  public enum Effect: Sendable, Equatable {
    /// The request is answered with an error and has no effect.
    case answer(status: Int, code: String?)
    /// The job that the request submits ends in `error`.
    case jobFailure(JobFailure)
  }

  public let provider: SimulatedProvider
  public let effect: Effect
  /// From 0 to 1, for each request that is concerned.
  public var probability = 1.0
  /// Nil takes what is usual for the code.
  public var retryAfterSeconds: Int?
  /// Nil concerns every request.
  public var request: SimulatedRequest?
  /// The first moment of the fault; nil is ever since.
  public var from: Timestamp?
  /// The first moment after the fault; nil is for ever.
  public var to: Timestamp?

  /// Reads what a command line says; `from` and `to` limit it to a scripted outage.
  public init(
    _ text: String, from: Timestamp? = nil, to: Timestamp? = nil
  ) throws(FaultError) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard let first = parts.first, let provider = SimulatedProvider(rawValue: first) else {
      throw FaultError(text: text, problem: .unknownProvider(parts.first ?? ""))
    }
    guard parts.count > 1 else { throw FaultError(text: text, problem: .noKind) }
    var options = parts[2...]
    let code = options.first.flatMap { $0.contains("=") ? nil : $0 }
    if code != nil { options.removeFirst() }
    self.provider = provider
    self.from = from
    self.to = to
    do throws(FaultError.Problem) {
      effect = try Self.effect(provider, kind: parts[1], code: code)
      for option in options { try set(option) }
    } catch {
      throw FaultError(text: text, problem: error)
    }
  }

  private static func effect(
    _ provider: SimulatedProvider, kind: String, code: String?
  ) throws(FaultError.Problem) -> Effect {
    if kind == "job" {
      // Lesan documents no job that fails after it was accepted.
      guard provider == .assemblyAI else { throw .unknownKind(kind) }
      guard let failure = JobFailure(rawValue: code ?? "") else {
        throw .unknownCode(code ?? "", known: JobFailure.allCases.map(\.rawValue))
      }
      return .jobFailure(failure)
    }
    guard let status = Int(kind), String(status) == kind,
      let codes = ErrorCatalogue.codes(provider, status: status)
    else { throw .unknownKind(kind) }
    guard let code else {
      let fallback = ErrorCatalogue.isGateway(status) ? nil : codes.first
      return .answer(status: status, code: fallback)
    }
    guard codes.contains(code) else { throw .unknownCode(code, known: codes) }
    return .answer(status: status, code: code)
  }

  private mutating func set(_ option: String) throws(FaultError.Problem) {
    let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let name = parts.first, let text = parts.last.map(String.init) else {
      throw .malformedOption(option)
    }
    switch name {
    case "p":
      // `Double` also reads `nan`, `inf` and hexadecimal.
      guard text.utf8.allSatisfy({ $0 == UInt8(ascii: ".") || Self.isDigit($0) }),
        let value = Double(text), value <= 1
      else { throw .malformedOption(option) }
      probability = value
    case "retry_after":
      guard case .answer(429, _) = effect, text.utf8.allSatisfy(Self.isDigit),
        let value = Int(text)
      else { throw .malformedOption(option) }
      retryAfterSeconds = value
    case "on":
      guard let value = SimulatedRequest(rawValue: text) else { throw .malformedOption(option) }
      request = value
    default:
      throw .malformedOption(option)
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }

  func concerns(_ request: SimulatedRequest?, of provider: SimulatedProvider, at now: Timestamp)
    -> Bool
  {
    if let from, now < from { return false }
    if let to, now >= to { return false }
    return self.provider == provider && (self.request == nil || self.request == request)
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
    case .noKind: "expected PROVIDER:STATUS or PROVIDER:job:CODE"
    case .unknownKind(let kind): "the provider has no fault \"\(kind)\""
    case .unknownCode(let code, let known):
      "unknown code \"\(code)\"; expected "
        + (known.isEmpty ? "none" : known.joined(separator: ", "))
    case .malformedOption(let option):
      "unusable option \"\(option)\"; options are p=0…1, retry_after=SECONDS (of 429) and"
        + " on=upload|submit|poll|usage"
    }
  }
}

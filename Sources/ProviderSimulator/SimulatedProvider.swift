/// The providers whose APIs are simulated; the raw value is the path prefix.
public enum SimulatedProvider: String, CaseIterable, Sendable {
  case assemblyAI = "assemblyai"
  case lesan
}

/// What a client asks a provider for.
public enum SimulatedRequest: String, CaseIterable, Sendable {
  case upload, submit, poll, usage
}

/// A provider's key, which no description, dump or encoding shows.
public struct APIKey: Sendable {
  let secret: String

  public init(_ secret: String) {
    self.secret = secret
  }

  static let placeholder = "[REDACTED]"
}

extension APIKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { Self.placeholder }
  public var debugDescription: String { Self.placeholder }
  public var customMirror: Mirror { Mirror(self, children: []) }
}

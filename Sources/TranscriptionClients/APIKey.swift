import Retry

/// A provider's key, which no description, dump or encoding shows.
public struct APIKey: Sendable {
  let secret: String

  public init(_ secret: String) {
    self.secret = secret
  }
}

extension APIKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { Redaction.placeholder }
  public var debugDescription: String { Redaction.placeholder }
  public var customMirror: Mirror { Mirror(self, children: []) }
}

import Glibc

/// The wording of `errno`.
public enum SystemError: Sendable {
  /// `permission denied`: as `strerror` has it, but beginning in lower case like all our messages.
  public static func text(_ errno: Int32) -> String {
    var buffer = [CChar](repeating: 0, count: 128)
    guard unsafe strerror_r(errno, &buffer, buffer.count) == 0 else { return "error \(errno)" }
    let bytes = buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
    let text = String(decoding: bytes, as: UTF8.self)
    return text.prefix(1).lowercased() + text.dropFirst()
  }
}

import Foundation

/// A secret that no random text looks like, and all that must not be left of it.
struct PlantedSecret: Sendable {
  static let key = PlantedSecret(text: "Zq7-Wm4x/Kv9_Tg2Hy5+Jr8Ln3Pw6Xs1Gu")
  static let signature = PlantedSecret(text: "Yt5_Rk8w+Hn2-Vd6Zs9/Qm4Lx7Jp3Gv1Wr")

  let text: String

  /// How a careless service repeats what it was sent; the raw value names the audio that asks for it.
  enum Form: String, CaseIterable, Sendable {
    case plain, percentEncoded, base64, basicAuthentication, piece
  }

  func quoted(as form: Form) -> String {
    switch form {
    case .plain: text
    case .percentEncoded: text.utf8.map { String(format: "%%%02X", $0) }.joined()
    case .base64: Data(text.utf8).base64EncodedString()
    case .basicAuthentication: Data(("user:" + text).utf8).base64EncodedString()
    case .piece: String(text.dropFirst(9).prefix(Self.pieceLength))
    }
  }

  /// What of these bytes is 8 in a row of the secret, in any form.
  func leaks(in bytes: some Collection<UInt8>) -> [String] {
    let bytes = Array(bytes)
    guard bytes.count >= Self.pieceLength else { return [] }
    let forbidden = Set(Form.allCases.flatMap(pieces))
    return (0...bytes.count - Self.pieceLength)
      .map { bytes[$0..<$0 + Self.pieceLength] }
      .filter { forbidden.contains($0) }
      .map { String(decoding: $0, as: UTF8.self) }
  }

  func leaks(in text: String) -> [String] {
    leaks(in: text.utf8)
  }

  private static let pieceLength = 8

  private func pieces(of form: Form) -> [ArraySlice<UInt8>] {
    var bytes = Array(quoted(as: form).utf8)[...]
    // Digits that other bytes decide, too: those of `user:`, and the last before the padding.
    if form == .basicAuthentication { bytes = bytes.dropFirst(7) }
    if form == .base64 || form == .basicAuthentication {
      while bytes.last == UInt8(ascii: "=") { bytes.removeLast() }
      bytes.removeLast()
    }
    return (bytes.startIndex...bytes.endIndex - Self.pieceLength).map {
      bytes[$0..<$0 + Self.pieceLength]
    }
  }
}

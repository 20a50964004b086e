/// Finds secrets that are known, and their pieces, in one pass over a text.
///
/// Every 8 bytes in a row of a secret are kept as one number; a piece of a secret is where the 8
/// bytes of the text that were read last are one of these numbers, again and again.
struct KnownSecrets: Sendable {
  private static let windowBytes = 8
  /// Shorter texts in base64 would be found in any text.
  private static let base64BytesMin = 4

  private var windows: Set<UInt64> = []
  /// A bit for the hash of each window: most bytes of a text need no look into the set.
  private var filter = [UInt64](repeating: 0, count: 64)
  /// What is shorter than a window is found as a whole only.
  private var short: Set<[UInt8]> = []

  var isEmpty: Bool { windows.isEmpty && short.isEmpty }

  mutating func insert(_ secret: String) {
    let bytes = Array(secret.utf8)
    guard !bytes.isEmpty else { return }
    insert(form: bytes)
    for shift in 0...2 {
      let form = Self.base64(bytes, shift: shift)
      guard form.count >= Self.base64BytesMin else { continue }
      insert(form: form)
      // The alphabet of URLs, RFC 4648 §5.
      insert(
        form: form.map {
          $0 == UInt8(ascii: "+")
            ? UInt8(ascii: "-") : $0 == UInt8(ascii: "/") ? UInt8(ascii: "_") : $0
        })
    }
  }

  private mutating func insert(form: [UInt8]) {
    guard form.count >= Self.windowBytes else {
      short.insert(form)
      return
    }
    var window: UInt64 = 0
    for (index, byte) in form.enumerated() {
      window = window << 8 | UInt64(byte)
      guard index >= Self.windowBytes - 1 else { continue }
      windows.insert(window)
      let hash = Self.hash(window)
      filter[hash >> 6] |= 1 << UInt64(hash & 63)
    }
  }

  func find(in text: [UInt8], _ found: inout ByteRanges) {
    if !windows.isEmpty {
      var window: UInt64 = 0
      for index in text.indices {
        window = window << 8 | UInt64(text[index])
        let hash = Self.hash(window)
        guard filter[hash >> 6] & (1 << UInt64(hash & 63)) != 0, index >= Self.windowBytes - 1,
          windows.contains(window)
        else { continue }
        found.append(index - Self.windowBytes + 1..<index + 1)
      }
    }
    for secret in short where secret.count <= text.count {
      for start in 0...text.count - secret.count
      where text[start] == secret[0] && text[start..<start + secret.count].elementsEqual(secret) {
        found.append(start..<start + secret.count)
      }
    }
  }

  /// Less than 4096.
  private static func hash(_ window: UInt64) -> Int {
    Int((window &* 0x9E37_79B9_7F4A_7C15) >> 52)
  }

  /// The digits that these bytes alone decide when so many other bytes stand before them, as in
  /// the `user:password` of Basic authentication.
  private static func base64(_ bytes: [UInt8], shift: Int) -> [UInt8] {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var digits: [UInt8] = []
    var bits: UInt32 = 0
    var count = 0
    for byte in [UInt8](repeating: 0, count: shift) + bytes {
      bits = bits << 8 | UInt32(byte)
      count += 8
      while count >= 6 {
        count -= 6
        digits.append(alphabet[Int(bits >> UInt32(count) & 63)])
      }
      bits &= 63
    }
    return Array(digits.dropFirst(shift == 0 ? 0 : shift + 1))
  }
}

/// The members of the outermost object of a JSON text (RFC 8259) that are strings.
///
/// The whole text is checked; other members are passed over. Of a repeated name the last counts.
struct JSONFields {
  private(set) var strings: [String: String] = [:]
  private(set) var names: Set<String> = []

  /// Containers within containers; more is malformed.
  static let depthMax = 64

  /// Nil if the text is malformed or not an object.
  init?(_ bytes: [UInt8]) {
    var reader = JSONReader(bytes)
    do throws(JSONReader.Malformed) {
      reader.skipBlanks()
      guard reader.takes(UInt8(ascii: "{")) else { return nil }
      try reader.readMembers(depth: 1) { (name, reader) throws(JSONReader.Malformed) in
        names.insert(name)
        strings[name] = nil
        if reader.next == UInt8(ascii: "\"") {
          strings[name] = try reader.readString()
        } else {
          try reader.skipValue(depth: 1)
        }
      }
      reader.skipBlanks()
      guard reader.next == nil else { return nil }
    } catch {
      return nil
    }
  }
}

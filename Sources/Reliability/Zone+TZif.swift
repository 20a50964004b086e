import AttemptLog

extension Zone {
  /// No file of the database is nearly as long.
  public static let fileBytesMax = 1 << 18

  /// Reads a zone from a file of the database, in the format TZif (RFC 9636).
  public init(name: String, tzif bytes: [UInt8]) throws(ZoneError) {
    guard bytes.count <= Self.fileBytesMax else { throw .tooLong(bytes: bytes.count) }
    var file = TZifBytes(bytes)
    var header = try file.header()
    var timeBytes = 4
    if header.version >= UInt8(ascii: "2") {
      // The first block is for readers of 32 bits.
      _ = try file.take(header.blockBytes(timeBytes: timeBytes))
      header = try file.header()
      timeBytes = 8
    }
    guard header.leapCount == 0 else { throw .leapSeconds }
    guard header.typeCount > 0 else { throw .malformed(offset: file.offset) }
    let changes = try file.changes(header, timeBytes: timeBytes)
    let rule = timeBytes == 8 ? try file.rule() : nil
    self.init(name: name, changes: changes.list, firstOffset: changes.first, rule: rule)
  }
}

/// Why a file is no zone that can be used.
public enum ZoneError: Error, Equatable, CustomStringConvertible {
  case tooLong(bytes: Int)
  case notTZif
  case truncated
  case malformed(offset: Int)
  /// Of the database's branch `right`: its seconds are not those of RFC 3339.
  case leapSeconds

  public var description: String {
    switch self {
    case .tooLong(let bytes): "too long: \(bytes) bytes"
    case .notTZif: "not in the format TZif"
    case .truncated: "ends too early"
    case .malformed(let offset): "malformed at byte \(offset)"
    case .leapSeconds: "counts leap seconds"
    }
  }
}

/// The counts of a block (RFC 9636 §3.1).
private struct TZifHeader {
  let version: UInt8
  let utCount: Int
  let standardCount: Int
  let leapCount: Int
  let timeCount: Int
  let typeCount: Int
  let nameBytes: Int

  func blockBytes(timeBytes: Int) -> Int {
    timeCount * (timeBytes + 1) + typeCount * 6 + nameBytes + leapCount * (timeBytes + 4)
      + standardCount + utCount
  }
}

private struct TZifBytes {
  private let bytes: [UInt8]
  private(set) var offset = 0

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  mutating func take(_ count: Int) throws(ZoneError) -> ArraySlice<UInt8> {
    guard count <= bytes.count - offset else { throw .truncated }
    defer { offset += count }
    return bytes[offset..<offset + count]
  }

  mutating func header() throws(ZoneError) -> TZifHeader {
    guard bytes.dropFirst(offset).starts(with: "TZif".utf8) else { throw .notTZif }
    let head = try take(20)
    var counts: [Int] = []
    for _ in 0..<6 {
      let count = Self.integer(try take(4))
      // Below 2^31, so that no size below overflows.
      guard count >= 0 else { throw .malformed(offset: offset - 4) }
      counts.append(Int(count))
    }
    return TZifHeader(
      version: head[head.startIndex + 4], utCount: counts[0], standardCount: counts[1],
      leapCount: counts[2], timeCount: counts[3], typeCount: counts[4], nameBytes: counts[5])
  }

  /// The changes of offset, and the offset before the first of them.
  mutating func changes(
    _ header: TZifHeader, timeBytes: Int
  ) throws(ZoneError) -> (list: [Zone.Change], first: Int64) {
    let times = try take(header.timeCount * timeBytes)
    let types = try take(header.timeCount)
    let start = offset
    let records = try take(header.typeCount * 6)
    var offsets: [Int64] = []
    for index in 0..<header.typeCount {
      let record = records.dropFirst(index * 6).prefix(4)
      let seconds = Self.integer(record)
      // RFC 9636 §3.2 wants no more than 25 hours to the west and 26 to the east.
      guard seconds > -25 * 3600, seconds < 26 * 3600 else {
        throw .malformed(offset: start + index * 6)
      }
      offsets.append(seconds)
    }
    let tail = header.nameBytes + header.standardCount + header.utCount
    _ = try take(tail)
    var list: [Zone.Change] = []
    list.reserveCapacity(header.timeCount)
    for (index, type) in types.enumerated() {
      let second = Self.integer(times.dropFirst(index * timeBytes).prefix(timeBytes))
      guard Int(type) < offsets.count, list.last.map({ $0.second < second }) ?? true else {
        throw .malformed(offset: start - header.timeCount + index)
      }
      list.append(Zone.Change(second: second, offset: offsets[Int(type)]))
    }
    return (list, offsets[0])
  }

  /// What holds after the last change, between two newlines; nil if nothing is told.
  mutating func rule() throws(ZoneError) -> ZoneRule? {
    let start = offset
    guard try take(1).first == 10 else { throw .malformed(offset: start) }
    guard let end = bytes[offset...].firstIndex(of: 10) else { throw .truncated }
    let text = bytes[offset..<end]
    if text.isEmpty { return nil }
    guard let rule = ZoneRule(text) else { throw .malformed(offset: offset) }
    return rule
  }

  /// Big-endian, with a sign.
  private static func integer(_ bytes: ArraySlice<UInt8>) -> Int64 {
    var value: Int64 = bytes.first.map { $0 & 0x80 != 0 } == true ? -1 : 0
    for byte in bytes { value = value << 8 | Int64(byte) }
    return value
  }
}

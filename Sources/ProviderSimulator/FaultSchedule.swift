import AttemptLog

/// Faults as a file says them: a JSON array of objects.
///
/// `{"fault": "lesan:503", "from": "2026-11-16T08:00:00Z", "to": …}` strikes within that time (RFC
/// 3339; either may be missing), `{"fault": "lesan:503", "after_requests": 10, "count": 3}` lets
/// the first 10 requests that the fault concerns pass and threatens the 3 that follow. An object
/// with neither holds always. Whatever else is in the text is an error.
public struct FaultSchedule: Sendable {
  public let faults: [Fault]

  /// Of the text.
  public static let bytesMax = 1024 * 1024
  static let faultsMax = 1000

  public init(_ bytes: [UInt8]) throws(FaultScheduleError) {
    var reader = ScheduleReader(bytes)
    faults = try reader.readFaults()
  }
}

/// What is wrong in a schedule, and where.
public struct FaultScheduleError: Error, Equatable, CustomStringConvertible {
  public enum Problem: Error, Equatable {
    case tooLong
    case tooManyFaults
    case expected(String)
    case unknownMember(String)
    case repeatedMember(String)
    case missingFault
    case unusable(FaultError)
    case emptySpan
    case timeAndRequests
  }

  /// From 1.
  public let line: Int
  /// From 1, in characters of UTF-8.
  public let column: Int
  public let problem: Problem

  init(_ problem: Problem, at offset: Int, in bytes: [UInt8]) {
    let before = bytes.prefix(offset)
    let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    line = 1 + before.count { $0 == UInt8(ascii: "\n") }
    column = 1 + before[lineStart...].count { $0 & 0xC0 != 0x80 }
    self.problem = problem
  }

  public var description: String {
    "line \(line), column \(column): \(reason)"
  }

  private var reason: String {
    switch problem {
    case .tooLong: "more than \(FaultSchedule.bytesMax) bytes"
    case .tooManyFaults: "more than \(FaultSchedule.faultsMax) faults"
    case .expected(let what): "expected \(what)"
    case .unknownMember(let name):
      "unknown member \"\(name)\"; expected "
        + ScheduleReader.Member.allCases.map(\.rawValue).joined(separator: ", ")
    case .repeatedMember(let name): "member \"\(name)\" is repeated"
    case .missingFault: "an object without \"fault\""
    case .unusable(let error): error.description
    case .emptySpan: "\"to\" is not after \"from\""
    case .timeAndRequests: "\"from\" and \"to\" exclude \"after_requests\" and \"count\""
    }
  }
}

private struct ScheduleReader {
  enum Member: String, CaseIterable {
    case fault, from, to
    case afterRequests = "after_requests"
    case count
  }

  private let bytes: [UInt8]
  private var reader: JSONReader

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    reader = JSONReader(bytes)
  }

  private func error(
    _ problem: FaultScheduleError.Problem, at offset: Int? = nil
  ) -> FaultScheduleError {
    FaultScheduleError(problem, at: offset ?? reader.offset, in: bytes)
  }

  mutating func readFaults() throws(FaultScheduleError) -> [Fault] {
    guard bytes.count <= FaultSchedule.bytesMax else { throw error(.tooLong, at: 0) }
    var faults: [Fault] = []
    reader.skipBlanks()
    try take("[", or: "an array of objects")
    reader.skipBlanks()
    if !reader.takes(UInt8(ascii: "]")) {
      repeat {
        reader.skipBlanks()
        guard faults.count < FaultSchedule.faultsMax else { throw error(.tooManyFaults) }
        faults.append(try readFault())
        reader.skipBlanks()
      } while reader.takes(UInt8(ascii: ","))
      try take("]", or: "\",\" or \"]\"")
    }
    reader.skipBlanks()
    guard reader.next == nil else { throw error(.expected("the end of the file")) }
    return faults
  }

  private mutating func take(
    _ character: Unicode.Scalar, or expected: String
  ) throws(FaultScheduleError) {
    guard reader.takes(UInt8(ascii: character)) else { throw error(.expected(expected)) }
  }

  private mutating func readFault() throws(FaultScheduleError) -> Fault {
    let start = reader.offset
    var entry = Entry()
    try take("{", or: "an object")
    reader.skipBlanks()
    if !reader.takes(UInt8(ascii: "}")) {
      repeat {
        reader.skipBlanks()
        try readMember(into: &entry)
        reader.skipBlanks()
      } while reader.takes(UInt8(ascii: ","))
      try take("}", or: "\",\" or \"}\"")
    }
    guard var fault = entry.fault else { throw error(.missingFault, at: start) }
    let isTimed = entry.from != nil || entry.to != nil
    if isTimed && (entry.afterRequests != nil || entry.count != nil) {
      throw error(.timeAndRequests, at: start)
    }
    if let from = entry.from, let to = entry.to, from >= to { throw error(.emptySpan, at: start) }
    fault.from = entry.from
    fault.to = entry.to
    fault.afterRequests = entry.afterRequests ?? 0
    fault.count = entry.count
    return fault
  }

  private struct Entry {
    var members: Set<Member> = []
    var fault: Fault?
    var from: Timestamp?
    var to: Timestamp?
    var afterRequests: Int?
    var count: Int?
  }

  private mutating func readMember(into entry: inout Entry) throws(FaultScheduleError) {
    let start = reader.offset
    let name = try readString("the name of a member")
    guard let member = Member(rawValue: name) else { throw error(.unknownMember(name), at: start) }
    guard entry.members.insert(member).inserted else {
      throw error(.repeatedMember(name), at: start)
    }
    reader.skipBlanks()
    try take(":", or: "\":\"")
    reader.skipBlanks()
    switch member {
    case .fault: entry.fault = try readFaultText()
    case .from: entry.from = try readTime()
    case .to: entry.to = try readTime()
    case .afterRequests: entry.afterRequests = try readNumber(min: 0)
    case .count: entry.count = try readNumber(min: 1)
    }
  }

  private mutating func readString(_ expected: String) throws(FaultScheduleError) -> String {
    let start = reader.offset
    do throws(JSONReader.Malformed) {
      return try reader.readString()
    } catch {
      throw self.error(.expected(expected), at: start)
    }
  }

  private mutating func readFaultText() throws(FaultScheduleError) -> Fault {
    let start = reader.offset
    let text = try readString("a fault as a string")
    do throws(FaultError) {
      return try Fault(text)
    } catch {
      throw self.error(.unusable(error), at: start)
    }
  }

  private mutating func readTime() throws(FaultScheduleError) -> Timestamp {
    let start = reader.offset
    let expected = "a time like \"2026-11-16T08:00:00Z\""
    guard let time = Timestamp(rfc3339: try readString(expected)) else {
      throw error(.expected(expected), at: start)
    }
    return time
  }

  /// A whole number in at most nine digits.
  private mutating func readNumber(min: Int) throws(FaultScheduleError) -> Int {
    let start = reader.offset
    var digits: [UInt8] = []
    while let byte = reader.next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
      digits.append(byte)
      _ = reader.takes(byte)
    }
    guard digits.count <= 9, digits.first != UInt8(ascii: "0") || digits.count == 1,
      let number = Int(String(decoding: digits, as: UTF8.self)), number >= min,
      ![UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E")].contains(reader.next)
    else { throw error(.expected("a whole number from \(min) to 999999999"), at: start) }
    return number
  }
}

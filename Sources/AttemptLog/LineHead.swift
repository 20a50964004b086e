/// The head that every line of this project's writer has: the five common keys in order, without
/// white space. It says where they stand, and what they hold.
struct LineHeadReader: Sendable {
  private(set) var kind = RecordKind.unknown
  private(set) var time = Timestamp(microseconds: 0)
  private(set) var seq: Int64 = 0
  /// Of the kind's closing quote, and of the writer's; the byte behind the number.
  private(set) var kindEnd = 0
  private(set) var writerEnd = 0
  private(set) var seqEnd = 0

  private let start = FieldPattern(#"{"v":1,"kind":""#)
  private let beforeTime = FieldPattern(#"","time":""#)
  private let beforeWriter = FieldPattern(#"","writer":""#)
  private let beforeSeq = FieldPattern(#"","seq":"#)
  /// The most frequent first.
  private let kinds = [
    RecordKind.attempt, .operation, .attemptStart, .writerStart, .writerStop, .segment, .dropped,
  ].map { (kind: $0, pattern: FieldPattern($0.rawValue + "\"")) }
  private var times = PlainTimeReader()

  /// False if the line begins in another way; nothing is said of it then.
  mutating func read(_ line: Span<UInt8>) -> Bool {
    guard line.has(start, at: 0), let known = kind(of: line) else { return false }
    let kindEnd = start.count + known.pattern.count - 1
    let timeStart = kindEnd + beforeTime.count
    let timeEnd = timeStart + PlainTimeReader.bytes
    let writerStart = timeEnd + beforeWriter.count
    guard line.has(beforeTime, at: kindEnd), line.has(beforeWriter, at: timeEnd),
      let time = times.read(line, at: timeStart)
    else { return false }
    let writerEnd = line.skippingPlainText(from: writerStart)
    guard line.has(beforeSeq, at: writerEnd),
      let seq = line.plainOrdinal(at: writerEnd + beforeSeq.count)
    else { return false }
    self.kind = known.kind
    self.time = time
    self.seq = seq.value
    self.kindEnd = kindEnd
    self.writerEnd = writerEnd
    seqEnd = seq.end
    return true
  }

  /// Where the values of the line read last stand.
  func note(in values: inout [JSONValue]) {
    let timeStart = kindEnd + beforeTime.count
    let timeEnd = timeStart + PlainTimeReader.bytes
    let writerStart = timeEnd + beforeWriter.count
    var values = values.mutableSpan
    values.note(.v, .number, 5, 6)
    values.note(.kind, .string, start.count - 1, kindEnd + 1)
    values.note(.time, .string, timeStart - 1, timeEnd + 1)
    values.note(.writer, .string, writerStart - 1, writerEnd + 1)
    values.note(.seq, .number, writerEnd + beforeSeq.count, seqEnd)
  }

  private func kind(of line: Span<UInt8>) -> (kind: RecordKind, pattern: FieldPattern)? {
    for known in kinds where line.has(known.pattern, at: start.count) { return known }
    return nil
  }
}

extension MutableSpan<JSONValue> {
  fileprivate mutating func note(_ key: Key, _ kind: JSONValue.Kind, _ start: Int, _ end: Int) {
    self[Int(key.rawValue)] = JSONValue(kind: kind, start: start, end: end)
  }
}

/// The head that every line of this project's writer has, and what it holds.
///
/// That is the five common keys in order, without white space.
struct ForeseenHead {
  let kind: RecordKind
  let time: Timestamp
  let seq: Int64
  /// Of the kind's closing quote, and of the writer's; the byte behind the number.
  private let kindEnd: Int
  private let writerEnd: Int
  let end: Int

  /// Nil if the line begins in another way; nothing is said of it then.
  @inline(__always)
  init?(_ line: Span<UInt8>, _ patterns: Patterns, _ times: inout PlainTimeReader) {
    guard line.has(patterns.start, at: 0), let known = patterns.kind(of: line) else { return nil }
    kindEnd = patterns.start.count + known.pattern.count - 1
    let timeStart = kindEnd + patterns.beforeTime.count
    let timeEnd = timeStart + PlainTimeReader.bytes
    guard line.has(patterns.beforeTime, at: kindEnd), line.has(patterns.beforeWriter, at: timeEnd),
      let time = times.read(line, at: timeStart)
    else { return nil }
    writerEnd = line.skippingPlainText(from: timeEnd + patterns.beforeWriter.count)
    guard line.has(patterns.beforeSeq, at: writerEnd),
      let number = line.plainOrdinal(at: writerEnd + patterns.beforeSeq.count)
    else { return nil }
    kind = known.kind
    self.time = time
    seq = number.value
    end = number.end
  }

  /// Writes where the values stand.
  @inline(__always)
  func note(in values: inout MutableSpan<JSONValue>, _ patterns: Patterns) {
    let timeStart = kindEnd + patterns.beforeTime.count
    let timeEnd = timeStart + PlainTimeReader.bytes
    let writerStart = timeEnd + patterns.beforeWriter.count
    values.note(.v, .number, 5, 6)
    values.note(.kind, .string, patterns.start.count - 1, kindEnd + 1)
    values.note(.time, .string, timeStart - 1, timeEnd + 1)
    values.note(.writer, .string, writerStart - 1, writerEnd + 1)
    values.note(.seq, .number, writerEnd + patterns.beforeSeq.count, end)
  }

  /// What stands between the values.
  struct Patterns: Sendable {
    let start = FieldPattern(#"{"v":1,"kind":""#)
    let beforeTime = FieldPattern(#"","time":""#)
    let beforeWriter = FieldPattern(#"","writer":""#)
    let beforeSeq = FieldPattern(#"","seq":"#)
    /// The most frequent first.
    private let kinds = [
      RecordKind.attempt, .operation, .attemptStart, .writerStart, .writerStop, .segment, .dropped,
    ].map { (kind: $0, pattern: FieldPattern($0.rawValue + "\"")) }

    @inline(__always)
    fileprivate func kind(of line: Span<UInt8>) -> (kind: RecordKind, pattern: FieldPattern)? {
      for known in kinds where line.has(known.pattern, at: start.count) { return known }
      return nil
    }
  }
}

extension MutableSpan<JSONValue> {
  @inline(__always)
  fileprivate mutating func note(_ key: Key, _ kind: JSONValue.Kind, _ start: Int, _ end: Int) {
    self[Int(key.rawValue)] = JSONValue(kind: kind, start: start, end: end)
  }
}

import AttemptLog
import Reliability
import Report

/// What libFuzzer calls with each input: the bytes of a log file.
@c(LLVMFuzzerTestOneInput)
public func fuzzLog(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  let whole = Judgements(of: bytes, cutAt: bytes.count)
  // Where the input is cut into reads changes nothing.
  let cut = bytes.isEmpty ? 0 : Int(bytes[0]) * bytes.count / 256
  let parts = Judgements(of: bytes, cutAt: cut)
  precondition(whole.texts == parts.texts, "cut at \(cut): \(whole.texts) is \(parts.texts)")
  precondition(whole.end == parts.end, "cut at \(cut): the end moved")
  for record in whole.records { checkRewriting(record) }
  fold(bytes)
  return 0
}

/// An accepted record that our writer can write is read as it was.
private func checkRewriting(_ record: Record) {
  var line: [UInt8] = []
  guard (try? LineWriter().append(record, to: &line)) != nil else { return }
  precondition(line.count <= LineWriter.lineBytesMax, "a line of \(line.count) bytes")
  guard let second = Judgements(of: line, cutAt: 0).records.last else {
    preconditionFailure("not read again: \(String(decoding: line, as: UTF8.self))")
  }
  // Optional keys may have been given up; writing what was read gives the same line.
  var secondLine: [UInt8] = []
  precondition((try? LineWriter().append(second, to: &secondLine)) != nil, "not written again")
  precondition(line == secondLine, "\(line) became \(secondLine)")
}

/// Neither the endpoint's counts nor a report's trap on anything that was accepted.
private func fold(_ bytes: [UInt8]) {
  var lifetime = Aggregate(LifetimeCounts())
  var parser = LogParser()
  parser.feed(bytes.span, to: &lifetime)
  parser.finish(&lifetime)
  lifetime.judge(at: .latest)
  let attempts = lifetime.counts.scopes.reduce(0) { sum, scope in
    sum + AttemptKind.allCases.reduce(0) { $0 + scope.tally.attempts[$1].count }
  }
  precondition(attempts == lifetime.log.records[.attempt, default: 0], "an attempt is not counted")
  foldBatches(bytes, lifetime.log)
  var input = ReportInput(window: week)
  var second = LogParser()
  second.feed(bytes.span, to: &input)
  second.finish(&input)
  precondition(!input.report(at: .latest).json().isEmpty, "an empty report")
}

/// Lines that are read into batches, each by another reader in turn, say the same.
private func foldBatches(_ bytes: [UInt8], _ whole: LogLedger) {
  var batches = Batches()
  var parser = LogParser()
  parser.feed(bytes.span, to: &batches)
  parser.finish(&batches)
  precondition(batches.aggregate.log.records == whole.records, "batches: another count of records")
  precondition(batches.aggregate.log.rejected == whole.rejected, "batches: others are rejected")
}

private struct Batches: RecordSink {
  private(set) var aggregate = Aggregate(LifetimeCounts())
  private var readers: [BatchReader]

  init() {
    let hasher = aggregate.hasher
    readers = (0..<2).map { BatchReader(source: $0, hasher: hasher) }
  }

  mutating func accept(_ fields: LineScanner, _ line: Span<UInt8>, at position: LinePosition) {
    aggregate.fold(readers[0].batch(fields, line))
  }

  mutating func reject(_ error: LineError, _ line: Span<UInt8>, at position: LinePosition) {
    aggregate.fold(readers[0].batch(error, at: position))
  }

  mutating func takeLines(_ lines: Span<UInt8>, at position: LinePosition) -> Int? {
    aggregate.fold(readers[1].batch(lines, at: position))
    return lines.count(of: UInt8(ascii: "\n"))
  }
}

/// That of the sample log.
private let week = ISOWeek(
  containing: CivilDate(year: 2026, month: 11, day: 16)?.daysSince1970 ?? 0
).window(in: .utc)

/// What a parser says of a file.
private struct Judgements: RecordSink {
  private(set) var texts: [String] = []
  private(set) var records: [Record] = []
  private(set) var end = LinePosition(line: 0, offset: 0)

  init(of bytes: [UInt8], cutAt cut: Int) {
    var parser = LogParser()
    parser.feed(bytes.span.extracting(..<cut), to: &self)
    parser.feed(bytes.span.extracting(cut...), to: &self)
    parser.finish(&self)
    end = parser.position
  }

  mutating func accept(_ fields: LineScanner, _ line: Span<UInt8>, at position: LinePosition) {
    texts.append("\(position) \(fields.kind) \(fields.seq)")
    if let record = Record(fields, line) { records.append(record) }
  }

  mutating func reject(_ error: LineError, _ line: Span<UInt8>, at position: LinePosition) {
    texts.append("\(position) \(error)")
  }

  mutating func passBlankLine(at position: LinePosition) {
    texts.append("\(position) blank")
  }
}

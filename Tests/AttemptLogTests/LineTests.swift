import AttemptLog
import TestSupport
import Testing

/// The writer and the scanner of a line, tested as a pair.
struct LineTests {
  private let writer = LineWriter()

  private func line(_ record: Record) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try writer.append(record, to: &bytes)
    return bytes
  }

  private func record(_ line: [UInt8]) throws -> Record? {
    var scanner = LineScanner()
    let bytes = Array(line.dropLast())
    try scanner.scan(bytes.span)
    return Record(scanner, bytes.span)
  }

  @Test func `a record survives being written and read`() throws {
    var generator = SeededGenerator(seed: 2)
    for _ in 0..<20_000 {
      let record = Record.random(using: &generator)
      let line = try line(record)
      #expect(line.count <= LineWriter.lineBytesMax)
      #expect(line.starts(with: LineWriter.prefix))
      #expect(line.firstIndex(of: UInt8(ascii: "\n")) == line.count - 1)
      #expect(try self.record(line) == record, "\(String(decoding: line, as: UTF8.self))")
    }
  }

  static let specificationLines = [
    #"{"v":1,"kind":"attempt","time":"2026-11-16T08:15:30.123456Z","writer":"9f1c2ab37de40c55","seq":41,"provider":"lesan","operation":"transcribe","operation_id":"7c9e6679f4a14b7a","attempt":1,"max_attempts":3,"outcome":"failure","latency_ms":812.402,"http_status":429,"error_layer":"http","error_class":"rate_limited","error_type":"rate_limit_error","error_code":"rate_limit_exceeded","error_message":"Rate limit exceeded. Retry after 2 seconds.","retry_after_ms":2000,"retry_after_source":"body","decision":"retry","backoff_ms":2013.55,"backoff_source":"server"}"#,
    #"{"v":1,"kind":"operation","time":"2026-11-16T08:15:33.612771Z","writer":"9f1c2ab37de40c55","seq":43,"provider":"lesan","operation":"transcribe","operation_id":"7c9e6679f4a14b7a","outcome":"success","retried":true,"attempts":2,"duration_ms":4301.717,"slept_ms":2013.9}"#,
    #"{"v":1,"kind":"segment","time":"2026-11-16T08:15:30.000000Z","writer":"9f1c2ab37de40c55","seq":1,"segment":"00000000000000aa","number":3}"#,
    #"{"v":1,"kind":"writer_start","time":"2026-11-16T08:15:30.000000Z","writer":"w","seq":2,"version":"1.0.0","host":"worker-1","pid":4711,"process":"transcriber"}"#,
    #"{"v":1,"kind":"attempt_start","time":"2026-11-16T08:15:30.000000Z","writer":"w","seq":3,"provider":"lesan","account":"main","operation":"transcribe","operation_id":"a","parent_id":"b","attempt":1}"#,
    #"{"v":1,"kind":"dropped","time":"2026-11-16T08:15:30.000000Z","writer":"w","seq":4,"count":17}"#,
    #"{"v":1,"kind":"writer_stop","time":"2026-11-16T08:15:30.000000Z","writer":"w","seq":5}"#,
  ]

  @Test(arguments: specificationLines)
  func `a line of the specification is written as it was read`(text: String) throws {
    let record = try #require(try record(Array(text.utf8) + [10]))
    #expect(String(decoding: try line(record), as: UTF8.self) == text + "\n")
  }

  @Test func `a message is cut to 256 characters`() throws {
    var attempt = AttemptRecord.make()
    attempt.error.message = String(repeating: "ሰ", count: 300)
    let read = try record(line(.make(.attempt(attempt))))
    guard case .attempt(let written) = read?.event else {
      Issue.record("not an attempt")
      return
    }
    #expect(written.error.message == String(repeating: "ሰ", count: 256))
  }

  @Test func `a line that is too long gives up optional keys`() throws {
    var attempt = AttemptRecord.make()
    attempt.error.message = "m"
    attempt.error.parameter = String(repeating: "p", count: 4000)
    attempt.jobID = "job"
    let line = try line(.make(.attempt(attempt)))
    #expect(line.count <= LineWriter.lineBytesMax)
    guard case .attempt(let written) = try record(line)?.event else {
      Issue.record("not an attempt")
      return
    }
    #expect(written.error.parameter == nil)
    #expect(written.jobID == "job")
  }

  @Test(arguments: ["p", "\u{7F}", "é", "\""])
  func `a line of 4,000 bytes gives up nothing and one of 4,001 does`(character: String) throws {
    func parameter(_ length: Int) throws -> (line: [UInt8], written: String?) {
      var attempt = AttemptRecord.make()
      attempt.error.parameter = String(repeating: character, count: length)
      let line = try line(.make(.attempt(attempt)))
      guard case .attempt(let read) = try record(line)?.event else { return (line, nil) }
      return (line, read.error.parameter)
    }
    let without = try parameter(4000).line.count
    let one = try parameter(1).line.count - without
    let each = try parameter(2).line.count - without - one
    let longest = (LineWriter.lineBytesMax - without - one) / each + 1
    let fits = try parameter(longest)
    #expect(fits.written?.utf8.count == longest * character.utf8.count)
    #expect(fits.line.count > LineWriter.lineBytesMax - each)
    #expect(fits.line.count <= LineWriter.lineBytesMax)
    #expect(try parameter(longest + 1).written == nil)
  }

  @Test(arguments: [(1, 0.5), (12_345_678_901, 1.0 / 3), (.max, 1e300)] as [(Int64, Double)])
  func `a line that ends in a number may have 4,000 bytes as well`(
    number: Int64, amount: Double
  ) throws {
    func events(_ padding: Int) -> [Event] {
      let id = String(repeating: "x", count: padding)
      let identity = OperationIdentity(provider: "p", operation: "o", operationID: id)
      var operation = OperationRecord(
        identity: identity, outcome: .success, retried: false, attempts: 1,
        durationMilliseconds: 1, sleptMilliseconds: 0)
      operation.audioSeconds = amount
      return [
        .attemptStart(AttemptStart(identity: identity, attempt: number)), .operation(operation),
      ]
    }
    for (index, short) in events(0).enumerated() {
      let room = try LineWriter.lineBytesMax - line(.make(short)).count
      #expect(try line(.make(events(room)[index])).count == LineWriter.lineBytesMax)
      #expect(throws: LineWriterError.tooLarge) { try line(.make(events(room + 1)[index])) }
    }
  }

  @Test(arguments: [Double.nan, .infinity, -1])
  func `what is optional and no amount is left out`(value: Double) throws {
    var attempt = AttemptRecord.make()
    let plain = try line(.make(.attempt(attempt)))
    attempt.audioSeconds = value
    attempt.retryAfterMilliseconds = value
    if value != -1 { attempt.quota = Quota(limit: value, remaining: value) }
    #expect(try line(.make(.attempt(attempt))) == plain)
    var operation = OperationRecord.make()
    let ended = try line(.make(.operation(operation)))
    operation.audioSeconds = value
    #expect(try line(.make(.operation(operation))) == ended)
  }

  @Test func `what no reader would accept is not written`() throws {
    var bytes: [UInt8] = [1, 2]
    var attempt = AttemptRecord.make()
    attempt.latencyMilliseconds = .nan
    #expect(throws: LineWriterError.outOfRange(.latencyMs)) {
      try writer.append(.make(.attempt(attempt)), to: &bytes)
    }
    attempt = .make()
    attempt.attempt = 0
    #expect(throws: LineWriterError.outOfRange(.attempt)) {
      try writer.append(.make(.attempt(attempt)), to: &bytes)
    }
    #expect(throws: LineWriterError.outOfRange(.count)) {
      try writer.append(.make(.dropped(count: -1)), to: &bytes)
    }
    #expect(throws: LineWriterError.outOfRange(.outcome)) {
      try writer.append(.make(.operation(.make(outcome: .abandoned))), to: &bytes)
    }
    var segment = Record.make(.segment(Segment(id: String(repeating: "x", count: 5000))))
    #expect(throws: LineWriterError.tooLarge) {
      try writer.append(segment, to: &bytes)
    }
    segment.event = .segment(Segment(id: "short"))
    #expect(bytes == [1, 2])
    try writer.append(segment, to: &bytes)
    #expect(bytes.count > 2)
  }

  @Test(arguments: [
    (0, "0"), (2000, "2000"), (812.402, "812.402"), (0.001, "0.001"), (0.0001, "0.0001"),
    (-1.5, "-1.5"), (1e300, "1e+300"), (123_456_789.5, "123456789.5"), (0.1, "0.1"),
    (2.5e-300, "2.5e-300"), (1.1, "1.1"), (0.30000000000000004, "0.30000000000000004"),
  ])
  func `numbers are written short and exact`(value: Double, text: String) {
    var bytes: [UInt8] = []
    bytes.appendJSONNumber(value)
    #expect(String(decoding: bytes, as: UTF8.self) == text)
    #expect(Double(text) == value)
  }
}

/// One line of the log.
public struct Record: Equatable, Sendable {
  /// When the event happened; of an attempt or an operation, when it ended.
  public var time: Timestamp
  /// The random id of the writing process, 16 hex digits if this project wrote it.
  public var writer: String
  /// Counts this writer's lines from 1.
  public var seq: Int64
  public var event: Event

  public init(time: Timestamp, writer: String, seq: Int64, event: Event) {
    self.time = time
    self.writer = writer
    self.seq = seq
    self.event = event
  }
}

/// What a line tells.
public enum Event: Equatable, Sendable {
  /// The first line of a file: the file's identity, whatever its name and inode.
  case segment(Segment)
  case writerStart(WriterStart)
  case attemptStart(AttemptStart)
  case attempt(AttemptRecord)
  case operation(OperationRecord)
  /// So many lines were lost since the last one that got through, and why: a `DropReason`, or what
  /// a later version calls it.
  case dropped(count: Int64, reason: String? = nil)
  case writerStop
}

/// The kinds of line, in the order of the schema.
public enum RecordKind: String, CaseIterable, Hashable, Sendable {
  case segment
  case writerStart = "writer_start"
  case attemptStart = "attempt_start"
  case attempt
  case operation
  case dropped
  case writerStop = "writer_stop"
  /// Written by a later version; counted and otherwise ignored.
  case unknown
}

/// The identity of a log file.
public struct Segment: Equatable, Sendable {
  /// Random, 16 hex digits if this project wrote it.
  public var id: String
  public var number: Int64?

  public init(id: String, number: Int64? = nil) {
    self.id = id
    self.number = number
  }
}

/// A writer's first line in each file that it writes to.
public struct WriterStart: Equatable, Sendable {
  public var version: String?
  public var host: String?
  public var pid: Int64?
  public var process: String?

  public init(
    version: String? = nil, host: String? = nil, pid: Int64? = nil, process: String? = nil
  ) {
    self.version = version
    self.host = host
    self.pid = pid
    self.process = process
  }
}

/// Which logical operation a line is about.
public struct OperationIdentity: Hashable, Sendable {
  /// `assemblyai`, `lesan`, or the name given to the wrapper.
  public var provider: String
  /// An alias of the credential, never the credential.
  public var account: String?
  /// A name of low cardinality: `transcribe`, `upload`, `submit`, `poll`.
  public var operation: String
  /// The same for all attempts of one logical operation.
  public var operationID: String
  /// The `operationID` of the operation that this one serves.
  public var parentID: String?

  public init(
    provider: String, account: String? = nil, operation: String, operationID: String,
    parentID: String? = nil
  ) {
    self.provider = provider
    self.account = account
    self.operation = operation
    self.operationID = operationID
    self.parentID = parentID
  }
}

/// An attempt is about to be sent: a crash in flight becomes visible.
public struct AttemptStart: Equatable, Sendable {
  public var identity: OperationIdentity
  /// From 1.
  public var attempt: Int64

  public init(identity: OperationIdentity, attempt: Int64) {
    self.identity = identity
    self.attempt = attempt
  }
}

/// A limit that a response told of.
public struct Quota: Equatable, Sendable {
  /// `rate`, `concurrency`, `daily`, `balance`.
  public var name: String?
  public var limit: Double?
  public var remaining: Double?
  public var reset: Timestamp?

  public init(
    name: String? = nil, limit: Double? = nil, remaining: Double? = nil, reset: Timestamp? = nil
  ) {
    self.name = name
    self.limit = limit
    self.remaining = remaining
    self.reset = reset
  }
}

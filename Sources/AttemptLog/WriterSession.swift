import Glibc
import Synchronization
import Threading

/// A writer in one process: its id, its numbers, its file, its queue and its thread.
///
/// Lines go two ways. Directly: who records takes the pen, writes what waits, then its own line. By
/// the queue: the thread takes the pen and writes the queue. The second way is that of the
/// buffered mode, and of every line while the disk is slow.
final class WriterSession: Sendable {
  let id: String
  let place: LogPlace
  let configuration: LogWriter.Configuration
  let calls: LogCalls
  /// Of the process that this session belongs to.
  let forkCount: Int
  let pen: TimedLock<Pen>
  let queue: Locked<LineQueue>
  let tasks = Condition(WriterTasks())
  let progress = Condition(WriterProgress())
  /// The number of the next line or a little less: what a head's length is reckoned with.
  let nearSeq = Atomic<Int64>(1)
  /// Until then lines go by the queue, in nanoseconds of the monotonic clock; 0 if not at all.
  let handsOverUntil = Atomic<Int64>(0)
  /// Whether somebody does the thread's work, the thread itself or a test.
  let hasThread: Atomic<Bool>
  /// The thread waits until it is woken: whoever adds to the queue must do that.
  let threadSleeps = Atomic<Bool>(false)
  let upkeep: Locked<Upkeep>
  private let thread = Locked<BlockingThread?>(nil)
  private let child = AtomicLazyReference<WriterSession>()
  let lineWriter = LineWriter()

  /// Nothing is opened yet.
  init(
    id: String, place: LogPlace, configuration: LogWriter.Configuration, calls: LogCalls,
    forkCount: Int = ForkCount.current
  ) {
    self.id = id
    self.place = place
    self.configuration = configuration
    self.calls = calls
    self.forkCount = forkCount
    pen = TimedLock(Pen(output: LineOutput(calls: calls)))
    queue = Locked(LineQueue(bytesMax: configuration.queueBytesMax))
    hasThread = Atomic(calls.hasThread)
    upkeep = Locked(Upkeep(now: calls.elapsed()))
  }

  /// Opens or creates the file and announces the writer.
  func open(
    using generator: inout some RandomNumberGenerator
  ) throws(LogWriterError) {
    try pen.withLock { pen throws(LogWriterError) in try open(&pen, using: &generator) }
  }

  private func open(
    _ pen: inout Pen, using generator: inout some RandomNumberGenerator
  ) throws(LogWriterError) {
    try open(&pen, segment: generator.identifier())
    _ = prepare(&pen)
  }

  /// Starts the thread.
  func start() throws(LogWriterError) {
    guard calls.hasThread else { return }
    do throws(BlockingThread.CreationError) {
      let created = try BlockingThread { [self] in work() }
      thread.withLock { $0 = created }
    } catch {
      hasThread.store(false, ordering: .relaxed)
      throw .systemCall(path: place.path, call: "pthread_create", errno: error.errno)
    }
  }

  /// The session of this process: another one after a fork, which shares no line, number or lock
  /// with that of the parent.
  var current: WriterSession {
    var session = self
    while session.forkCount != ForkCount.current { session = session.successor() }
    return session
  }

  /// As `current`, but nil in a child in which nothing was recorded.
  var begun: WriterSession? {
    var session = self
    while session.forkCount != ForkCount.current {
      guard let child = session.child.load() else { return nil }
      session = child
    }
    return session
  }

  private func successor() -> WriterSession {
    if let child = child.load() { return child }
    var generator = SystemRandomNumberGenerator()
    var configuration = configuration
    configuration.pid = Int64(getpid())
    let session = WriterSession(
      id: generator.identifier(), place: place, configuration: configuration, calls: calls)
    // Who finds the session waits for its pen, and so until it is open.
    let (stored, failure) = session.pen.withLock { pen -> (WriterSession, LogWriterError?) in
      let stored = child.storeIfNil(session)
      guard stored === session else { return (stored, nil) }
      do throws(LogWriterError) {
        try session.open(&pen, using: &generator)
        return (session, nil)
      } catch {
        session.upkeep.withLock { $0.askForReopening() }
        pen.trouble = Pen.Trouble(reason: error.dropReason, until: .max)
        return (session, error)
      }
    }
    guard stored === session else { return stored }
    if let failure { configuration.warn(.cannotReopen(failure)) }
    // Without a thread lines are written directly, and the file is neither rotated nor reopened.
    try? session.start()
    return session
  }

  // MARK: - Recording

  // Borrowed, for an event is so large that copies of it would cost as much as its line.
  func record(_ event: borrowing Event) {
    let kind = event.kind
    let headBytes = LineHead.bytes(kind, seq: nearSeq.load(ordering: .relaxed) + 100_000)
    do throws(LineWriterError) {
      try lineWriter.withBody(of: event, headBytes: headBytes) { record(kind, $0) }
    } catch {
      lose(error == .tooLarge ? .tooLarge : .invalid)
    }
  }

  private func record(_ kind: RecordKind, _ body: Span<UInt8>) {
    let isBuffered = configuration.mode == .buffered && hasThread.load(ordering: .relaxed)
    var patience = LogWriter.holdMax
    if !isBuffered, !handsOver() {
      let done: Void? = pen.withLock(within: patience) { write(kind, body, &$0) }
      if done != nil { return }
      handOver(from: calls.elapsed())
      patience = .zero
    }
    let time = configuration.now()
    let queued: (ticket: Int64, before: Int, after: Int)? = queue.withLock { queue in
      let before = queue.bytes
      guard !queue.isClosed else {
        queue.losses.addUntellable(.closed)
        return nil
      }
      guard queue.append(kind, time, body) else { return nil }
      return (queue.appended, before, queue.bytes)
    }
    guard let queued else { return }
    let fills = queued.before / LogWriter.wakeBytes != queued.after / LogWriter.wakeBytes
    if !isBuffered {
      tasks.update { $0.writes = true }
      _ = progress.wait(atMost: patience) { $0.lines >= queued.ticket ? true : nil }
    } else if threadSleeps.exchange(false, ordering: .acquiringAndReleasing) || fills {
      tasks.update { $0.writes = true }
    }
  }

  private func handsOver() -> Bool {
    let until = handsOverUntil.load(ordering: .relaxed)
    guard until != 0, hasThread.load(ordering: .relaxed) else { return false }
    if calls.elapsed() < until { return true }
    handsOverUntil.store(0, ordering: .relaxed)
    return false
  }

  /// A write took too long: for a while the thread does them.
  func handOver(from now: Int64) {
    handsOverUntil.store(now + LogWriter.handOverNanoseconds, ordering: .relaxed)
  }

  func lose(_ reason: DropReason, _ count: Int64 = 1, numbered: Bool = false) {
    queue.withLock { $0.losses.add(reason, count, numbered: numbered) }
  }

  // MARK: - The thread

  private func work() {
    // The first round tells callers that the thread is to be woken.
    var pause = Duration.zero
    while true {
      let order = tasks.wait(atMost: pause) { $0.take() } ?? WriterTasks()
      if order.stops { break }
      pause = tick(order)
    }
    progress.update { $0.hasEnded = true }
  }

  /// One round of the thread's work.
  ///
  /// - Returns: how long it may wait, unless it is woken.
  func tick(_ order: WriterTasks = WriterTasks()) -> Duration {
    var wrote = false
    for _ in 0..<LogWriter.drainsMax {
      guard pen.withLock({ drain(&$0) }) else { break }
      wrote = true
    }
    if order.looks || upkeep.withLock({ $0.isDue(calls.elapsed()) }) { lookAfterFile() }
    let syncPause = sync(order)
    // While lines come, their callers do not wake the thread: it comes back by itself.
    if wrote { return min(LogWriter.linger, syncPause) }
    threadSleeps.store(true, ordering: .sequentiallyConsistent)
    let isEmpty = queue.withLock { $0.isEmpty }
    return isEmpty ? min(LogWriter.tickInterval, syncPause) : .zero
  }

  /// Waits until what was recorded before is in the file, and on the disk if the writer syncs.
  func flush(within limit: Duration) -> Bool {
    let ticket = queue.withLock { $0.appended }
    let request = tasks.update { tasks in
      tasks.writes = true
      tasks.syncRequest += 1
      return tasks.syncRequest
    }
    let syncs = configuration.syncs
    return progress.wait(atMost: limit) { progress in
      guard progress.lines >= ticket else { return nil }
      guard syncs else { return true }
      return progress.syncRequest >= request ? progress.isSynced : nil
    } ?? false
  }

  /// Ends the thread, writes what waits and `writer_stop`, and closes the file.
  func close() {
    guard !isClosed else { return }
    tasks.update { $0.stops = true }
    if let thread = thread.withLock({ $0 }) {
      let hasEnded = progress.wait(atMost: LogWriter.closeMax) { $0.hasEnded ? true : nil }
      if hasEnded == true { thread.join() }
    }
    let closed: Void? = pen.withLock(within: LogWriter.closeMax) { pen in
      // What comes from now on is counted: nobody would write it.
      queue.withLock { $0.isClosed = true }
      // There is no later try.
      if pen.file != nil { pen.trouble = nil }
      drain(&pen)
      if prepare(&pen) == nil { _ = insist(.writerStop, &pen) }
      if configuration.syncs, let file = pen.file { _ = calls.sync(file.descriptor) }
      pen.file?.close()
      pen.file = nil
    }
    if closed == nil { queue.withLock { $0.abandon() } }
  }
}

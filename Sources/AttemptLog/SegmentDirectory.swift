import Glibc

/// A log that is a directory, as those see it who rotate it and delete its old segments.
///
/// Both happen under a lock that nobody waits for: a process that is stopped while it has the lock
/// keeps others from rotating, not from writing.
struct SegmentDirectory {
  let place: LogPlace

  /// A file of its own, because a log file that is locked could not be renamed away.
  static let lockName = ".attempts.lock"
  /// A segment is not deleted until so long after its rotation: a reader may be about to open it.
  static let youngSeconds: Int64 = 60
  /// By age, all processes together delete one segment in this time, so that a step of the clock
  /// costs one.
  static let ageDeletionSeconds: Int64 = 3600

  /// Runs `body` with the lock, of which it gets the descriptor; nil if another process has it.
  func withLock<Result>(
    _ body: (CInt) throws(LogWriterError) -> Result
  ) throws(LogWriterError) -> Result? {
    let path = place.file(Self.lockName)
    let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
    let descriptor = unsafe open(path, flags, 0o600)
    guard descriptor >= 0 else { throw .systemCall(path: path, call: "open", errno: errno) }
    defer { close(descriptor) }
    _ = try AppendFile.checkedStatus(of: descriptor, path: path)
    // The kernel gives the lock back with the last descriptor, whatever ends the process.
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      if errno == EWOULDBLOCK { return nil }
      throw .systemCall(path: path, call: "flock", errno: errno)
    }
    // A forked child may have the same open file: closing ours would not give the lock back.
    defer { flock(descriptor, LOCK_UN) }
    return try body(descriptor)
  }

  /// Gives the active file the name of the next segment.
  func renameActiveFile() throws(LogWriterError) {
    let number = try nextNumber()
    let digits = String(number)
    let name = "attempts." + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    guard unsafe rename(place.path, place.file(name + ".jsonl")) == 0 else {
      throw .systemCall(path: place.path, call: "rename", errno: errno)
    }
  }

  /// The names in the directory are on disk when this returns.
  func sync() throws(LogWriterError) {
    let descriptor = unsafe open(place.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw .systemCall(path: place.directory, call: "open", errno: errno)
    }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else {
      throw .systemCall(path: place.directory, call: "fsync", errno: errno)
    }
  }

  /// The number that the active file has, or gets when it is rotated: above that of every segment,
  /// and not below what its own first line says, for retention may have taken the segments.
  func nextNumber() throws(LogWriterError) -> Int64 {
    let highest = try names().compactMap(LogLocation.segmentNumber).max() ?? 0
    let own = FirstLine(path: place.path)?.number ?? 1
    // A segment of the highest number that there is leaves no name, and rename(2) would replace one.
    let (next, overflow) = Int64(highest).addingReportingOverflow(1)
    guard !overflow else {
      throw .systemCall(path: place.path, call: "rename", errno: EOVERFLOW)
    }
    return max(next, own, 1)
  }

  private func names() throws(LogWriterError) -> [String] {
    do throws(LogReadError) {
      return try LogLocation.names(in: place.directory)
    } catch {
      guard case .system(let path, let call, let errno) = error else { return [] }
      throw .systemCall(path: path, call: call, errno: errno)
    }
  }
}

// MARK: - Retention

extension SegmentDirectory {
  /// A rotated segment of ours.
  private struct Segment {
    let name: String
    let number: Int
    let bytes: Int64
    /// Seconds since 1970.
    let lastWritten: Int64
    /// Seconds since 1970; a rename counts.
    let lastChanged: Int64
  }

  /// Deletes the oldest segments beyond what `retention` keeps; the lock is held.
  ///
  /// - Parameter deletionsMax: How many at most, 0 or more; by age it is one.
  /// - Returns: the names of what was deleted.
  func retain(
    _ retention: LogWriter.Retention, now: Timestamp, deletionsMax: Int, lock: CInt
  ) throws(LogWriterError) -> [String] {
    let now = now.microseconds / Timestamp.microsecondsPerSecond
    var deleted: [String] = []
    var segments = try self.segments()[...]
    var bytes = segments.reduce(activeBytes()) { $0 &+ $1.bytes }
    while let bytesMax = retention.bytesMax, bytes > bytesMax, deleted.count < deletionsMax,
      let oldest = segments.first, now - oldest.lastChanged >= Self.youngSeconds
    {
      try delete(oldest)
      segments.removeFirst()
      deleted.append(oldest.name)
      bytes -= oldest.bytes
    }
    if deleted.isEmpty, deletionsMax > 0, let ageMax = retention.ageMax,
      let oldest = segments.first, now - oldest.lastWritten > ageMax.components.seconds,
      now - oldest.lastChanged >= Self.youngSeconds, mayDeleteByAge(now: now, lock: lock)
    {
      try delete(oldest)
      deleted.append(oldest.name)
    }
    return deleted
  }

  /// The lock file tells by its time of change when a segment was deleted by age last.
  private func mayDeleteByAge(now: Int64, lock: CInt) -> Bool {
    var status = stat()
    guard unsafe fstat(lock, &status) == 0 else { return false }
    let last = Int64(status.st_mtim.tv_sec)
    if last <= now, now - last < Self.ageDeletionSeconds, status.st_size > 0 { return false }
    // Its first deletion makes the file one byte long: until then its time is that of its making.
    var mark = UInt8(ascii: "\n")
    guard unsafe pwrite(lock, &mark, 1, 0) == 1 else { return false }
    // A time in the future is one from before the clock was set back.
    return last <= now
  }

  private func activeBytes() -> Int64 {
    var status = stat()
    return unsafe lstat(place.path, &status) == 0 ? Int64(status.st_size) : 0
  }

  /// By number; only regular files of ours that have our names and no others.
  private func segments() throws(LogWriterError) -> [Segment] {
    try names().compactMap { name in
      var status = stat()
      guard let number = LogLocation.segmentNumber(name),
        unsafe lstat(place.file(name), &status) == 0, status.st_mode & S_IFMT == S_IFREG,
        status.st_uid == geteuid(), status.st_nlink == 1
      else { return nil }
      return Segment(
        name: name, number: number, bytes: Int64(status.st_size),
        lastWritten: Int64(status.st_mtim.tv_sec), lastChanged: Int64(status.st_ctim.tv_sec))
    }
    .sorted { ($0.number, $0.name) < ($1.number, $1.name) }
  }

  private func delete(_ segment: Segment) throws(LogWriterError) {
    let path = place.file(segment.name)
    // Somebody else may have removed it: that is what was wanted.
    guard unsafe unlink(path) == 0 || errno == ENOENT else {
      throw .systemCall(path: path, call: "unlink", errno: errno)
    }
  }
}

/// What the first line of a log file tells.
struct FirstLine {
  let time: Timestamp
  /// The file's number, if its line is a `segment` line.
  let number: Int64?

  static let bytesMax = 4096

  /// Nil if the file cannot be read or has no line that a reader accepts.
  init?(path: String) {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: Self.bytesMax)
    let count = unsafe bytes.withUnsafeMutableBytes {
      unsafe pread(descriptor, $0.baseAddress, $0.count, 0)
    }
    guard count > 0, let end = bytes[..<count].firstIndex(of: UInt8(ascii: "\n")) else {
      return nil
    }
    var scanner = LineScanner()
    do throws(LineError) {
      try scanner.scan(bytes.span.extracting(..<end))
    } catch {
      return nil
    }
    time = scanner.time
    number = scanner.kind == .segment ? scanner.count(.number, in: bytes.span) : nil
  }
}

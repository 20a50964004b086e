import Glibc
import Threading

extension WriterSession {
  /// Opens the active file, or creates it as the segment with this id.
  func open(_ pen: inout Pen, segment: String) throws(LogWriterError) {
    let seq = pen.seq
    let file = try AppendFile.open(
      at: place.path, permissions: configuration.permissions, temporaryName: ".\(segment).new"
    ) { () throws(LogWriterError) in
      let time = configuration.now()
      // The file is missing: if it was renamed just now, that segment is there to be counted.
      let number = place.isDirectory ? try SegmentDirectory(place: place).nextNumber() : 1
      let event = Event.segment(Segment(id: segment, number: number))
      return line(Record(time: time, writer: id, seq: seq, event: event))
    }
    if file.isNew { pen.seq += 1 }
    pen.output.guardsSizeLimit = SizeLimitSignal.canCome
    pen.adopt(
      file,
      start: WriterStart(
        version: configuration.version, host: configuration.host, pid: configuration.pid,
        process: configuration.process))
  }

  private func line(_ record: Record) -> [UInt8] {
    var bytes: [UInt8] = []
    do throws(LineWriterError) {
      try LineWriter().append(record, to: &bytes)
    } catch {
      preconditionFailure("a segment line always fits, got \(error)")
    }
    return bytes
  }

  // MARK: - Looking

  /// How the file that is written to stands to the log's path.
  enum Standing {
    case current
    /// The path leads elsewhere or nowhere; the file has a name still.
    case renamed
    /// The file has no name any more: what is written to it is lost.
    case removed
  }

  /// With the pen, every so many lines: asks the thread to act if there is reason to.
  func look(_ pen: inout Pen) {
    pen.linesSinceLook = 0
    pen.output.guardsSizeLimit = SizeLimitSignal.canCome
    if findStanding(&pen) != .current || isTooLarge(pen) { tasks.update { $0.looks = true } }
  }

  private func findStanding(_ pen: inout Pen) -> Standing {
    guard let file = pen.file else { return .removed }
    var own = stat()
    guard unsafe fstat(file.descriptor, &own) == 0, own.st_nlink > 0 else { return .removed }
    let size = Int64(own.st_size)
    if size < pen.size {
      // What others cut may have ended within a line.
      pen.output.needsNewline = size > 0
      lose(.truncatedByOthers, 0)
    }
    pen.size = size
    var there = stat()
    guard unsafe lstat(place.path, &there) == 0, own.st_dev == there.st_dev,
      own.st_ino == there.st_ino
    else { return .renamed }
    return .current
  }

  private func isTooLarge(_ pen: Pen) -> Bool {
    guard place.isDirectory, let bytesMax = configuration.rotation.bytesMax else { return false }
    return pen.size >= bytesMax
  }

  private func isTooOld() -> Bool {
    guard place.isDirectory, let ageMax = configuration.rotation.ageMax,
      let first = FirstLine(path: place.path)
    else { return false }
    let age = configuration.now().microseconds - first.time.microseconds
    return age / 1000 >= Int64(nanoseconds: ageMax) / 1_000_000
  }

  // MARK: - Acting, on the thread

  /// Opens the file anew if it is not the log's any more or fails, rotates it if it is time.
  func lookAfterFile() {
    guard !isClosed else { return }
    let now = calls.elapsed()
    upkeep.withLock { $0.looked(at: now, wall: configuration.now()) }
    let (wantsReopening, isGivenUp, replaces) = upkeep.withLock {
      ($0.wantsReopening, $0.isGivenUp, $0.replaces(at: now))
    }
    let (standing, isLarge) = pen.withLock { pen -> (Standing, Bool) in
      pen.output.guardsSizeLimit = SizeLimitSignal.canCome
      let standing = findStanding(&pen)
      // What was lost is told, also when nothing more is recorded.
      if standing == .current, !isGivenUp { _ = prepare(&pen) }
      return (standing, isTooLarge(pen))
    }
    // A file that is given up must not be opened again: its next sync might succeed.
    if standing != .current || wantsReopening && !isGivenUp {
      reopen(standing, at: now)
    } else if isLarge || replaces || isTooOld() {
      rotate(at: now, force: replaces)
    }
  }

  private func reopen(_ standing: Standing, at now: Int64) {
    guard upkeep.withLock({ now >= $0.nextOpening }) else {
      if standing == .removed { abandonFile(.other) }
      return
    }
    var generator = SystemRandomNumberGenerator()
    let segment = generator.identifier()
    let wasGivenUp = upkeep.withLock { $0.isGivenUp }
    do throws(LogWriterError) {
      let (old, reason) = try pen.withLock { pen throws(LogWriterError) in
        let old = pen.file
        try open(&pen, segment: segment)
        return (old, prepare(&pen))
      }
      let isSynced = old.map { leave($0, isGivenUp: wasGivenUp) } ?? true
      upkeep.withLock { upkeep in
        // A new file that fails like the old one is no success: the distance of the tries grows.
        if let reason { upkeep.openingFailed(at: now, reason) } else { upkeep.opened() }
        // Of another file nothing is known; the same one keeps its record.
        upkeep.isGivenUp = standing == .current && (wasGivenUp || !isSynced)
      }
    } catch {
      upkeep.withLock { $0.openingFailed(at: now, error.dropReason) }
      if standing == .removed { abandonFile(error.dropReason) }
      warn(.cannotReopen(error))
    }
  }

  /// Nothing may be written to a file without a name: it would be lost without a trace.
  private func abandonFile(_ reason: DropReason) {
    pen.withLock { pen in
      pen.file?.close()
      pen.file = nil
      pen.trouble = Pen.Trouble(reason: reason, until: .max)
    }
  }

  private func rotate(at now: Int64, force: Bool) {
    let segments = SegmentDirectory(place: place)
    do throws(LogWriterError) {
      _ = try segments.withLock { lock throws(LogWriterError) in
        // Another process may have been faster: then the path leads to its new file.
        let isDue = pen.withLock { pen in
          findStanding(&pen) == .current && (force || isTooLarge(pen) || isTooOld())
        }
        guard isDue else { return }
        try segments.renameActiveFile()
        if force { upkeep.withLock { $0.replaced(at: now) } }
        reopen(.renamed, at: now)
        try segments.sync()
        let deleted = try segments.retain(
          configuration.retention, now: configuration.now(),
          deletionsMax: upkeep.withLock { $0.deletionsMax(now) }, lock: lock)
        upkeep.withLock { $0.deleted(deleted.count) }
      }
    } catch {
      warn(.cannotRotate(error))
    }
  }

  private func warn(_ warning: LogWriterWarning) {
    let text = warning.description
    let isNew = upkeep.withLock { upkeep in
      upkeep.warned.count < LogWriter.warningsMax && upkeep.warned.insert(text).inserted
    }
    if isNew { configuration.warn(warning) }
  }

  // MARK: - Syncing

  /// Brings what was written to the disk, if it is time or was asked for.
  ///
  /// - Returns: when the next sync is due.
  func sync(_ order: WriterTasks) -> Duration {
    guard configuration.syncs else { return LogWriter.tickInterval }
    let interval = Int64(nanoseconds: LogWriter.syncInterval)
    let now = calls.elapsed()
    let (last, synced, isGivenUp) = upkeep.withLock { ($0.lastSync, $0.linesSynced, $0.isGivenUp) }
    let (descriptor, written) = pen.withLock { ($0.file?.descriptor, $0.linesWritten) }
    let isAsked = progress.update { $0.syncRequest < order.syncRequest }
    guard let descriptor, !isGivenUp else {
      // Nobody knows what of such a file is on the disk, and nobody will.
      if isAsked { answer(order, isSynced: false) }
      return LogWriter.syncInterval
    }
    guard written > synced || isAsked else { return LogWriter.syncInterval }
    guard isAsked || now - last >= interval else { return .nanoseconds(interval - (now - last)) }
    let isSynced = sync(descriptor)
    upkeep.withLock { upkeep in
      upkeep.lastSync = calls.elapsed()
      if isSynced { upkeep.synced(at: upkeep.lastSync, lines: written) }
    }
    answer(order, isSynced: isSynced)
    if !isSynced { lookAfterFile() }
    return LogWriter.syncInterval
  }

  /// Tells those who wait for a sync.
  private func answer(_ order: WriterTasks, isSynced: Bool) {
    progress.update { progress in
      progress.syncRequest = max(progress.syncRequest, order.syncRequest)
      progress.isSynced = isSynced
    }
  }

  /// A sync that failed is never tried again on the file: the kernel may have forgotten what it
  /// could not write, and the next one would succeed.
  private func sync(_ descriptor: CInt) -> Bool {
    if calls.sync(descriptor) == 0 { return true }
    let error = errno
    upkeep.withLock { $0.isGivenUp = true }
    lose(.syncFailed, 0)
    warn(.cannotSync(path: place.path, errno: error))
    return false
  }

  /// Brings to the disk what was written to a file until it was left, and closes it.
  private func leave(_ file: AppendFile, isGivenUp: Bool) -> Bool {
    defer { file.close() }
    return !configuration.syncs || isGivenUp || sync(file.descriptor)
  }
}

import Threading

/// Going on where another follower was.
extension LogFollower {
  /// How far everything is read.
  public var resumption: LogResumption {
    var resumption = LogResumption()
    resumption.late = late.map { FilePosition(of: $0.file) }
    resumption.current = current.map { FilePosition(of: $0) }
    resumption.lastNumber = lastNumber
    // What could not be opened yet is still to come.
    resumption.awaitsSuccessor =
      awaitsSuccessor || !location.isDirectory && current == nil && !pending.isEmpty
    resumption.bytesRead = open.reduce(bytesOfClosedFiles) { $0 + $1.bytesCutOff }
    resumption.linesRead = linesOfClosedFiles
    return resumption
  }

  func resume(_ resumption: LogResumption) throws(LogReadError) {
    lastNumber = resumption.lastNumber
    awaitsSuccessor = resumption.awaitsSuccessor
    bytesOfClosedFiles = resumption.bytesRead
    linesOfClosedFiles = resumption.linesRead
    let (reopenedLate, reopenedCurrent) = try reopen(resumption)
    for (position, file) in zip(resumption.late, reopenedLate) {
      if let file = try resume(file, at: position) {
        late.append((file, lateWrites?.now() ?? .now))
      }
    }
    if let position = resumption.current {
      current = try resume(reopenedCurrent, at: position)
      if current == nil { awaitsSuccessor = true }
    }
    if let current {
      path = current.path
      current.isComplete = current.path != location.activePath || current.isComplete
    }
    let isUntouched = open.isEmpty && resumption == LogResumption()
    let known = Set(open.map(\.path))
    let highest = current?.number ?? lastNumber ?? .min
    if location.isDirectory {
      pending = try location.files().filter {
        !known.contains($0.path) && ($0.number ?? .max) > highest
      }
    } else if awaitsSuccessor || isUntouched, !known.contains(location.path) {
      awaitsSuccessor =
        location.path != LogLocation.standardInput && FileIdentity(path: location.path) == nil
      if !awaitsSuccessor { pending = [LogFile(named: location.path)] }
    }
  }

  /// The files of all positions, nil where one is gone.
  private func reopen(
    _ resumption: LogResumption
  ) throws(LogReadError) -> (late: [OpenLogFile?], current: OpenLogFile?) {
    var candidates = try location.candidates()
    var tries = 0
    while true {
      var left = candidates.map(\.file)
      var late: [OpenLogFile?] = []
      for position in resumption.late { late.append(try Self.reopen(position, of: &left)) }
      var current: OpenLogFile?
      if let position = resumption.current { current = try Self.reopen(position, of: &left) }
      let isWhole = !late.contains { $0 == nil } && (current == nil) == (resumption.current == nil)
      // One that is renamed between the list and its turn is found under neither name.
      let now = isWhole ? candidates : try location.candidates()
      tries += 1
      if now == candidates || tries == Self.reopeningTriesMax { return (late, current) }
      candidates = now
    }
  }

  /// Only where files are renamed all the time are so many too few.
  private static let reopeningTriesMax = 100

  /// The file of a position; nil if it is gone.
  ///
  /// Fails if it is there and cannot be opened: what was read of it must not be read again.
  private static func reopen(
    _ position: FilePosition, of candidates: inout [LogFile]
  ) throws(LogReadError) -> OpenLogFile? {
    var best: (file: OpenLogFile, agreement: Int, index: Int)?
    for (index, candidate) in candidates.enumerated() {
      // The file that agrees is the one that is read: its name may be another's a moment later.
      guard let file = try opened(candidate, unless: position.mark),
        let agreement = position.agreement(with: file),
        agreement > best?.agreement ?? -1
      else { continue }
      best = (file, agreement, index)
    }
    guard let best else { return nil }
    candidates.remove(at: best.index)
    return best.file
  }

  /// The file at its position; one that is gone is counted.
  private func resume(
    _ file: OpenLogFile?, at position: FilePosition
  ) throws(LogReadError) -> OpenLogFile? {
    guard let file else {
      losses.files += 1
      losses.bytes += max(0, position.size - position.offset)
      // Lines of it that were counted stay counted.
      bytesOfClosedFiles += position.progress.position.offset
      linesOfClosedFiles += position.progress.position.line - 1
      return nil
    }
    if try file.resume(at: position) { losses.truncated += 1 }
    return file
  }

  /// Nil if it cannot be opened, which is told when it is read; fails if it is the file of a mark.
  private static func opened(
    _ file: LogFile, unless mark: FileMark
  ) throws(LogReadError) -> OpenLogFile? {
    do throws(LogReadError) {
      return try OpenLogFile(file)
    } catch {
      if let identity = FileIdentity(path: file.path), mark.isInode(of: identity) { throw error }
      return nil
    }
  }
}

extension LogLocation {
  /// The files that may be those of a log that was read before: of a single file those beside it
  /// whose names begin with its name, as a rotation leaves them.
  fileprivate func candidates() throws(LogReadError) -> [Candidate] {
    try candidateFiles().map { file in
      let identity = FileIdentity(path: file.path)
      return Candidate(
        file: file, device: identity?.device ?? 0, inode: identity?.inode ?? 0)
    }
  }

  /// Equal as long as its name is that of the same file.
  fileprivate struct Candidate: Equatable {
    let file: LogFile
    let device: UInt
    let inode: UInt
  }

  private func candidateFiles() throws(LogReadError) -> [LogFile] {
    guard !isDirectory else { return try files() }
    guard path != Self.standardInput else { return [] }
    let name = path.split(separator: "/").last.map(String.init) ?? path
    let parent = LogPlace.parent(of: path)
    let all = try Self.names(in: parent).sorted()
    let names = all.filter { $0.hasPrefix(name + ".") || $0.hasPrefix(name + "-") }
    // The active file of a directory was given by itself.
    let segments = name == Self.activeName ? all.filter { Self.segmentNumber($0) != nil } : []
    return [LogFile(named: path)]
      + (names.prefix(Self.candidatesMax) + segments.suffix(Self.candidatesMax))
      .map { LogFile(path: LogPlace.join(parent, $0)) }
  }

  /// Rotated files beside a single one that are looked at.
  private static let candidatesMax = 1000
}

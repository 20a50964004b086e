import Glibc

/// How far a log was read: what a follower needs to go on in another process.
public struct LogResumption: Hashable, Sendable {
  /// Files of which more may come, in the order in which they are read: rotated ones into which late
  /// lines may be written, then the one that is being read, if there is one.
  public var late: [FilePosition] = []
  public var current: FilePosition?
  /// The number of the last segment that was read to its end.
  public var lastNumber: Int?
  /// The single file of the location was renamed: what has its name now is its successor.
  public var awaitsSuccessor = false
  /// Of files that are closed.
  public var bytesRead: Int64 = 0
  public var linesRead = 0

  public init() {}
}

/// How far one file of a log was read, and by what it is known again.
public struct FilePosition: Hashable, Sendable {
  public var progress = LogParser.Progress()
  public var mark = FileMark()
  /// Bytes that the file had, as they are in it.
  public var size: Int64 = 0

  public init() {}
}

/// By what a file is known again under another name, or after it was compressed.
///
/// With an id in its first line nothing else counts; else all that is here must agree.
public struct FileMark: Hashable, Sendable {
  /// Of the `segment` line that is its first.
  public var segmentID: String?
  public var device: UInt64 = 0
  public var inode: UInt64 = 0
  /// So many of its first bytes have this hash: as many as were read, at most `headBytesMax`.
  public var headCount = 0
  public var headHash: UInt64 = 0
  /// The same of the bytes before the place up to which it was read, at most `tailBytesMax`.
  public var tailCount = 0
  public var tailHash: UInt64 = 0

  public static let headBytesMax = 1024
  public static let tailBytesMax = 64

  public init() {}

  func isInode(of file: FileIdentity) -> Bool {
    UInt64(file.device) == device && UInt64(file.inode) == inode
  }

  /// FNV-1a: the same in every process.
  static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }

  /// The id in a first line that is there to its end.
  static func segmentID(in beginning: ArraySlice<UInt8>) -> String? {
    guard let end = beginning.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
    let line = Array(beginning[..<end])
    var scanner = LineScanner()
    do throws(LineError) {
      try scanner.scan(line.span)
    } catch {
      return nil
    }
    return scanner.kind == .segment ? scanner.string(.segment, in: line.span) : nil
  }
}

extension FilePosition {
  /// Where reading goes on: behind this nothing was judged.
  var offset: Int64 { progress.readFrom }

  /// - Parameter file: open; how far it was read is in its parser.
  init(of file: OpenLogFile) {
    progress = file.parser.progress
    guard let identity = FileIdentity(descriptor: file.descriptor) else { return }
    size = file.isCompressed ? 0 : identity.size
    mark.device = UInt64(identity.device)
    mark.inode = UInt64(identity.inode)
    let beginning = file.beginning(FirstLine.bytesMax)
    mark.segmentID = FileMark.segmentID(in: beginning[...])
    let head = beginning.prefix(Int(min(offset, Int64(FileMark.headBytesMax))))
    mark.headCount = head.count
    mark.headHash = FileMark.hash(head)
    guard !file.isCompressed else { return }
    let tail = file.bytes(before: offset, FileMark.tailBytesMax)
    mark.tailCount = tail.count
    mark.tailHash = FileMark.hash(tail)
  }

  /// Whether a file is the one of this position, and of several that are, how sure that is: the one
  /// with the same inode is not a copy.
  func agreement(with open: OpenLogFile) -> Int? {
    guard let identity = FileIdentity(descriptor: open.descriptor) else { return nil }
    let isSameInode = mark.isInode(of: identity)
    let beginning = open.beginning(FirstLine.bytesMax)
    if let id = mark.segmentID {
      guard FileMark.segmentID(in: beginning[...]) == id else { return nil }
      return isSameInode ? 2 : open.isCompressed ? 0 : 1
    }
    guard isSameInode || open.isCompressed && mark.headCount > 0,
      beginning.count >= mark.headCount,
      FileMark.hash(beginning.prefix(mark.headCount)) == mark.headHash
    else { return nil }
    if !open.isCompressed, identity.size >= offset {
      let tail = open.bytes(before: offset, mark.tailCount)
      guard FileMark.hash(tail) == mark.tailHash else { return nil }
    }
    return isSameInode ? 2 : 0
  }
}

/// What was found of the files of a log that was read before.
public struct ResumptionLosses: Hashable, Sendable {
  /// Files that are gone, and how many bytes of them were known and not read.
  public var files = 0
  public var bytes: Int64 = 0
  /// Files that are shorter than what was read of them.
  public var truncated = 0

  public init() {}
}

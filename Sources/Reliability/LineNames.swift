import AttemptLog

/// The texts that come again and again in lines, as small numbers in the order in which they came:
/// those of one reader.
public struct LineNames: Sendable {
  /// Pairs of provider and operation.
  private(set) var scopes = Interner()
  /// Pairs of provider and account, which may be absent.
  private(set) var accounts = Interner()
  /// `ErrorName`s.
  private(set) var errors = Interner()
  private(set) var quotas = Interner()
  private(set) var writers: WriterNames
  private var buffer: [UInt8] = []

  init(hasher: ByteHasher) {
    writers = WriterNames(capacity: .max, hasher: hasher)
  }

  /// Stands between two texts of a name; it occurs in no UTF-8.
  static let separator: UInt8 = 0xFF
  /// Beyond this they are forgotten, and numbered anew.
  static let bytesMax = 1 << 20
  static let namesMax = 1 << 15

  /// Whether it is time to forget: a log may have any number of names.
  var isFull: Bool {
    byteCount > Self.bytesMax
      || max(scopes.count, accounts.count, errors.count, quotas.count, writers.count)
        > Self.namesMax
  }

  private var byteCount: Int {
    scopes.byteCount + accounts.byteCount + errors.byteCount + quotas.byteCount
      + writers.byteCount
  }

  mutating func scope(_ fields: LineScanner, _ line: Span<UInt8>) -> Int {
    fields.number(ofTexts: .provider, .operation, in: line) {
      scopes.number($0, $1, separator: Self.separator)
    } ?? 0
  }

  mutating func account(_ fields: LineScanner, _ line: Span<UInt8>) -> Int {
    fields.number(ofTexts: .provider, .account, in: line) {
      accounts.number($0, $1, separator: Self.separator)
    } ?? 0
  }

  mutating func writer(_ fields: LineScanner, _ line: Span<UInt8>) -> Int {
    fields.withText(.writer, in: line) { writers.number($0) ?? 0 } ?? 0
  }

  /// Nil if the line has none.
  mutating func quota(_ fields: LineScanner, _ line: Span<UInt8>) -> Int? {
    fields.withText(.quotaName, in: line) { quotas.number($0) ?? 0 }
  }

  mutating func quota(_ name: QuotaName) -> Int {
    let bytes = Array(name.rawValue.utf8)
    return quotas.number(bytes.span) ?? 0
  }

  mutating func error(_ fields: LineScanner, _ line: Span<UInt8>) -> Int {
    buffer.removeAll(keepingCapacity: true)
    ErrorName.append(fields, line, to: &buffer)
    let name = buffer
    return errors.number(name.span) ?? 0
  }
}

/// A name of two texts, of which the second may be absent.
struct NamePair {
  let first: ArraySlice<UInt8>
  let second: ArraySlice<UInt8>?

  init(_ name: ArraySlice<UInt8>) {
    first = name.prefix { $0 != LineNames.separator }
    let rest = name[first.endIndex...]
    second = rest.isEmpty ? nil : rest.dropFirst()
  }

  /// Such a name with its texts cut to so many bytes.
  func cut(bytesMax: Int) -> [UInt8] {
    var bytes = Array(first.prefix(textBytesMax: bytesMax))
    if let second {
      bytes.append(LineNames.separator)
      bytes += second.prefix(textBytesMax: bytesMax)
    }
    return bytes
  }
}

/// How the provider names an error: type, code and HTTP status, each of which may be absent.
struct ErrorName {
  let type: ArraySlice<UInt8>?
  let code: ArraySlice<UInt8>?
  /// In digits.
  let httpStatus: ArraySlice<UInt8>?

  /// Stands before a part that is there.
  private static let present: UInt8 = 0xFE
  /// The type of errors for which there was no room.
  static let overflow =
    [present] + BoundedNames.overflow + [LineNames.separator, LineNames.separator]

  init(_ name: ArraySlice<UInt8>) {
    let parts = name.split(
      separator: LineNames.separator, maxSplits: 2, omittingEmptySubsequences: false)
    func part(_ index: Int) -> ArraySlice<UInt8>? {
      index < parts.count && !parts[index].isEmpty ? parts[index].dropFirst() : nil
    }
    type = part(0)
    code = part(1)
    httpStatus = part(2)
  }

  static func append(
    _ fields: LineScanner, _ line: Span<UInt8>, to bytes: inout [UInt8]
  ) {
    for key in [Key.errorType, .errorCode] {
      _ = fields.withText(key, in: line) { text in
        bytes.append(present)
        bytes.append(text)
      }
      bytes.append(LineNames.separator)
    }
    if let status = fields.integer(.httpStatus, in: line) {
      bytes.append(present)
      bytes += String(status).utf8
    }
  }

  /// Such a name with its texts cut to so many bytes.
  func cut(bytesMax: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    for part in [type, code] {
      if let part {
        bytes.append(Self.present)
        bytes += part.prefix(textBytesMax: bytesMax)
      }
      bytes.append(LineNames.separator)
    }
    if let httpStatus {
      bytes.append(Self.present)
      bytes += httpStatus
    }
    return bytes
  }
}

extension [UInt8] {
  mutating func append(_ text: Span<UInt8>) {
    unsafe text.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
  }
}

extension ArraySlice<UInt8> {
  /// The text, cut between characters if it has more bytes than that.
  func prefix(textBytesMax bytesMax: Int) -> ArraySlice<UInt8> {
    guard count > bytesMax else { return self }
    var end = startIndex + bytesMax
    while end > startIndex && self[end] & 0xC0 == 0x80 { end -= 1 }
    return self[..<end]
  }

  var text: String { String(decoding: self, as: UTF8.self) }
}

/// What the numbers of a reader's names stand for where they are counted.
public struct NameMap: Sendable {
  var scopes = Numbers()
  var accounts = Numbers()
  var errors = Numbers()
  var quotas = Numbers()
  var writers = Numbers()
  /// By the number of the pair and, in the lower 32 bits, that of the error's name.
  var scopedErrors: [Int: Int] = [:]

  init() {}

  struct Numbers: Sendable {
    private var known: [Int] = []
    private static let unknown = -1

    /// What a number stands for: nothing below 0, found out when it is first asked for.
    mutating func number(of name: Int, _ resolve: () -> Int) -> Int {
      if name < known.count, known[name] != Self.unknown { return known[name] }
      while known.count <= name { known.append(Self.unknown) }
      known[name] = resolve()
      return known[name]
    }
  }
}

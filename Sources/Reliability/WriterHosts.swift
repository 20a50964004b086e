/// Which hosts the writers are on, and on which of them something happened, by the number of what it
/// happened to.
struct WriterHosts: Sendable {
  /// Hosts that are told apart.
  static let hostsMax = 1000

  private var numbers: [ByteHasher.Key: Int32] = [:]
  /// By the number of the writer; -1 if its host is not known.
  private var ofWriters: [Int32] = []
  /// By the number of the subject; nil once it happened on a host that is not known.
  private var touched: [Int: Set<Int32>?] = [:]

  /// Takes note of the host of a writer.
  mutating func note(_ host: ByteHasher.Key, of writer: Int) {
    var number = numbers[host]
    if number == nil, numbers.count < Self.hostsMax {
      number = Int32(numbers.count)
      numbers[host] = number
    }
    while ofWriters.count <= writer { ofWriters.append(-1) }
    ofWriters[writer] = number ?? -1
  }

  /// Takes note that a line of a writer tells of a subject.
  ///
  /// - Parameter writer: nil if it is not known.
  mutating func touch(_ subject: Int, by writer: Int?) {
    guard let writer, writer < ofWriters.count, ofWriters[writer] >= 0 else {
      touched[subject] = .some(nil)
      return
    }
    touched[subject, default: []]?.insert(ofWriters[writer])
  }

  mutating func forget(_ subject: Int) {
    touched[subject] = nil
  }

  /// On how many hosts; nil if that is not known of all lines.
  func count(touching subject: Int) -> Int? { touched[subject]??.count }
}

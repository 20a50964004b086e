/// Which hosts the writers are on.
struct WriterHosts: Sendable {
  /// Hosts that are told apart.
  static let hostsMax = 1000

  private var numbers: [ByteHasher.Key: Int32] = [:]
  /// By the number of the writer; -1 if its host is not known.
  private var ofWriters: [Int32] = []

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

  /// The number of a writer's host; nil if it is not known.
  func host(of writer: Int) -> Int32? {
    writer < ofWriters.count && ofWriters[writer] >= 0 ? ofWriters[writer] : nil
  }
}

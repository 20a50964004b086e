/// The sequence numbers of one writer that were accepted, as ranges: one, if none is missing.
struct SequenceSet: Sendable {
  /// In order, not touching each other.
  private(set) var ranges: [ClosedRange<Int64>] = []
  private var count: Int64 = 0

  /// Whether the number is new; it is there afterwards.
  mutating func insert(_ number: Int64) -> Bool {
    guard let last = ranges.last else {
      ranges = [number...number]
      count = 1
      return true
    }
    if number > last.upperBound {
      if number == last.upperBound + 1 {
        ranges[ranges.count - 1] = last.lowerBound...number
      } else {
        ranges.append(number...number)
      }
      count += 1
      return true
    }
    return insertEarlier(number)
  }

  /// Numbers that are missing between the lowest and the highest.
  var missing: Int64 {
    guard let first = ranges.first, let last = ranges.last else { return 0 }
    return last.upperBound - first.lowerBound + 1 - count
  }

  private mutating func insertEarlier(_ number: Int64) -> Bool {
    var low = 0
    var high = ranges.count - 1  // the last range does not end before `number`
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound < number { low = middle + 1 } else { high = middle }
    }
    if ranges[low].contains(number) { return false }
    count += 1
    let joinsNext = ranges[low].lowerBound == number + 1
    let joinsPrevious = low > 0 && ranges[low - 1].upperBound == number - 1
    switch (joinsPrevious, joinsNext) {
    case (true, true):
      ranges[low - 1] = ranges[low - 1].lowerBound...ranges[low].upperBound
      ranges.remove(at: low)
    case (true, false): ranges[low - 1] = ranges[low - 1].lowerBound...number
    case (false, true): ranges[low] = number...ranges[low].upperBound
    case (false, false): ranges.insert(number...number, at: low)
    }
    return true
  }
}

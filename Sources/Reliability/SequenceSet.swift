/// The sequence numbers of one writer that were accepted: from the lowest to the highest, without
/// the gaps.
struct SequenceSet: Sendable {
  /// What became of a number.
  enum Insertion {
    case new, repeated
    /// It would have made a gap more than there may be.
    case noRoom
  }

  /// Numbers that are missing between the lowest and the highest, as ranges.
  private(set) var gaps = RangeList()
  /// How many those are.
  private(set) var missing: Int64 = 0
  /// From 1; the highest is below the lowest while there is none.
  private var lowest: Int64 = 1
  private var highest: Int64 = 0

  /// Takes a number, from 1, unless that makes more than so many gaps.
  mutating func insert(_ number: Int64, gapsMax: Int = .max) -> Insertion {
    if highest < lowest {
      lowest = number
      highest = number
    } else if number > highest {
      if number > highest + 1 {
        guard gaps.count < gapsMax else { return .noRoom }
        gaps.append(highest + 1...number - 1)
        missing += number - 1 - highest
      }
      highest = number
    } else if number < lowest {
      if number < lowest - 1 {
        guard gaps.count < gapsMax else { return .noRoom }
        gaps.prepend(number + 1...lowest - 1)
        missing += lowest - 1 - number
      }
      lowest = number
    } else {
      return fill(number, gapsMax: gapsMax)
    }
    return .new
  }

  private mutating func fill(_ number: Int64, gapsMax: Int) -> Insertion {
    guard let (place, gap) = gaps.first(notBefore: number), gap.contains(number) else {
      return .repeated
    }
    switch (gap.lowerBound == number, gap.upperBound == number) {
    case (true, true): gaps.remove(at: place)
    case (true, false): gaps.replace(at: place, by: number + 1...gap.upperBound)
    case (false, true): gaps.replace(at: place, by: gap.lowerBound...number - 1)
    case (false, false):
      guard gaps.count < gapsMax else { return .noRoom }
      gaps.replace(at: place, by: gap.lowerBound...number - 1)
      gaps.insert(number + 1...gap.upperBound, after: place)
    }
    missing -= 1
    return .new
  }
}

extension SequenceSet: StateCoded {
  mutating func code(with coder: inout StateCoder) {
    coder.code(&lowest, max: .max)
    coder.code(&highest, max: .max)
    coder.check(lowest >= 1 && (highest >= lowest || lowest == 1 && highest == 0))
    var ranges = gaps.prefix(gaps.count)
    coder.code(&ranges, blank: 0...0) { range, coder in
      var (first, last) = (range.lowerBound, range.upperBound)
      coder.code(&first, max: .max)
      coder.code(&last, max: .max)
      coder.check(first <= last)
      if coder.isReading { range = first...max(first, last) }
    }
    guard coder.isReading else { return }
    gaps = RangeList()
    missing = 0
    var below = lowest
    for range in ranges {
      // Between two gaps stands a number that is there, and so below the first and above the last.
      let isInOrder = range.lowerBound > below && range.upperBound < highest
      coder.check(isInOrder)
      guard isInOrder else { return }
      gaps.append(range)
      missing += range.upperBound - range.lowerBound + 1
      below = range.upperBound + 1
    }
  }
}

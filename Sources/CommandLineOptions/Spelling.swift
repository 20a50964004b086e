/// Finds what a misspelt word was meant to be.
public enum Spelling: Sendable {
  /// The nearest of the words, if it is near: a third of the letters may be wrong.
  public static func nearest(to word: String, in words: [String]) -> String? {
    let distances = words.map { (word: $0, distance: distance(word, $0)) }
    guard let best = distances.min(by: { $0.distance < $1.distance }),
      best.distance <= max(1, word.count / 3)
    else { return nil }
    return best.word
  }

  /// Insertions, deletions and substitutions from one word to the other (Levenshtein 1965).
  public static func distance(_ one: String, _ other: String) -> Int {
    let columns = Array(other)
    var row = Array(0...columns.count)
    for (index, character) in one.enumerated() {
      var diagonal = row[0]
      row[0] = index + 1
      for (column, target) in columns.enumerated() {
        let substituted = diagonal + (character == target ? 0 : 1)
        diagonal = row[column + 1]
        row[column + 1] = min(substituted, diagonal + 1, row[column] + 1)
      }
    }
    return row[columns.count]
  }
}

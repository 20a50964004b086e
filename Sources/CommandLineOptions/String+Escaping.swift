extension String {
  /// The text with these characters written as the texts that stand for them.
  ///
  /// `replacing(_:with:)` would link the library of regular expressions, a tenth of the static tool.
  func escaping(_ escapes: [Character: String]) -> String {
    reduce(into: "") { $0 += escapes[$1] ?? String($1) }
  }
}

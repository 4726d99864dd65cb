/// "Did you mean": the known word that takes the fewest edits to reach.
///
/// The distance counts insertions, deletions, replacements and swaps of neighbours (the restricted form of Damerau 1964).
package enum Suggestion {
  /// The nearest of `words`, or nil when none is near: more than a third of the letters would have to change.
  package static func nearest(to word: String, among words: some Sequence<String>) -> String? {
    let typed = word.lowercased()
    var best: (word: String, distance: Int)?
    for candidate in words {
      let edits = distance(typed, candidate.lowercased())
      // A word that was only begun ("hid" for "hidden") is near too.
      let isBeginning = typed.count >= 2 && candidate.lowercased().hasPrefix(typed)
      let allowed = max(1, max(typed.count, candidate.count) / 3)
      guard edits <= allowed || isBeginning else { continue }
      let score = isBeginning ? min(edits, 1) : edits
      if score < best?.distance ?? .max { best = (candidate, score) }
    }
    return best?.word
  }

  /// The number of edits between two words.
  package static func distance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a), Array(b))
    var rows = [Array(0...b.count)]
    for i in 0..<a.count {
      var row = [i + 1]
      for j in 0..<b.count {
        var least = min(rows[i][j] + (a[i] == b[j] ? 0 : 1), rows[i][j + 1] + 1, row[j] + 1)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { least = min(least, rows[i - 1][j - 1] + 1) }
        row.append(least)
      }
      rows.append(row)
    }
    return rows[a.count][b.count]
  }
}

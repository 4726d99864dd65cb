extension SparsityPattern {
  /// The number of places of the fullest row, below which no colouring of the columns can stay.
  var fullestRow: Int { (0..<rowCount).map { rowStarts[$0 + 1] - rowStarts[$0] }.max() ?? 0 }

  /// A colour for each column, from 0, so that no two columns of one colour have a place in the same row. Columns without places
  /// have colour 0.
  ///
  /// Each column in turn takes the smallest colour that is free, in their order and then with the fullest columns first; the
  /// better of the two stays. A band in its order takes no colour too many.
  ///
  /// - Complexity: the squares of the rows' places, added up.
  public var columnColors: [Int] {
    let (rows, bound) = (transposed, fullestRow)
    let natural = colors(Array(0..<columnCount), rows)
    guard let most = natural.max(), most + 1 > bound else { return natural }
    let fullest = (0..<columnCount).sorted { rows[row: $0].count > rows[row: $1].count }
    let other = colors(fullest, rows)
    return (other.max() ?? 0) < most ? other : natural
  }

  private func colors(_ order: [Int], _ rows: SparsityPattern) -> [Int] {
    var colors = [Int](repeating: -1, count: columnCount)
    // The last column for which each colour was taken.
    var taken: [Int] = []
    for column in order {
      for row in rows[row: column] {
        for neighbor in self[row: row] where colors[neighbor] >= 0 { taken[colors[neighbor]] = column }
      }
      let color = taken.firstIndex { $0 != column } ?? taken.count
      if color == taken.count { taken.append(-1) }
      colors[column] = color
    }
    return colors
  }

  /// The place here of each place of the transposed pattern.
  var placesOfTransposed: [Int] {
    var places = [[Int]](repeating: [], count: columnCount)
    for (place, column) in columns.enumerated() { places[column].append(place) }
    return places.flatMap { $0 }
  }
}

/// Sets of columns, each stored once and named by a number; 0 is the empty one. Elements that the same columns reach share a set,
/// so the memory is that of the different ones.
struct ElementSets {
  private var sets: [[Int32]] = [[]]
  private var numbers: [[Int32]: Int32] = [[]: 0]
  private var unions: [UInt64: Int32] = [:]

  subscript(set: Int32) -> [Int32] { sets[Int(set)] }

  mutating func single(_ column: Int32) -> Int32 { number(of: [column]) }

  private mutating func number(of set: [Int32]) -> Int32 {
    if let known = numbers[set] { return known }
    sets.append(set)
    numbers[set] = Int32(sets.count - 1)
    return Int32(sets.count - 1)
  }

  mutating func union(_ a: Int32, _ b: Int32) -> Int32 {
    if a == b || b == 0 { return a }
    if a == 0 { return b }
    let pair = UInt64(Swift.min(a, b)) << 32 | UInt64(Swift.max(a, b))
    if let known = unions[pair] { return known }
    let union = number(of: merged([a, b]))
    unions[pair] = union
    return union
  }

  /// The union of many at once, without a set for each step on the way.
  mutating func union(_ parts: some Sequence<Int32>) -> Int32 {
    var different = Set(parts)
    different.remove(0)
    guard different.count > 2 else { return different.reduce(0) { union($0, $1) } }
    return number(of: merged(different.sorted()))
  }

  private func merged(_ parts: [Int32]) -> [Int32] {
    var all = parts.flatMap { sets[Int($0)] }
    all.sort()
    var last: Int32 = -1
    return all.filter { column in
      defer { last = column }
      return column != last
    }
  }

  mutating func union(_ a: [Int32], _ b: [Int32]) -> [Int32] { a.indices.map { union(a[$0], b[$0]) } }

  /// The sets of y's elements, as far as those of one input reach them; nil where none does.
  mutating func spread<S: Scalar>(
    _ x: [Int32], _ reach: Reach, _ operation: any Operation, at p: Point<S>, _ i: Int
  ) -> [Int32]? {
    let (from, to) = (p.x[i].shape, p.y.shape)
    switch reach {
    case .none: return nil
    case .beside: return from == to ? x : from.places(in: to).map { x[$0] }
    case .moved:
      switch operation.localJacobian(at: p, withRespectTo: i)?.structure {
      case .scaledIdentity: return x
      case .oneEntryInEachRow(let columns, _): return columns.map { $0 < 0 ? 0 : x[$0] }
      case .zero, .diagonal, .oneEntryInEachColumn, .kronecker, .blocks, .dense, nil: return everywhere(x, to)
      }
    case .added:
      guard case .oneEntryInEachColumn(let rows, _) = operation.localJacobian(at: p, withRespectTo: i)?.structure
      else { return everywhere(x, to) }
      return grouped(x, into: to.elementCount) { rows[$0] }
    case .reduced(let axes):
      let kept = axes.kept(of: from)
      let places = kept.places(in: from)
      return grouped(x, into: to.elementCount) { places[$0] }
    case .part(let count):
      guard count > 0, !x.isEmpty else { return [Int32](repeating: 0, count: to.elementCount) }
      let (width, height) = (x.count / count, to.elementCount / count)
      let parts = (0..<count).map { part in union(x[part * width..<(part + 1) * width]) }
      return (0..<to.elementCount).map { parts[$0 / height] }
    case .onward(let isReversed):
      let width = from[from.rank - 1]
      var y = x
      for element in isReversed ? Array(x.indices.reversed()) : Array(x.indices) {
        let before = isReversed ? element + 1 : element - 1
        if before >= 0, before < x.count, before / width == element / width {
          y[element] = union(y[before], x[element])
        }
      }
      return y
    case .product(let transposes): return product(x, transposes, i, p)
    case .all: return everywhere(x, to)
    }
  }

  private mutating func everywhere(_ x: [Int32], _ shape: Shape) -> [Int32] {
    [Int32](repeating: union(x), count: shape.elementCount)
  }

  private mutating func grouped(_ x: [Int32], into count: Int, _ place: (Int) -> Int) -> [Int32] {
    var groups = [[Int32]](repeating: [], count: count)
    for element in x.indices where place(element) >= 0 { groups[place(element)].append(x[element]) }
    return groups.map { union($0) }
  }

  /// y[…, r, c] of a matrix product: row r of the first operand reaches it, column c of the second.
  private mutating func product<S: Scalar>(_ x: [Int32], _ transposes: Bool, _ i: Int, _ p: Point<S>) -> [Int32] {
    let (shapes, to) = ([p.x[0].shape, p.x[1].shape], p.y.shape)
    let from = shapes[i]
    let own = from.rank == 1 ? 1 : from[from.rank - (((i == 0) != transposes) ? 2 : 1)]
    let depth = from[from.rank - (from.rank == 1 || ((i == 0) != transposes) ? 1 : 2)]
    let isRowMajor = from.rank == 1 || (i == 0) != transposes
    let leading = from.rank < 2 ? Shape([]) : from.leading(from.rank - 2)
    let lines = (0..<leading.elementCount * own).map { line in
      let (matrix, k) = (line / Swift.max(own, 1) * own * depth, line % Swift.max(own, 1))
      return union((0..<depth).map { x[matrix + (isRowMajor ? k * depth + $0 : $0 * own + k)] })
    }
    let rows = shapes[0].rank == 1 ? 1 : to[to.rank - (shapes[1].rank == 1 ? 1 : 2)]
    let columns = shapes[1].rank == 1 ? 1 : to[to.rank - 1]
    let rank = to.rank - (shapes[0].rank == 1 ? 0 : 1) - (shapes[1].rank == 1 ? 0 : 1)
    let matrices = leading.places(in: to.leading(rank))
    return (0..<to.elementCount).map { element in
      let (matrix, line) = (element / (rows * columns), i == 0 ? element / columns % rows : element % columns)
      return lines[matrices[matrix] * own + line]
    }
  }
}

extension Shape {
  /// The place, in a tensor of this shape, of the element that broadcasting puts at each place of another shape.
  fileprivate func places(in other: Shape) -> [Int] {
    let (own, outer) = (strides, other.strides)
    return (0..<other.elementCount).map { position in
      indices.reduce(0) { sum, axis in
        let otherAxis = axis + other.rank - rank
        return self[axis] == 1 ? sum : sum + position / outer[otherAxis] % other[otherAxis] * own[axis]
      }
    }
  }
}

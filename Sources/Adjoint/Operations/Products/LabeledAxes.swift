/// A variable with a label for each axis, no two alike.
struct LabeledAxes<S: Scalar> {
  let x: Variable<S>
  let labels: [Int]
}

extension LabeledAxes {
  /// A variable of which each axis has a label, or is 1. Where a label stands twice, the diagonal is taken.
  init(_ x: Variable<S>, _ terms: [Int?]) {
    let named = terms.indices.filter { terms[$0] != nil }
    var (x, labels) = (x.reshape(to: Shape(named.map { x.shape[$0] })), terms.compactMap { $0 })
    while let second = labels.indices.first(where: { labels[..<$0].contains(labels[$0]) }),
      let first = labels.firstIndex(of: labels[second])
    {
      x = x.diagonal(first, second)
      let label = labels[first]
      labels = labels.indices.filter { $0 != first && $0 != second }.map { labels[$0] } + [label]
    }
    self.init(x: x, labels: labels)
  }

  private func extents(_ some: [Int]) -> [Int] {
    some.map { label in zip(labels, x.shape).first { $0.0 == label }?.1 ?? 1 }
  }

  /// The sum over the axes of all labels but some.
  func summed(keeping kept: LabelSet) -> LabeledAxes {
    let axes = labels.indices.filter { !kept.contains(label: labels[$0]) }
    if axes.isEmpty { return self }
    return LabeledAxes(x: x.sum(axes: axes), labels: labels.filter { kept.contains(label: $0) })
  }

  /// The axes in the order of their labels in a list, which may have more of them.
  func ordered(_ list: [Int]) -> LabeledAxes {
    let own = list.filter { labels.contains($0) }
    return own == labels ? self : LabeledAxes(x: x.permute(own.map { labels.firstIndex(of: $0) ?? 0 }), labels: own)
  }

  /// The product with another one, summed over the labels that both have and that are not kept.
  /// - Precondition: the labels that only one has are kept.
  func product(_ other: LabeledAxes, keeping kept: LabelSet, into output: [Int]) -> LabeledAxes {
    let shared = labels.filter { other.labels.contains($0) }
    let (batch, summed) = (shared.filter { kept.contains(label: $0) }, shared.filter { !kept.contains(label: $0) })
    let rows = labels.filter { !shared.contains($0) }
    let columns = other.labels.filter { !shared.contains($0) }
    let isElementwise = summed.isEmpty || (rows.isEmpty && columns.isEmpty && !batch.isEmpty)
    guard isElementwise else {
      let ways = [self, other].flatMap { first in
        [self, other].flatMap { second in
          [false, true].map {
            Way(batch: first.order(batch), summed: second.order(summed), isSwapped: $0, self, other, into: output)
          }
        }
      }
      let way = ways.dropFirst().reduce(ways[0]) { $1.permutations < $0.permutations ? $1 : $0 }
      return way.isSwapped ? other.matrixProduct(self, way) : matrixProduct(other, way)
    }
    // In the order of the result, where it has all these labels.
    let all = Set(labels + other.labels)
    let order = all == Set(output) ? output : labels + columns
    let (a, b) = (ordered(order), other.ordered(order))
    func spread(_ y: LabeledAxes) -> Variable<S> {
      let first = order.firstIndex { y.labels.contains($0) } ?? order.count
      return y.x.reshape(to: Shape(order[first...].flatMap { y.extents([$0]) }))
    }
    let product = LabeledAxes(x: spread(a) * spread(b), labels: order)
    return product.summed(keeping: kept)
  }

  private func order(_ some: [Int]) -> [Int] { labels.filter { some.contains($0) } }
}

/// A way to write a product as one of matrices: the order of the leading axes, and of those that are summed.
private struct Way<S: Scalar> {
  let batch: [Int]
  let summed: [Int]
  let isSwapped: Bool
  /// The number of operands and results that are to be rearranged.
  let permutations: Int

  init(
    batch: [Int], summed: [Int], isSwapped: Bool, _ x: LabeledAxes<S>, _ y: LabeledAxes<S>, into output: [Int]
  ) {
    (self.batch, self.summed, self.isSwapped) = (batch, summed, isSwapped)
    let shared = batch + summed
    let parts = [x, y].map { operand in
      let own = operand.labels.filter { !shared.contains($0) }
      return (own, operand.labels != batch + own + summed && operand.labels != batch + summed + own)
    }
    let result = batch + (isSwapped ? parts[1].0 + parts[0].0 : parts[0].0 + parts[1].0)
    permutations = (parts[0].1 ? 1 : 0) + (parts[1].1 ? 1 : 0) + (result == output ? 0 : 1)
  }
}

extension LabeledAxes {
  /// The product over the leading axes of `way`: […, rows, summed]·[…, summed, columns].
  fileprivate func matrixProduct(_ other: LabeledAxes, _ way: Way<S>) -> LabeledAxes {
    let shared = way.batch + way.summed
    let rows = labels.filter { !shared.contains($0) }
    let columns = other.labels.filter { !shared.contains($0) }
    let isTransposed = (
      labels == way.batch + way.summed + rows && !rows.isEmpty,
      !(other.labels == way.batch + way.summed + columns || columns.isEmpty)
        && other.labels == way.batch + columns + way.summed
    )
    let a = isTransposed.0 ? self : ordered(way.batch + rows + way.summed)
    let b = isTransposed.1 ? other : other.ordered(way.batch + way.summed + columns)
    let (batch, depth) = (extents(way.batch), extents(way.summed).reduce(1, *))
    let (m, n) = (extents(rows), other.extents(columns))
    // Several leading axes are one where there is no room for them.
    let leading = batch.count + 2 > Shape.maximumRank ? [batch.reduce(1, *)] : batch
    /// The axes of an operand or of a result beside the leading and summed ones: one where there are leading axes or a
    /// transposition, and none for a vector.
    func matrix(_ own: [Int], isLeft: Bool, isTransposed: Bool) -> Shape {
      if own.isEmpty, batch.isEmpty { return Shape([depth]) }
      if isLeft, batch.isEmpty, !isTransposed { return Shape(own + [depth]) }
      let side = own.reduce(1, *)
      return Shape(leading + (isLeft != isTransposed ? [side, depth] : [depth, side]))
    }
    let product = a.x.reshape(to: matrix(m, isLeft: true, isTransposed: isTransposed.0))
      .matmul(
        b.x.reshape(to: matrix(n, isLeft: false, isTransposed: isTransposed.1)), transposeA: isTransposed.0,
        transposeB: isTransposed.1)
    return LabeledAxes(x: product.reshape(to: Shape(batch + m + n)), labels: way.batch + rows + columns)
  }
}

extension Variable {
  /// The diagonal of two axes of one extent, as the last axis.
  func diagonal(_ first: Int, _ second: Int) -> Variable {
    let order = shape.indices.filter { $0 != first && $0 != second } + [first, second]
    return (order == Array(shape.indices) ? self : permute(order)).diagonal()
  }
}

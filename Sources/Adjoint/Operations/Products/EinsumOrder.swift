/// The order in which the operands of an equation are combined, two at a time.
indirect enum EinsumOrder {
  case operand(Int)
  case pair(EinsumOrder, EinsumOrder)

  /// The most operands for which every order is looked at.
  private static let fewOperands = 6
}

/// Labels as bits.
struct LabelSet: OptionSet, Hashable {
  let rawValue: UInt64
  init(rawValue: UInt64) { self.rawValue = rawValue }
  init(labels: some Sequence<Int>) { self.init(rawValue: labels.reduce(0) { $0 | 1 << UInt64($1) }) }
  func contains(label: Int) -> Bool { rawValue >> UInt64(label) & 1 == 1 }
}

extension EinsumOrder {
  /// The order of fewest multiplications for few operands; for many, the pair that shrinks most comes first, of
  /// equals the one of fewest multiplications.
  static func best(for equation: EinsumEquation) -> EinsumOrder {
    let search = Search(
      labels: equation.terms.map { LabelSet(labels: $0.compactMap { $0 }) }, output: LabelSet(labels: equation.output),
      extents: equation.extents)
    return search.labels.count <= fewOperands ? search.optimal() : search.greedy()
  }

  private struct Search {
    let labels: [LabelSet]
    let output: LabelSet
    let extents: [Int]

    /// The elements that some labels span. An empty axis counts as one of 1.
    func size(_ set: LabelSet) -> Double {
      var (size, rest) = (1.0, set.rawValue)
      while rest != 0 {
        size *= Double(max(extents[rest.trailingZeroBitCount], 1))
        rest &= rest - 1
      }
      return size
    }

    /// Every split of every set of operands, small sets first.
    func optimal() -> EinsumOrder {
      let sets = 1 << labels.count
      var own = [LabelSet](repeating: [], count: sets)
      for set in 1..<sets { own[set] = own[set & (set - 1)].union(labels[set.trailingZeroBitCount]) }
      // What is left of a set of operands once it is combined.
      let left = (0..<sets).map { own[$0].intersection(output.union(own[sets - 1 - $0])) }
      var orders = [(cost: Double, order: EinsumOrder)?](repeating: nil, count: sets)
      for set in 1..<sets {
        if set & (set - 1) == 0 {
          orders[set] = (0, .operand(set.trailingZeroBitCount))
          continue
        }
        var part = (set - 1) & set
        while part > set - part {
          if let a = orders[set - part], let b = orders[part] {
            let cost = a.cost + b.cost + size(left[part].union(left[set - part]))
            if orders[set].map({ cost < $0.cost }) ?? true { orders[set] = (cost, .pair(a.order, b.order)) }
          }
          part = (part - 1) & set
        }
      }
      return orders[sets - 1]?.order ?? .operand(0)
    }

    func greedy() -> EinsumOrder {
      var parts = labels.indices.map { (labels: labels[$0], order: EinsumOrder.operand($0)) }
      while parts.count > 1 {
        var best: (growth: Double, cost: Double, a: Int, b: Int, labels: LabelSet)?
        for b in parts.indices {
          for a in 0..<b {
            let others = parts.indices.filter { $0 != a && $0 != b }.reduce(output) { $0.union(parts[$1].labels) }
            let both = parts[a].labels.union(parts[b].labels)
            let left = both.intersection(others)
            let (growth, cost) = (size(left) - size(parts[a].labels) - size(parts[b].labels), size(both))
            if best.map({ (growth, cost) < ($0.growth, $0.cost) }) ?? true { best = (growth, cost, a, b, left) }
          }
        }
        guard let best else { break }
        parts[best.a] = (best.labels, .pair(parts[best.a].order, parts[best.b].order))
        parts.remove(at: best.b)
      }
      return parts[0].order
    }
  }
}

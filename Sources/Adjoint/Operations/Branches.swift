/// Which side each element of a piecewise operation took, and how far it stood from the other.
public struct Branches<S: Scalar> {
  /// A number for each element: the piece that it took.
  public let sides: [Int32]
  /// The signed distance of each element's argument to the nearest kink; its derivative part, where S has one, tells
  /// whether the element moves.
  public let distances: [S]

  public init(sides: [Int32], distances: [S]) {
    (self.sides, self.distances) = (sides, distances)
  }

  /// The pieces of a function of one argument with kinks at these points.
  init(of x: View<S>, kinks: [Double]) {
    sides = x.elements.map { value in Int32(kinks.count { value.primal > $0 }) }
    distances = x.elements.map { value in
      let nearest = kinks.min { Swift.abs(value.primal - $0) < Swift.abs(value.primal - $1) } ?? 0
      return value - S(nearest)
    }
  }

  /// The pieces of a function of two arguments that changes where they are equal.
  init(between a: View<S>, _ b: View<S>) {
    guard let shape = try? Shape.broadcast(a.shape, b.shape, in: "branches") else {
      fatalError("branches: shapes differ")
    }
    let difference = Tensor<S>(shape: shape) { buffer in
      guard let base = buffer.baseAddress else { return }
      Output<S>(shape: shape, address: UnsafeMutableRawPointer(base)).zip(.binary(.subtract), a, b)
    }
    distances = difference.elements
    sides = distances.map { $0.primal > 0 ? 1 : $0.primal < 0 ? -1 : 0 }
  }

  /// The pieces of an extremum over groups of elements: which element is best, and how far the second is behind.
  init(bestOf groups: [[S]], largest: Bool) {
    var (sides, distances): ([Int32], [S]) = ([], [])
    for group in groups {
      let order = group.indices.sorted { largest ? group[$0] > group[$1] : group[$0] < group[$1] }
      sides.append(Int32(order.first ?? 0))
      distances.append(order.count > 1 ? group[order[0]] - group[order[1]] : S(Double.infinity))
    }
    (self.sides, self.distances) = (sides, distances)
  }
}

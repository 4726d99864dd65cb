import Adjoint

/// The chain rule along a recording, as a product of Jacobian matrices:
///   ∂L/∂vec(W) = ∂L/∂ŷ · ∂ŷ/∂z⁽²⁾ · ∂z⁽²⁾/∂a⁽¹⁾ · ∂a⁽¹⁾/∂z⁽¹⁾ · ∂z⁽¹⁾/∂vec(W),
/// printed with dimensions, such as `[1×10]·[10×10]·[10×30]·[30×30]·[30×23520]`. vec is row-major.
///
/// The factors stand between the nodes that *every* path from W to L passes. Where several paths lead from one such
/// node to the next, the factor is the sum over these paths of the products along them.
///
/// Neighbours merge unless told otherwise. A factor that is the identity goes into the one after it, and the row at the
/// front takes up what is diagonal behind it. `through:` names the nodes to keep instead, and `merging: false` keeps
/// all.
///
/// Every factor exists, with its structure: this is for one example and a model of textbook size.
public struct JacobianChain<S: Scalar> {
  /// One matrix ∂y/∂x of the chain.
  public struct Factor {
    /// The value that is differentiated; its elements are the rows.
    public let y: Variable<S>
    /// The value that y is differentiated by; its elements are the columns.
    public let x: Variable<S>
    /// The matrix ∂y/∂x, with its structure.
    public let jacobian: LocalJacobian
    /// The number of paths from x to y, whose products are added.
    package let pathCount: Int
    /// The Jacobians of single nodes that were multiplied to this one, in words, from y to x. There is one when nothing
    /// merged.
    package let parts: [String]

    func followed(by other: Factor) -> Factor {
      Factor(
        y: y, x: other.x, jacobian: jacobian.multiplied(by: other.jacobian), pathCount: pathCount * other.pathCount,
        parts: parts + other.parts)
    }
  }

  /// The differentiated value, L.
  package let output: Variable<S>
  /// The leaf or intermediate result that it is differentiated by, W.
  package let variable: Variable<S>
  /// The factors from L to W.
  public let factors: [Factor]
  let symbols: Symbols

  /// Reads the chain off a recording.
  /// - Parameters:
  ///   - output: L, a number or a tensor, of which each element is a row.
  ///   - variable: W, a leaf or an intermediate result.
  ///   - nodes: the nodes between which to show factors; when left out, neighbours merge by the rule above.
  ///   - merging: false to keep a factor for every node.
  /// - Precondition: L depends on W, and every path from W to L passes each of `nodes`.
  public init(
    of output: Variable<S>, withRespectTo variable: Variable<S>, through nodes: [Variable<S>]? = nil,
    merging: Bool = true, file: StaticString = #fileID, line: UInt = #line
  ) {
    (self.output, self.variable) = (output, variable)
    symbols = Symbols(of: output)
    guard let paths = PathGraph(from: variable, to: output, symbols) else {
      fatalError(
        "JacobianChain: \(output.tape.describe(output.index)) does not depend differentiably on "
          + "\(output.tape.describe(variable.index)); give a leaf, or a result on the way to it", file: file, line: line
      )
    }
    let all = paths.factors()
    if let nodes {
      for node in nodes where !all.dropLast().contains(where: { $0.x.index == node.index }) {
        fatalError(
          "JacobianChain: \(output.tape.describe(node.index)) is not on every path from "
            + "\(output.tape.describe(variable.index)) to \(output.tape.describe(output.index)); leave it out of `through`",
          file: file, line: line)
      }
      let kept = Set(nodes.map(\.index))
      factors = Self.merged(all) { left, _, _ in !kept.contains(left.x.index) }
    } else if merging {
      // Identities first, each into what stands nearer to W; then the row at the front.
      let plain = Self.merged(all) { left, _, _ in left.jacobian.isIdentity }
      factors = Self.merged(plain) { left, right, isFirst in
        isFirst && right.x.index != variable.index && (right.jacobian.isDiagonal || left.jacobian.columns == 1)
      }
    } else {
      factors = all
    }
  }

  /// Multiplies neighbours for which `joins` holds, given whether the left one stands at the front.
  private static func merged(_ factors: [Factor], _ joins: (Factor, Factor, Bool) -> Bool) -> [Factor] {
    var result: [Factor] = []
    for factor in factors {
      if let last = result.last, joins(last, factor, result.count == 1) {
        result[result.count - 1] = last.followed(by: factor)
      } else {
        result.append(factor)
      }
    }
    return result
  }

  /// The dimensions of the factors, such as `[1×10]·[10×10]·[10×30]·[30×30]·[30×23520]`.
  public var dimensions: String {
    factors.map { "[\($0.jacobian.rows)×\($0.jacobian.columns)]" }.joined(separator: "·")
  }

  /// The product, multiplied from the left and unvectorised: of the shape of L followed by that of W. For a single
  /// number L this is its gradient.
  public var product: Tensor<Double> {
    let rows = output.shape.elementCount
    let elements = (0..<rows).flatMap { row in
      var unit = [Double](repeating: 0, count: rows)
      unit[row] = 1
      return factors.reduce(unit) { $1.jacobian.leftTimes($0) }
    }
    return Tensor(shape: Shape((rows == 1 ? [] : Array(output.shape)) + variable.shape), elements: elements)
  }

  /// The product as a matrix, multiplied from the right, which forms every matrix on the way.
  public var productFromTheRight: LocalJacobian {
    factors.dropLast().reversed().reduce(factors[factors.count - 1].jacobian) { $1.jacobian.multiplied(by: $0) }
  }

  /// ∂L/∂z for the node before the last factor: the cotangent that arrives there, gᵀ in gᵀ·∂z/∂W.
  public var arriving: [Double] {
    factors.dropLast().reduce([1]) { row, factor in
      factor.jacobian.rows == row.count ? factor.jacobian.leftTimes(row) : row
    }
  }
}

/// The edges on paths between two nodes of a tape, with their Jacobians.
struct PathGraph<S: Scalar> {
  private struct Edge {
    let consumer: Int
    let producer: Int
    let jacobian: LocalJacobian
  }

  private let tape: Tape<S>
  private let nodes: [Int]
  private let edges: [Int: [Edge]]
  private let symbols: Symbols

  /// - Returns: `nil` where no path leads from x to y.
  init?(from x: Variable<S>, to y: Variable<S>, _ symbols: Symbols) {
    (tape, self.symbols) = (y.tape, symbols)
    var reached: Set<Int> = [x.index]
    var candidates: [Int: [Edge]] = [:]
    for node in y.dependencies where node > x.index {
      let variable = y.tape[node]
      for (position, input) in variable.inputs.enumerated() where reached.contains(input.index) {
        guard let jacobian = variable.localJacobian(withRespectTo: position), !jacobian.isZero else { continue }
        candidates[node, default: []].append(Edge(consumer: node, producer: input.index, jacobian: jacobian))
        reached.insert(node)
      }
    }
    guard reached.contains(y.index), x.index != y.index else { return nil }
    var needed: Set<Int> = [y.index]
    for node in reached.sorted().reversed() where needed.contains(node) {
      for edge in candidates[node] ?? [] { needed.insert(edge.producer) }
    }
    nodes = needed.sorted()
    edges = candidates.filter { needed.contains($0.key) }
  }

  /// The factors between neighbours among the nodes that every path passes, from the end of the paths to their
  /// beginning.
  ///
  /// In the order of the tape, a node lies on every path exactly when no edge leads over it.
  func factors() -> [JacobianChain<S>.Factor] {
    var (cuts, farthest): ([Int], Int) = ([], nodes[0])
    var reach: [Int: Int] = [:]
    for edge in edges.values.flatMap({ $0 }) { reach[edge.producer] = max(reach[edge.producer] ?? 0, edge.consumer) }
    for node in nodes {
      if farthest <= node { cuts.append(node) }
      farthest = max(farthest, reach[node] ?? 0)
    }
    return zip(cuts, cuts.dropFirst()).reversed().map { factor(from: $0, to: $1) }
  }

  /// The sum over all paths from `start` to `end` of the products of Jacobians along them.
  private func factor(from start: Int, to end: Int) -> JacobianChain<S>.Factor {
    var sums: [Int: LocalJacobian] = [:]
    var counts = [start: 1]
    for node in nodes where node > start && node <= end {
      for edge in edges[node] ?? [] {
        let path = sums[edge.producer].map { edge.jacobian.multiplied(by: $0) } ?? edge.jacobian
        sums[node] = sums[node].map { $0.adding(path) } ?? path
        counts[node, default: 0] += counts[edge.producer] ?? 0
      }
    }
    guard let jacobian = sums[end], let count = counts[end] else { fatalError("JacobianChain: no path") }
    let name = "∂\(symbols[end])/∂\(symbols[start])"
    let operation = tape[end].operation?.name ?? ""
    let part = count == 1 ? "\(name) \(jacobian) (\(operation))" : "\(name) \(jacobian), the sum over \(count) paths"
    return JacobianChain<S>.Factor(
      y: tape[end], x: tape[start], jacobian: jacobian, pathCount: count, parts: [part])
  }
}

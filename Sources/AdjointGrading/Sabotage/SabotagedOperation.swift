import Adjoint
import AdjointChecking

/// An operation whose rule is wrong at one input: everything but that contribution is the original's.
struct SabotagedOperation: Adjoint.Operation {
  let original: any Adjoint.Operation
  let site: FaultSite
  let fault: RuleFault

  func shape(of inputs: [Shape]) throws(ShapeError) -> Shape { try original.shape(of: inputs) }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { original.forward(x, into: y) }
  func notation(_ x: [Notation]) -> Notation { original.notation(x) }
  func branches<S: Scalar>(_ x: Operands<S>) -> Branches<S>? { original.branches(x) }
  func indexBound(for inputs: [Shape]) -> Int { original.indexBound(for: inputs) }
  func resultIndexBound(for inputs: [Shape]) -> Int? { original.resultIndexBound(for: inputs) }
  var name: String { original.name }
  var attributes: [Attribute] { original.attributes }
  var isElementwise: Bool { original.isElementwise }
  var indexPosition: Int? { original.indexPosition }

  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    var contributions = original.vjp(g, at: p)
    guard let right = contributions[site.input] else { return contributions }
    contributions[site.input] = altered(right, g, p)
    return contributions
  }

  private func altered<S: Scalar>(_ right: Variable<S>, _ g: Variable<S>, _ p: Point<S>) -> Variable<S>? {
    let tape = g.tape
    let shape = right.shape
    /// The right contribution under another cotangent.
    func contribution(_ g: Variable<S>) -> Variable<S> { original.vjp(g, at: p)[site.input] ?? right }
    switch fault {
    case .sign: return -right
    case .double: return 2 * right
    case .half: return 0.5 * right
    case .relativeError: return right * (1 + 1e-4)
    case .transposed: return right.permute(shape.indices.reversed())
    case .transposedStorage: return right.permute(shape.indices.reversed()).reshape(to: shape)
    case .missingMean: return right * Double(site.meanCount)
    case .doubledMean: return right * (1 / Double(site.meanCount))
    case .missingBroadcastSum:
      let mask = Tensor<Double>.ones(site.outputShape).masked(toSlicesOf: site.shape, .first)
      return contribution(g * tape.constant(mask.converted()))
    case .unsummed: return g
    case .signUnderBroadcast: return site.isBroadcast ? -right : right
    case .droppedEdge: return nil
    case .staleContribution: return tape.constant(right.value)
    case .stalePoint: return stale(g, p)
    case .wrongBranch:
      let mask = wrongSide(p)
      let wrong = g * mask
      return contribution(g - wrong) + wrong.sum(to: shape) - contribution(wrong)
    case .wrongRow:
      var factors = Tensor<S>.ones(shape)
      let width = shape.elementCount / shape[0]
      for element in 0..<width { factors[linear: shape.elementCount - 1 - element] = 1.5 }
      return right * tape.constant(factors)
    case .detached: return right.stopGradient()
    case .spuriousCurvature:
      let h = p.x[site.input].sum()
      return right * (1 + (h - h.stopGradient()))
    }
  }

  /// 1 where the element stands on the lower side of the kink.
  private func wrongSide<S: Scalar>(_ p: Point<S>) -> Variable<S> {
    switch site.kink {
    case .at(let kink): p.x[site.input] .<= kink
    case .between: p.x[0] .<= p.x[1]
    case nil: p.y.tape.constant(0)
    }
  }

  /// The contribution of the original with its inputs baked in as constants.
  private func stale<S: Scalar>(_ g: Variable<S>, _ p: Point<S>) -> Variable<S>? {
    let tape = g.tape
    let baked = (0..<p.x.count).map { position in
      position == original.indexPosition ? p.x[position] : tape.constant(p.x[position].value)
    }
    let y = tape.record(original, inputs: baked)
    return tape.backward(from: y, cotangent: g, to: [baked[site.input]]).adjoint(of: baked[site.input])
  }
}

/// An elementwise operation whose value is right, and whose derivative is off by a factor in every scalar with derivative parts.
///
/// y = f(x) is split into its value and what dual numbers add to it, y − detached(y), and only the latter is scaled, as a wrong
/// line among Dual's elementary functions would do.
struct MisderivedOperation: Adjoint.Operation {
  let original: any Adjoint.Operation
  let factor: Double
  /// Tells whether the rule makes the same mistake, so that no witness but differences can tell.
  let isShared: Bool

  func shape(of inputs: [Shape]) throws(ShapeError) -> Shape { try original.shape(of: inputs) }
  func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) {
    original.forward(x, into: y)
    for i in y.indices { y[i] = y[i].detached + S(factor) * (y[i] - y[i].detached) }
  }
  func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    original.vjp(g, at: p).map { contribution in isShared ? contribution.map { $0 * factor } : contribution }
  }
  func notation(_ x: [Notation]) -> Notation { original.notation(x) }
  func branches<S: Scalar>(_ x: Operands<S>) -> Branches<S>? { original.branches(x) }
  var name: String { original.name }
  var attributes: [Attribute] { original.attributes }
  var isElementwise: Bool { original.isElementwise }
}

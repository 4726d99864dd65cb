import Adjoint

/// A way in which a rule goes wrong, injected into one input's contribution.
public enum RuleFault: String, Sendable, Hashable, Codable, CaseIterable {
  case sign, double, half, relativeError
  /// The contribution is transposed, and fits only where that has the same shape.
  case transposed
  /// The contribution is read with its axes in reverse order, under the right shape.
  case transposedStorage
  /// 1/N is missing, or stands there twice.
  case missingMean, doubledMean
  /// Of a broadcast operand's sum, one slice is taken.
  case missingBroadcastSum
  /// A broadcast operand's contribution keeps the result's shape.
  case unsummed
  /// Wrong only where the operand is broadcast.
  case signUnderBroadcast
  case droppedEdge
  /// The whole contribution is baked in as it was recorded.
  case staleContribution
  /// The inputs are baked in as they were recorded.
  case stalePoint
  /// On one side of the kink, the other side's derivative.
  case wrongBranch
  case wrongRow
  /// Right to first order: the contribution is detached from what it depends on.
  case detached
  /// Right to first order: a factor of 1 whose derivative is not 0.
  case spuriousCurvature

  /// Whether only the second derivative tells.
  var isSecondOrder: Bool { self == .detached || self == .spuriousCurvature }

  /// Whether the fault can be put into an operation at all.
  func applies(to site: FaultSite) -> Bool {
    switch self {
    case .sign, .double, .half, .relativeError, .droppedEdge, .staleContribution, .stalePoint, .detached,
      .spuriousCurvature:
      true
    case .missingMean, .doubledMean: true
    case .transposed, .transposedStorage: site.shape.count { $0 > 1 } > 1
    case .missingBroadcastSum, .unsummed, .signUnderBroadcast: site.isBroadcast
    case .wrongBranch: site.isElementwise && site.kink != nil
    case .wrongRow: (site.shape.first ?? 1) > 1
    }
  }

  /// Why the faulty rule would trap when recorded, by the shapes alone.
  func trap(at site: FaultSite) -> String? {
    switch self {
    case .transposed where Array(site.shape.reversed()) != Array(site.shape):
      "a transposed contribution to \(site.shape) has another shape, which recording refuses"
    case .unsummed where site.outputShape != site.shape:
      "a contribution of shape \(site.outputShape) to \(site.shape) is refused by recording"
    case .sign, .double, .half, .relativeError, .transposed, .transposedStorage, .missingMean, .doubledMean,
      .missingBroadcastSum, .unsummed, .signUnderBroadcast, .droppedEdge, .staleContribution, .stalePoint, .wrongBranch,
      .wrongRow, .detached, .spuriousCurvature:
      nil
    }
  }
}

/// One input of one operation, as a fault sees it.
struct FaultSite: Sendable {
  enum Kink: Sendable {
    /// The input itself against a number.
    case at(Double)
    /// The first input against the second.
    case between
  }

  let input: Int
  let shape: Shape
  let outputShape: Shape
  let isElementwise: Bool
  let kink: Kink?

  /// Whether the operand is repeated to the result's shape.
  var isBroadcast: Bool { shape != outputShape && shape.broadcasts(to: outputShape) && shape.elementCount > 0 }

  /// N: how many elements of x stand behind one of y, or the longest axis of x where that is one.
  var meanCount: Int {
    let reduced = outputShape.elementCount > 0 ? shape.elementCount / outputShape.elementCount : 1
    return reduced > 1 ? reduced : shape.max() ?? 1
  }
}

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

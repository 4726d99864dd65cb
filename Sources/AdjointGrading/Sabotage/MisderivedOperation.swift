import Adjoint
import AdjointChecking

/// An elementwise operation whose derivative is off by a factor in every scalar with derivative parts, and perhaps in its rule
/// too; its value is right.
///
/// y = f(x) is split into its value and what dual numbers add to it, y − detached(y), and only the latter is scaled: that is what
/// a wrong line among Dual's elementary functions would do.
struct MisderivedOperation: Adjoint.Operation {
  let original: any Adjoint.Operation
  let factor: Double
  /// Whether the rule makes the same mistake, so that no witness but differences can tell.
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

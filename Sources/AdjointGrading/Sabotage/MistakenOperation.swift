import Adjoint
import AdjointChecking

/// An operation whose rule has a mistake in its first contribution: everything else is the original's.
package struct MistakenOperation: Adjoint.Operation {
  package enum Mistake: Sendable {
    case people(PeoplesMistake)
    case rare(RareMistake)
    /// One that can be written for other libraries as well.
    case rule(RuleMistake)
    /// One element off by a millionth.
    case oneElement
  }

  package let original: any Adjoint.Operation
  let mistake: Mistake

  package init(original: any Adjoint.Operation, mistake: Mistake) {
    (self.original, self.mistake) = (original, mistake)
  }

  package func shape(of inputs: [Shape]) throws(ShapeError) -> Shape { try original.shape(of: inputs) }
  package func forward<S: Scalar>(_ x: Operands<S>, into y: Output<S>) { original.forward(x, into: y) }
  package func notation(_ x: [Notation]) -> Notation { original.notation(x) }
  package func branches<S: Scalar>(_ x: Operands<S>) -> Branches<S>? { original.branches(x) }
  package func indexBound(for inputs: [Shape]) -> Int { original.indexBound(for: inputs) }
  package func resultIndexBound(for inputs: [Shape]) -> Int? { original.resultIndexBound(for: inputs) }
  package var name: String { original.name }
  package var attributes: [Attribute] { original.attributes }
  package var isElementwise: Bool { original.isElementwise }
  package var indexPosition: Int? { original.indexPosition }

  package func vjp<S: Scalar>(_ g: Variable<S>, at p: Point<S>) -> [Variable<S>?] {
    var contributions = original.vjp(g, at: p)
    guard let right = contributions[0] else { return contributions }
    switch mistake {
    case .people(let mistake): contributions[0] = mistake.contribution(g, at: p)
    case .rare(let mistake):
      contributions[0] = mistake.contribution(g, at: p) { original.vjp($0, at: p)[0] ?? right }
    case .rule(let mistake): contributions[0] = mistake.contribution(right, g, of: name, at: p)
    case .oneElement:
      var factors = Tensor<S>.ones(right.shape)
      factors[linear: right.shape.elementCount * 5 / 8] = S(1 + 1e-6)
      contributions[0] = right * g.tape.constant(factors)
    }
    return contributions
  }
}

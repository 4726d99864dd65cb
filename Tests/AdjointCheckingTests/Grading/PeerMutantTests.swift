import Adjoint
import AdjointGrading
import Testing

/// The faults that are given to the checkers of other libraries.
@Suite struct PeerMutantTests {
  static let mutants = PeerMutant.all(seed: 0)

  @Test(arguments: mutants.filter { $0.fault == nil })
  func `A right network stays right at every scale`(mutant: PeerMutant) {
    #expect(error(mutant, Double.self) < 1e-13, "\(mutant.id)")
  }

  /// A stale value is right where it was recorded, and 10⁻¹⁴ of a gradient is rounding to this comparison.
  static let visible = mutants.filter { mutant in
    guard let kind = mutant.fault?.kind, mutant.order == 1, !mutant.id.hasSuffix("tinyTerm") else { return false }
    return kind != "stalePoint" && kind != "staleContribution"
  }

  @Test(arguments: visible) func `A fault makes the derivative wrong`(mutant: PeerMutant) {
    let error = mutant.isFloat ? error(mutant, Float.self) : error(mutant, Double.self)
    #expect(!(error < (mutant.isFloat ? 1e-5 : 1e-13)), "\(mutant.id): \(error)")
  }

  @Test func `Each has a name of its own`() {
    #expect(Set(Self.mutants.map(\.id)).count == Self.mutants.count)
  }

  /// The distance of ⟨∇f, v⟩ from forward mode, as a share of the sum of the magnitudes of its terms.
  private func error<S: Scalar>(_ mutant: PeerMutant, _: S.Type) -> Double {
    let (loss, leaves, _) = mutant.recorded(as: S.self)
    var generator = Generator(seed: 1)
    let directions = leaves.map { leaf in leaf.value.converted(to: Double.self).map { _ in generator.normal() } }
    let expected = jvp(of: loss, withRespectTo: leaves, along: directions).elements[0]
    let terms = zip(gradients(of: loss, withRespectTo: leaves), directions).flatMap { gradient, direction in
      zip(gradient.value.elements, direction.elements).map { $0.primal * $1 }
    }
    return abs(terms.reduce(0, +) - expected) / terms.reduce(abs(expected)) { $0 + abs($1) }
  }
}

import Adjoint
import AdjointChecking
import Testing

@testable import AdjointGrading

/// Faults that people make, and faults that hide, in both modes and precisions.
@Suite struct HardMutantTests {
  static let mutants = HardMutant.mutants(seed: 0)

  @Test func `More than a hundred hard mutants are all found, nearly all in the right place`() {
    let mutants = HardMutantTests.mutants
    let survivors = mutants.filter { $0.outcome == .survived }
    let misblamed = mutants.filter { $0.outcome == .detected }
    print(mutants.count, survivors.count, misblamed.count)
    for m in survivors { print("survived:", m.text.prefix(3000)) }
    for m in misblamed { print("misblamed:", m.text) }
    for m in mutants where m.fault.contains("directional, Double") { print(m.operation, m.fault, "->", m.hypothesis?.text ?? "-") }
    #expect(mutants.count >= 100)
    #expect(survivors.isEmpty, "\(survivors.map(\.text))")
    #expect(Double(misblamed.count) <= 0.02 * Double(mutants.count), "\(misblamed.map(\.text))")
  }
}

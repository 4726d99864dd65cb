import Adjoint
import AdjointChecking
import AdjointDrawing
import AdjointLearning
import Foundation
import Testing

/// What a derivation prints is what the tape computed: every line of every equation, evaluated from the tree that is printed.
@Suite struct DerivationTests {
  @Test("Every printed line of a random model has the value of its node", arguments: 0..<60)
  func randomModels(seed: Int) throws {
    let model = RandomClassifier(seed: UInt64(seed))
    let loss = model.record()
    let derivation = Derivation(of: loss)
    for line in derivation.deviations() {
      #expect(line.deviation < 1e-12, "\(model): (\(line.equation)) line \(line.line)\n\(derivation)")
    }
    // Nothing is left out: each parameter that the loss depends on has an equation, and it holds the gradient.
    for (leaf, _) in loss.tape.trainableParameters {
      let adjoint = try #require(derivation.backward.adjoint(of: leaf))
      #expect(derivation.equations.contains { $0.isBackward && $0.node == adjoint.index && $0.shape == leaf.shape })
    }
    try print(derivation, model)
  }

  private func print(_ derivation: Derivation<Double>, _ model: RandomClassifier) throws {
    guard ProcessInfo.processInfo.environment["SHOW"] != nil else { return }
    Swift.print("=====", model, "\n" + derivation.text)
  }

  @Test("Every printed line of a random program has the value of its node", arguments: 0..<60)
  func randomPrograms(seed: UInt64) {
    let program = RandomProgram(seed: seed)
    let tape = Tape<Double>()
    let recording = program.record(on: tape)
    let loss = (recording.output * tape.constant(program.cotangent)).sum()
    let derivation = Derivation(of: loss, withRespectTo: recording.moving)
    for line in derivation.deviations() {
      #expect(line.deviation < 1e-11, "program \(seed): (\(line.equation)) line \(line.line)\n\(derivation)")
    }
    for x in recording.moving where derivation.backward.adjoint(of: x) != nil {
      let adjoint = derivation.backward.adjoint(of: x)
      #expect(derivation.equations.contains { $0.isBackward && $0.node == adjoint?.index })
    }
  }
}

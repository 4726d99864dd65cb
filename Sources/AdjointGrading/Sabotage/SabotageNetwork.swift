import Adjoint
import AdjointChecking

/// A small network around one operation, so that blame has something to choose from: each input is c + ¼ tanh(z), used once
/// more elsewhere, and the loss is Σ v ⊙ sin(w ⊙ y) + Σ u ⊙ x, or one in which the first sum is hard to see.
///
/// The constants c are such that the operation sees the values drawn for it, away from its kinks.
package struct SabotageNetwork<S: Scalar> {
  package let tape = Tape<S>()
  package let leaves: [Variable<S>]
  /// The node of the operation under sabotage.
  package let node: Int
  package let loss: Variable<S>

  package init(
    _ draw: ExampleDraw, operation: any Adjoint.Operation, cover: Cover = .none, setting: FaultSetting = .plain,
    seed: UInt64
  ) {
    var generator = Generator(seed: seed).stream(3)
    let tape = tape
    func random(_ shape: Shape) -> Tensor<S> {
      Tensor(shape: shape, elements: (0..<shape.elementCount).map { _ in S(Double(Float(generator.normal()))) })
    }
    var leaves: [Variable<S>] = []
    let inputs = tape.scoped("before") {
      draw.values.map { value -> Variable<S> in
        switch value {
        case .indices(let tensor): return tape.index(tensor)
        case .confined(let tensor): return tape.constant(tensor.converted())
        case .numbers(let tensor):
          let z = random(tensor.shape)
          let leaf = tape.input(setting.leafScale == 1 ? z : z.map { $0 * S(setting.leafScale) })
          leaves.append(leaf)
          let moved = (setting.leafScale == 1 ? leaf : leaf * (1 / setting.leafScale)).tanh() * 0.25
          let rest = zip(tensor.elements, moved.value.elements).map { S($0) - $1 }
          return moved + tape.constant(Tensor(shape: tensor.shape, elements: rest))
        }
      }
    }
    let own = tape.scoped("sabotaged") { tape.record(operation, inputs: inputs) }
    node = own.index
    let y = own.numbers
    loss = tape.scoped("after") {
      let seen = cover == .saturation ? (y + 40).sigmoid() : (y * tape.constant(random(y.shape))).sin()
      var loss = (seen * tape.constant(random(y.shape))).sum()
      if case .factor(let factor) = cover { loss = loss * factor }
      for x in inputs where x.role == nil {
        let others = (x * tape.constant(random(x.shape))).sum()
        loss = loss + (cover == .largeTerms ? others * 1e10 : others)
      }
      if case .scale(let scale) = cover { loss = loss * scale }
      return setting.around(loss, leaves)
    }
    self.leaves = leaves
  }

  /// Tells whether the operation's rule contributes to an input at all.
  func isDifferentiable(_ input: Int) -> Bool {
    let mark = tape.count
    defer { tape.truncate(to: mark) }
    return tape.backward(from: loss).edges.contains { $0.consumer == node && $0.position == input }
  }

  package func check(
    order: Int, mode: GradientCheck<S>.Mode = .directional(2), seed: UInt64
  ) -> GradientReport {
    GradientCheck(of: loss, withRespectTo: leaves, mode: mode, order: order, seed: seed).run()
  }
}

/// The surroundings in which a fault is hard to see.
package enum Cover: Sendable, Hashable {
  case none
  /// The faulty part of the loss times a small factor.
  case factor(Double)
  /// The whole loss times a small factor.
  case scale(Double)
  /// Behind σ(40 + y), whose derivative is 10⁻¹⁷.
  case saturation
  /// Beside terms of 10¹⁰.
  case largeTerms
}

/// The surroundings of the whole loss, which other libraries' checkers are shown as well.
package enum FaultSetting: String, Sendable, CaseIterable {
  case plain
  /// Leaves times 2⁻⁶⁰, with 2⁶⁰ directly behind them.
  case tinyLeaves
  /// A loss of 10⁻²⁰, and one of 10²⁰.
  case tinyLoss, hugeLoss
  /// 10⁻¹⁴ of what is wrong beside a sum of squares.
  case tinyTerm
  /// Behind a sigmoid of 40, whose slope is 4·10⁻¹⁸.
  case saturated

  /// The factor of the leaves; a power of 2, so that nothing is rounded.
  var leafScale: Double { self == .tinyLeaves ? 0x1p-60 : 1 }

  /// The loss as it stands in this setting.
  func around<S: Scalar>(_ loss: Variable<S>, _ leaves: [Variable<S>]) -> Variable<S> {
    switch self {
    case .plain, .tinyLeaves: loss
    case .tinyLoss: loss * 1e-20
    case .hugeLoss: loss * 1e20
    case .tinyTerm: leaves.reduce(loss * 1e-14) { $0 + $1.square().sum() }
    case .saturated: (loss * 0.01 + 40).sigmoid()
    }
  }
}

/// A mutant beside its original: the same gradient at two points and the same second derivative are the original in disguise.
struct Equivalence {
  private let original: SabotageNetwork<Double>
  private let mutant: SabotageNetwork<Double>
  private let seed: UInt64

  init(_ draw: ExampleDraw, _ sabotaged: SabotagedOperation, seed: UInt64) {
    original = SabotageNetwork(draw, operation: sabotaged.original, seed: seed)
    mutant = SabotageNetwork(draw, operation: sabotaged, seed: seed)
    self.seed = seed
  }

  /// Tells whether nothing distinguishes the two.
  var holds: Bool {
    !differs(original.loss, original.leaves, mutant.loss, mutant.leaves)
      && !differs(slope(original), original.leaves, slope(mutant), mutant.leaves)
  }

  /// ⟨∇f, w⟩, recorded.
  private func slope(_ network: SabotageNetwork<Double>) -> Variable<Double> {
    var generator = Generator(seed: seed).stream(4)
    let tape = network.tape
    let terms = zip(network.leaves, gradients(of: network.loss, withRespectTo: network.leaves)).map { leaf, gradient in
      (gradient * tape.constant(leaf.value.map { _ in generator.normal() })).sum()
    }
    return terms.dropFirst().reduce(terms[0]) { $0 + $1 }
  }

  /// Tells whether two recordings have different gradients, at the recorded point or a little away.
  private func differs(
    _ a: Variable<Double>, _ ownA: [Variable<Double>], _ b: Variable<Double>, _ ownB: [Variable<Double>]
  ) -> Bool {
    var (first, second) = (Generator(seed: seed), Generator(seed: seed))
    let left = CheckedRecording(DoubleRecording(a, ownA), generator: &first)
    let right = CheckedRecording(DoubleRecording(b, ownB), generator: &second)
    if isDifferent(left, right) { return true }
    let elsewhere = left.point.map { $0.map { $0 * (1 + 0.01 * first.uniform(-1, 1)) } }
    left.move(to: elsewhere)
    right.move(to: elsewhere)
    return isDifferent(left, right)
  }

  private func isDifferent(_ left: CheckedRecording, _ right: CheckedRecording) -> Bool {
    zip(left.gradient, right.gradient).contains { a, b in
      (a.worstDifference(from: b)?.difference ?? 0) > 1e-13 * max(1e-3, a.elements.map(abs).max() ?? 0)
    }
  }
}

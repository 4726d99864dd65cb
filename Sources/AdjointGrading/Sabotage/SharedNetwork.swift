import Adjoint
import AdjointChecking

/// A network in which everything is used several times, and every array loop takes part: where faults in shared code show.
struct SharedNetwork<S: Scalar> {
  /// Nodes with several users.
  enum Place: String, Sendable, CaseIterable { case input, parameter, hidden }

  let tape = Tape<S>()
  private let x: Variable<S>
  private let weight: Variable<S>
  private let hidden: Variable<S>
  private let loss: Variable<S>
  private let parameters: [Parameter<S>]

  init(seed: UInt64) {
    var generator = Generator(seed: seed).stream(5)
    func random(_ shape: Shape) -> Tensor<S> {
      Tensor(shape: shape, elements: (0..<shape.elementCount).map { _ in S(0.7 * generator.normal()) })
    }
    let tape = tape
    x = tape.input(random([4, 6]), name: "x")
    parameters = [
      Parameter(random([6, 6]), name: "w"), Parameter(random([6]), name: "b"), Parameter(random([6]), name: "c"),
    ]
    weight = tape.parameter(parameters[0])
    let (b, c) = (tape.parameter(parameters[1]), tape.parameter(parameters[2]))
    hidden = x.matmul(weight, transposeB: true).addBias(b).tanh()
    // Tied weights, a residual connection, a loose bias, a choice, reductions over rows and columns, and a softmax.
    // The rule of exp takes y alone, so a program computes it in the pass of its product.
    let second = hidden.matmul(weight, transposeB: true).addBias(c).exp() + hidden
    let gated = `where`(x .> 0.1, second * hidden, second)
    let probabilities = gated.addBias(b).logSoftmax()
    let spread = hidden.mean(axes: [0]).square().sum() + second.sum(axes: [1]).sin().sum()
    loss = (probabilities * hidden * tape.constant(random([4, 6]))).sum() + spread + (x * x).mean()
  }

  func node(_ place: Place) -> Int {
    switch place {
    case .input: x.index
    case .parameter: weight.index
    case .hidden: hidden.index
    }
  }

  /// The number of contributions that arrive at a node.
  func arrivals(at place: Place) -> Int {
    let mark = tape.count
    defer { tape.truncate(to: mark) }
    return tape.backward(from: loss).edges.count { $0.producer == node(place) }
  }

  func check(seed: UInt64) -> GradientCheck<S> { GradientCheck(of: loss, mode: .directional(2), seed: seed) }
}

/// A memory plan in which a result takes a place whose value is still read later.
struct EarlyReuse {
  private let inputs: [[Int]]
  private let counts: [Int]
  private let isLeaf: [Bool]
  /// Which of the possible thefts.
  private let which: Int

  init<S: Scalar>(_ tape: Tape<S>, _ which: Int) {
    inputs = (0..<tape.count).map { tape[$0].inputs.map(\.index) }
    counts = (0..<tape.count).map { tape[$0].shape.elementCount }
    isLeaf = (0..<tape.count).map { tape.operation(at: $0) == nil }
    self.which = which
  }

  var alteration: PlanAlteration {
    PlanAlteration(offsets: { offsets, passes in
      let thefts = self.thefts(offsets, passes)
      guard !thefts.isEmpty else { return }
      let (thief, victim) = thefts[which * (thefts.count - 1) / 2]
      offsets[thief] = offsets[victim]
    })
  }

  /// Pairs of a result and an equally large value that is read after the result is written, in forward steps.
  private func thefts(_ offsets: [Int], _ passes: [Pass]) -> [(thief: Int, victim: Int)] {
    var thefts: [(thief: Int, victim: Int)] = []
    for (position, pass) in passes.enumerated() {
      for thief in pass.results where thief < counts.count && offsets[thief] >= 0 {
        let later = passes[(position + 1)...].flatMap { pass in
          pass.nodes.filter { $0 < inputs.count }.flatMap { inputs[$0] }
        }
        for victim in Set(later).sorted()
        where !isLeaf[victim] && victim < thief && offsets[victim] >= 0 && counts[victim] == counts[thief]
          && offsets[victim] != offsets[thief] && !pass.nodes.contains(victim)
        {
          thefts.append((thief, victim))
        }
      }
    }
    return thefts
  }
}

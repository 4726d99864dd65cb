import Adjoint

/// uᵀHw from one replay of the forward half in second-order dual numbers, against the rules' gradient of ⟨∇f, w⟩.
struct SecondOrderOracle<S: Scalar> {
  private let first: CheckedRecording<S>
  private let second: CheckedRecording<S>

  init(_ first: CheckedRecording<S>, _ second: CheckedRecording<S>) {
    (self.first, self.second) = (first, second)
  }

  func judgment(along w: [Tensor<Double>], _ generator: inout Generator) -> Judgment {
    let u = first.direction(&generator)
    let program = Program<SecondOrderDual>([first.output] + first.leaves)
    for ((leaf, point), (a, b)) in zip(zip(first.leaves, first.point), zip(u, w)) {
      let moved = point.elements.indices.map {
        SecondOrderDual(point.elements[$0], first: a.elements[$0], second: b.elements[$0], mixed: 0)
      }
      program.write(Tensor(shape: leaf.shape, elements: moved), into: leaf)
    }
    program.replay()
    let y = program.value(of: first.output)
    var (expected, magnitude) = (0.0, 0.0)
    for (i, element) in y.elements.enumerated() {
      expected += first.cotangent.elements[i] * element.mixed
      magnitude += abs(first.cotangent.elements[i] * element.mixed)
    }
    let gradient = second.gradient
    let factor = second.cotangent.elements[0]
    let found = zip(gradient, u).reduce(0) { $0 + $1.0.dot($1.1) } / factor
    let spread = zip(gradient, u).reduce(0) { $0 + $1.0.magnitude($1.1) } / abs(factor)
    return Judgment(
      .secondOrderDual, order: 2, found: found, expected: expected, bound: second.bound(magnitude, spread),
      remark: "uᵀHw by forward replay alone")
  }
}

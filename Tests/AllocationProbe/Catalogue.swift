import Adjoint

/// The second run of every operation of the library, on each of its examples: alone, fused or not, in each precision.
enum Catalogue {
  static func offenders() -> (examples: Int, offenders: [String: Counts]) {
    var offenders: [String: Counts] = [:]
    let examples = OperationCatalog.examples
    for example in examples {
      let counts = count(example, Float.self) + count(example, Double.self)
      guard counts != Counts(allocations: 0, retains: 0, releases: 0) else { continue }
      let shapes = example.inputs.map { $0.shape.description }.joined(separator: " ")
      offenders["\(example.operation.name) \(shapes) \(example.operation.attributes)"] = counts
    }
    return (examples.count, offenders)
  }

  private static func count<S: Scalar>(_ example: Example, _: S.Type) -> Counts {
    let tape = Tape<S>()
    let inputs = example.inputs.map { input in
      switch input {
      case .numbers(let shape, in: let range, avoiding: _):
        tape.input(Tensor(repeating: S(range.lowerBound * 0.7 + range.upperBound * 0.3), shape: shape))
      case .wellConditioned(let shape): tape.input(Tensor<Double>.wellConditioned(shape) { 0.5 }.converted())
      case .indices(let shape, below: _): tape.index(Tensor(repeating: 0, shape: shape))
      }
    }
    let y = tape.record(example.operation, inputs: inputs)
    let fused = Program<S>([y])
    let whole = Program<S>([y], keeping: .all)
    fused.run()
    whole.run()
    return Counts.during { fused.run() } + Counts.during { whole.run() }
  }
}

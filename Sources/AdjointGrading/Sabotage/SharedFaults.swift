import Adjoint
import AdjointChecking

/// Faults in the code that all operations share: the accumulation, the compiled program, the kernels, and the elementary
/// functions. Blamed rightly when the report names the mechanism.
struct SharedFaults: Sendable {
  let seed: UInt64

  func mutants() -> [Mutant] { accumulation() + program() + kernels() + elementary() }

  private func mutant(
    _ mechanism: Mechanism, _ fault: String, _ report: GradientReport, isRight: (Finding) -> Bool = { _ in true }
  ) -> Mutant {
    let first = report.findings.first
    let isBlamed = first.map { $0.mechanism == mechanism && isRight($0) } ?? false
    return Mutant(
      operation: mechanism.rawValue, input: nil, fault: fault,
      outcome: report.verdict != .disagree ? .survived : isBlamed ? .blamed : .detected,
      reason: report.verdict != .disagree ? "\(report)" : first?.text ?? "\(report)", hypothesis: first?.hypothesis)
  }

  // MARK: The accumulation

  /// Assigned instead of accumulated, an edge dropped, an edge counted twice: at an input, a parameter and an inner node.
  private func accumulation() -> [Mutant] {
    var mutants: [Mutant] = []
    for place in SharedNetwork<Double>.Place.allCases {
      let count = SharedNetwork<Double>(seed: seed).arrivals(at: place)
      let faults: [FaultySweep.Fault] =
        [.assigned] + (0..<count).flatMap { [.droppedEdge($0), .countedTwice($0)] }
      for fault in faults {
        let network = SharedNetwork<Double>(seed: seed)
        let node = network.node(place)
        var check = network.check(seed: seed)
        check.alter = FaultySweep(fault: fault, node: node).sweep
        mutants.append(mutant(.accumulation, "\(fault) at the \(place)", check.run()) { $0.node == node })
      }
    }
    return mutants
  }

  // MARK: The compiled program

  /// A fusion that drops the bias or the function, and buffers used again too early.
  private func program() -> [Mutant] {
    let network = SharedNetwork<Float>(seed: seed)
    func run(_ fault: String, _ alteration: PlanAlteration) -> Mutant {
      var check = network.check(seed: seed)
      check.alteration = alteration
      return mutant(.program, fault, check.run())
    }
    /// A change of every product that is not accumulated.
    func products(_ change: @escaping (inout ProductPass) -> Void) -> PlanAlteration {
      PlanAlteration(passes: { passes in
        passes.map { pass in
          guard var product = pass.product, product.addend == nil else { return pass }
          var pass = pass
          change(&product)
          pass.product = product
          return pass
        }
      })
    }
    let fusions = [
      run("a fused product without its bias", products { $0.bias = nil }),
      run("a fused product without its function", products { $0.function = nil }),
      run(
        "a fused product with another function",
        products { $0.function = $0.function.map { _ in .unary(.relu) } }),
    ]
    let tape = network.tape
    let reuse = [0, 1, 2].map { which in
      run("a buffer used again while its value is still needed (\(which))", EarlyReuse(tape, which).alteration)
    }
    return fusions + reuse
  }

  // MARK: Kernels

  /// One loop of `Float` off by a part in a hundred in the last element of every call.
  private func kernels() -> [Mutant] {
    LoopFaults.all.map { kernel($0) }
  }

  private func kernel<Fault: LoopFault>(_ fault: Fault.Type) -> Mutant {
    let network = SharedNetwork<SabotagedFloat<Fault>>(seed: seed)
    // A loop that only compiled programs call is theirs to answer for.
    let mechanism: Mechanism = Fault.loop == .logSoftmaxGradient ? .program : .kernel
    return mutant(mechanism, "the loop \(Fault.loop.rawValue) of Float", network.check(seed: seed).run())
  }

  // MARK: Elementary functions

  /// A derivative that dual numbers have wrong, alone or together with the rule.
  private func elementary() -> [Mutant] {
    let functions: [Unary] = [.exp, .expm1, .log, .log1p, .sqrt, .sin, .cos, .tanh, .erf, .sigmoid]
    return functions.flatMap { function in
      [false, true].flatMap { isShared in
        [1.01, -1.0].compactMap { factor -> Mutant? in
          guard
            let example = Unary.examples.first(where: {
              $0.operation.name == function.name && $0.inputs[0].shape.rank == 2
            })
          else { return nil }
          let draw = ExampleDraw(example, seed: seed)
          let operation = MisderivedOperation(original: function, factor: factor, isShared: isShared)
          let network = SabotageNetwork<Double>(draw, operation: operation, seed: seed)
          let report = network.check(order: 1, seed: seed)
          return mutant(
            .elementary, "d\(function.name) times \(factor) in dual numbers\(isShared ? " and in the rule" : "")",
            report
          ) { $0.node == network.node }
        }
      }
    }
  }
}

import Adjoint
import AdjointChecking

extension RandomProgram: CustomStringConvertible {
  /// This program as Swift code that reproduces it.
  public var description: String { swiftCode() }

  /// This program as Swift code that reproduces it with its values at point 0, and ends by printing both sides of
  /// ⟨ȳ, J·u⟩ = ⟨Jᵀ·ȳ, u⟩: by dual numbers, and by the recorded rules.
  ///
  /// - Parameter describe: how an operation that the library has no method for is written, such as `Softplus()`; a struct's
  ///   own description when left out.
  package func swiftCode(describing describe: (any Operation) -> String = { "\($0)" }) -> String {
    var lines = [
      "// A program of \(operationCount) operation\(operationCount == 1 ? "" : "s") from seed \(seed).",
      "import Adjoint", "", "let tape = Tape<Double>()",
    ]
    for (i, step) in steps.enumerated() {
      switch step.kind {
      case .leaf(let leaf): lines.append("let v\(i) = " + code(ofLeaf: i, leaf.role))
      case .operation(let operation, let inputs):
        let x = inputs.map { "v\($0)" }
        let call =
          (operation as? any LibraryOperation)?.swiftCode(x, inputs.map { steps[$0].shape })
          ?? "tape.record(\(([describe(operation)] + x).joined(separator: ", ")))"
        lines.append("let v\(i) = \(call)  // \(step.shape)")
      }
    }
    let leaves = movingLeaves.map { "v\($0)" }.joined(separator: ", ")
    lines += [
      "let y = v\(output)", "",
      "let (leaves, cotangent) = ([\(leaves)] as [Variable<Double>], \(Self.literal(cotangent, type: "Tensor<Double>")))",
      "let directions: [Tensor<Double>] = [",
    ]
    lines += directions.map { "  " + Self.literal($0) + "," }
    lines += [
      "]",
      "func inner(_ a: Tensor<Double>, _ b: Tensor<Double>) -> Double { zip(a.elements, b.elements).reduce(0) { $0 + $1.0 * $1.1 } }",
      #"print("by dual numbers:", inner(cotangent, jvp(of: y, withRespectTo: leaves, along: directions)))"#,
      "let found = gradients(of: y, withRespectTo: leaves, cotangent: tape.constant(cotangent)).map(\\.value)",
      #"print("by the rules:   ", zip(found, directions).reduce(0) { $0 + inner($1.0, $1.1) })"#,
    ]
    return lines.joined(separator: "\n") + "\n"
  }

  private func code(ofLeaf step: Int, _ role: Role) -> String {
    switch (value(ofLeaf: step), role) {
    case (.indices(let value), _): "tape.index(\(Self.literal(value)))"
    case (.numbers(let value), .parameter): "tape.parameter(Parameter(\(Self.literal(value))))"
    case (.numbers(let value), .constant):
      value.shape == [] ? "tape.constant(\(value[linear: 0]))" : "tape.constant(\(Self.literal(value)))"
    case (.numbers(let value), .input), (.numbers(let value), .index), (.numbers(let value), .state),
      (.numbers(let value), .random):
      "tape.input(\(Self.literal(value)))"
    }
  }

  private static func literal<T>(_ tensor: Tensor<T>, type: String = "Tensor") -> String {
    "\(type)(shape: \(tensor.shape), elements: \(tensor.elements))"
  }
}

extension RandomProgram.Recording: CustomStringConvertible {
  /// The output and the leaves that move.
  public var description: String {
    "recording of \(nodes.count) steps, of \(moving.count) variables, giving \(output.tape.describe(output.index))"
  }
}

extension RandomProgram.Options: CustomStringConvertible {
  /// The number of operations, and the number of examples that they are drawn from.
  public var description: String {
    "random programs of \(size.lowerBound) to \(size.upperBound) operations, drawn from \(examples.count) examples"
  }
}

import Adjoint

/// One function at one edge, with what is stated about it.
package struct EdgeCase: Sendable {
  /// The name of the operation or composition, with its parameters.
  package let name: String
  package let function: EdgeFunction
  package let inputs: [EdgeInput]
  /// The cotangent of y: 1, or 1, 2, 3, … where y has several elements.
  package var cotangent: [Double]?
  /// y as stated; `nil` where the closed form says it.
  package let value: [EdgeNumber]?
  /// The gradient of ⟨cotangent, y⟩ with respect to each input that moves, as stated; `nil` where the closed form says it.
  package let gradients: [[EdgeNumber]]?
  /// The same in forward mode, where it is stated to be something else.
  package var forward: [[EdgeNumber]]?
  /// The function whose closed form y and its derivative must meet.
  package var reference: MapFunction?
  /// True for an operation that selects: where the gradient is stated to be 0, it is 0 for an infinite cotangent too.
  package var isSwitch = false
  /// False where zeros of both signs tie, and either may be y, as C allows (F.10.9.2); and for a limit that is 0.
  package var countsSignOfZero = true

  package init(
    _ name: String, _ function: EdgeFunction, _ inputs: [EdgeInput], value: [EdgeNumber]?, gradients: [[EdgeNumber]]?
  ) {
    (self.name, self.function, self.inputs) = (name, function, inputs)
    (self.value, self.gradients) = (value, gradients)
  }

  /// The inputs in one line.
  package var title: String { inputs.map(\.text).joined(separator: "; ") }
  /// Name and inputs, which no other case has.
  package var key: String { "\(name) at \(title)" }

  /// True where every input is one number, so that several cases make one vector.
  var isElementwise: Bool {
    inputs.allSatisfy { input in
      switch input {
      case .numbers(let shape, _), .constant(let shape, _): shape.rank == 0
      case .indices: false
      }
    }
  }
}

/// One input of a case.
package enum EdgeInput: Sendable {
  /// Numbers that move.
  case numbers(Shape, [EdgeNumber])
  /// Numbers that do not, such as a condition or a target.
  case constant(Shape, [EdgeNumber])
  case indices([Int32])

  package static func scalar(_ x: EdgeNumber) -> EdgeInput { .numbers([], [x]) }
  package static func row(_ x: EdgeNumber...) -> EdgeInput { .numbers([x.count], x) }

  package var shape: Shape {
    switch self {
    case .numbers(let shape, _), .constant(let shape, _): shape
    case .indices(let elements): [elements.count]
    }
  }

  func leaf<S: Scalar>(on tape: Tape<S>, _ precision: EdgePrecision) -> Variable<S> {
    switch self {
    case .numbers(let shape, let x): tape.input(Tensor(shape: shape, elements: x.map { S($0[precision]) }))
    case .constant(let shape, let x): tape.constant(Tensor(shape: shape, elements: x.map { S($0[precision]) }))
    case .indices(let elements): tape.index(Tensor(elements))
    }
  }

  /// The numbers; none for indices.
  var elements: [EdgeNumber] {
    switch self {
    case .numbers(_, let x), .constant(_, let x): x
    case .indices: []
    }
  }

  /// The elements, in brackets unless there is one alone.
  package var text: String {
    switch self {
    case .numbers(let shape, let x), .constant(let shape, let x): EdgeInput.bracketed(x.map(\.text), shape)
    case .indices(let x): EdgeInput.bracketed(x.map { "\($0)" }, [x.count])
    }
  }

  /// Texts as a list, rows separated by a line; a long one of equal texts is cut.
  static func bracketed(_ texts: [String], _ shape: Shape) -> String {
    if shape.rank == 0 { return texts[0] }
    let isLong = texts.count > 4 && Set(texts).count == 1
    let list = isLong ? "\(texts[0]), … (\(texts.count))" : texts.joined(separator: ", ")
    guard shape.rank > 1, let columns = shape.last, columns > 0, columns < texts.count else { return "[\(list)]" }
    let rows = stride(from: 0, to: texts.count, by: columns).map { texts[$0..<$0 + columns].joined(separator: ", ") }
    return "[" + rows.joined(separator: " | ") + "]"
  }
}

/// The function of a case.
package enum EdgeFunction: Sendable {
  case operation(any Adjoint.Operation)
  case composition(EdgeComposition)

  /// The mode in which layers record.
  var mode: Mode { if case .composition(let composition) = self { composition.mode } else { .training } }

  func record<S: Scalar>(_ x: [Variable<S>], on tape: Tape<S>) -> Variable<S> {
    switch self {
    case .operation(let operation): tape.record(operation, inputs: x)
    case .composition(let composition): composition.record(x)
    }
  }
}

/// What a case gives in one precision.
package struct EdgeAnswer: Sendable {
  package let value: [Double]
  /// By the definition in Swift, for an elementwise function that has one; y is computed by kernels.
  package let definition: Double?
  /// By reverse mode.
  package let gradients: [[Double]]
  /// By forward mode.
  package let tangents: [[Double]]
  /// The second derivative of an elementwise function with a closed form: by the rule of the rule, and in second-order
  /// dual numbers.
  let curvatures: [(way: String, value: Double)]
  /// The results of the compiled plans that differ from those of the recording, as sentences.
  let planComplaints: [String]
  /// The gradients for an infinite cotangent.
  let switched: [[Double]]
}

extension EdgeCase {
  package func answer(_ precision: EdgePrecision) -> EdgeAnswer {
    switch precision {
    case .double: answer(as: Double.self, precision)
    case .float: answer(as: Float.self, precision)
    }
  }

  private func answer<S: Scalar>(as type: S.Type, _ precision: EdgePrecision) -> EdgeAnswer {
    let tape = Tape<S>(mode: function.mode)
    let leaves = inputs.map { $0.leaf(on: tape, precision) }
    let moving = zip(leaves, inputs).compactMap { if case .numbers = $1 { $0 } else { nil } }
    let y = function.record(leaves, on: tape)
    let weights = cotangent ?? (0..<y.shape.elementCount).map { Double($0 + 1) }
    let g = tape.input(Tensor(shape: y.shape, elements: weights.map { S($0) }))
    let adjoints = moving.isEmpty ? [] : Adjoint.gradients(of: y, withRespectTo: moving, cotangent: g)
    let outputs = [y] + adjoints
    func numbers(_ x: Tensor<S>) -> [Double] { x.elements.map(\.primal) }
    let found = outputs.map { numbers($0.value) }

    var complaints: [String] = []
    let fused = Program<S>(outputs + [g])
    let plans = [(fused, "the compiled plan"), (Program<S>(outputs, keeping: .all), "the plan that keeps all")]
    for (program, plan) in plans {
      program.run()
      for (part, output) in outputs.enumerated() {
        let replayed = numbers(program.value(of: output))
        guard !zip(found[part], replayed).allSatisfy({ $0.hasBits(of: $1) }) else { continue }
        complaints.append(
          "\(part == 0 ? "y" : "the gradient") is \(EdgeCheck.list(replayed)) by \(plan), "
            + "\(EdgeCheck.list(found[part])) as recorded")
      }
    }
    let curvatures = reference == nil ? [] : curvatures(of: y, moving[0], adjoints[0])
    fused.write(Tensor(repeating: S(Double.infinity), shape: y.shape), into: g)
    fused.run()
    return EdgeAnswer(
      value: found[0], definition: definition(as: S.self, precision)?.primal, gradients: Array(found.dropFirst()),
      tangents: moving.map { tangents(of: y, $0, weights) }, curvatures: curvatures,
      planComplaints: complaints, switched: adjoints.map { numbers(fused.value(of: $0)) })
  }

  /// f of single numbers by its definition.
  private func definition<S: Scalar>(as type: S.Type, _ precision: EdgePrecision) -> S? {
    guard case .operation(let operation) = function, isElementwise else { return nil }
    let x = inputs.flatMap(\.elements).map { S($0[precision]) }
    return switch operation.form {
    case .map(let f): f(x[0])
    case .zip(let f): f(x[0], x[1])
    case .select, .product, .addBias, .sum, .mean, .variance, .extremum, .argMax, .softmax, .cumulativeSum, .broadcast,
      .reshape, .permute, .slice, .pad, .concatenate, .stopGradient, .gather, .scatterAdd, .pick, .oneHot,
      .argSort, .gatherAlong, .scatterAddAlong, .asNumbers, .unfold, .fold, .maxPool, .averagePool, .scan, .other,
      .cholesky, .solveTriangular, .solve, .determinant:
      nil
    }
  }

  private func curvatures<S: Scalar>(
    of y: Variable<S>, _ x: Variable<S>, _ slope: Variable<S>
  ) -> [(way: String, value: Double)] {
    let reverse = Adjoint.gradients(of: slope, withRespectTo: [x])[0].scalar.primal
    let program = Program<SecondOrderDual>([y, x])
    program.write(Tensor(scalar: SecondOrderDual(x.scalar.primal, first: 1, second: 1)), into: x)
    program.replay()
    return [
      ("the second derivative", reverse),
      ("the second derivative in dual numbers", program.value(of: y).elements[0].mixed),
    ]
  }

  /// ⟨weights, J·e⟩ for each unit vector e of x, in dual numbers.
  private func tangents<S: Scalar>(of y: Variable<S>, _ x: Variable<S>, _ weights: [Double]) -> [Double] {
    (0..<x.shape.elementCount).map { element in
      var unit = Tensor<Double>.zeros(x.shape)
      unit[linear: element] = 1
      let column = jvp(of: y, withRespectTo: [x], along: [unit]).elements
      return zip(column, weights).reduce(0) { $0 + $1.0 * $1.1 }
    }
  }
}

extension Double {
  /// Equal in every bit; any NaN equals any NaN.
  func hasBits(of other: Double) -> Bool { bitPattern == other.bitPattern || (isNaN && other.isNaN) }
}

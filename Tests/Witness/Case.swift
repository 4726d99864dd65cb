import Adjoint
import AdjointFiles

/// A recording with everything that it takes to compute it anew, and our answers: value, gradients, second derivatives and
/// a product in forward mode.
struct Case {
  let name: String
  let output: Variable<Double>
  let moving: [Variable<Double>]
  let cotangent: Tensor<Double>
  let directions: [Tensor<Double>]
  /// The arguments of another library's function of this name; empty where operations alone are compared.
  var arguments: [Variable<Double>] = []
  /// Numbers that the function takes beside them.
  var settings: [(String, JSON)] = []

  init(
    _ name: String, _ output: Variable<Double>, moving: [Variable<Double>], cotangent: Tensor<Double>,
    directions: [Tensor<Double>]
  ) {
    (self.name, self.output, self.moving) = (name, output, moving)
    (self.cotangent, self.directions) = (cotangent, directions)
  }

  /// A recording with a random cotangent and random directions.
  init(_ name: String, _ output: Variable<Double>, moving: [Variable<Double>], using generator: inout Generator) {
    self.init(
      name, output, moving: moving, cotangent: .random(output.shape, in: -1.5...1.5, using: &generator),
      directions: moving.map { .random($0.shape, in: -1.5...1.5, using: &generator) })
  }

  /// An operation at a random point of its example.
  init(_ example: Example, using generator: inout Generator) {
    let tape = Tape<Double>()
    let inputs = example.inputs.map { input in
      switch input {
      case .numbers(let shape, in: let range, let kinks):
        tape.input(.random(shape, in: range, avoiding: kinks, using: &generator))
      case .wellConditioned(let shape): tape.input(.wellConditioned(shape) { generator.uniform() })
      case .indices(let shape, let bound):
        tape.index(
          Tensor(
            shape: shape,
            elements: (0..<shape.elementCount).map { _ in Int32(generator.next() % UInt64(max(bound, 1))) }))
      }
    }
    let y = tape.record(example.operation, inputs: inputs)
    let shapes = inputs.map { "\($0.shape)" }.joined(separator: " ")
    self.init(
      "\(example.operation.name) \(shapes)", y, moving: inputs.filter { !$0.holdsIndices }, using: &generator)
  }

  func print() { Swift.print(json.text) }

  private var json: JSON {
    let tape = output.tape
    // A leaf that moves may have been recorded behind y, which it does not reach then.
    let last = moving.map(\.index).reduce(output.index, max)
    let nodes = (0...last).map { tape[$0].json }
    let first = gradients(of: output, withRespectTo: moving, cotangent: tape.constant(cotangent))
    // ⟨v, ∇⟨ȳ, y⟩⟩ once more.
    let along = zip(first, directions).map { ($0 * tape.constant($1)).sum() }
    let second = along.reduce(tape.constant(0), +)
    let seconds = gradients(of: second, withRespectTo: moving)
    let tangent = jvp(of: output, withRespectTo: moving, along: directions)
    return .object(
      [
        ("case", .string(name)), ("nodes", .array(nodes)), ("output", .integer(output.index)),
        ("moving", .integers(moving.map(\.index))), ("arguments", .integers(arguments.map(\.index))),
        ("settings", .object(settings)), ("cotangent", cotangent.json), ("directions", .array(directions.map(\.json))),
        ("value", output.value.json), ("gradients", .array(first.map(\.value.json))),
        ("second", .array(seconds.map(\.value.json))), ("tangent", tangent.json),
      ])
  }
}

extension Variable {
  /// A node with everything that it takes to compute it anew: operation, attributes and inputs, or the numbers of a leaf.
  var json: JSON {
    let shape = ("shape", JSON.integers(Array(shape)))
    if let operation {
      return .object([
        ("operation", .string(operation.name)),
        ("attributes", .object(operation.attributes.map { ($0.name, $0.value.json) })),
        ("inputs", .integers(inputs.map(\.index))), shape,
      ])
    }
    if role == .index { return .object([shape, ("indices", .integers(indexValue.elements.map(Int.init)))]) }
    return .object([shape, ("numbers", .array(value.elements.map { .number($0.primal) }))])
  }
}

extension Tensor where Element == Double {
  /// The elements in order; what is no finite number is null.
  var json: JSON { .array(elements.map { .number($0) }) }

  /// Uniform numbers that keep their distance from kinks.
  static func random(
    _ shape: Shape, in range: ClosedRange<Double>, avoiding kinks: [Double] = [], using generator: inout Generator
  ) -> Tensor {
    let elements = (0..<shape.elementCount).map { _ in
      while true {
        let x = generator.uniform(range.lowerBound, range.upperBound)
        if kinks.allSatisfy({ Swift.abs($0 - x) > 0.01 }) { return x }
      }
    }
    return Tensor(shape: shape, elements: elements)
  }
}

extension Attribute.Value {
  fileprivate var json: JSON {
    switch self {
    case .int(let value): .integer(value)
    case .real(let value): .number(value)
    case .flag(let value): .bool(value)
    case .list(let values): .integers(values)
    }
  }
}

import Adjoint
import Testing

/// One example of the catalogue, printed under its own name: `matmul(transposeA: true, transposeB: false) [4, 3] [4, 5]`.
struct ExampleCase: CustomTestStringConvertible, Sendable {
  let number: Int
  let example: Example

  static let all = OperationCatalog.examples.enumerated().map { ExampleCase(number: $0.offset, example: $0.element) }
  /// Those with at least one element to differentiate.
  static let differentiable = all.filter { !($0.example.operation is StopGradient) }

  var testDescription: String {
    let operation = example.operation
    let attributes = operation.attributes.map(\.description).joined(separator: ", ")
    let shapes = example.inputs.map(\.shape.description).joined(separator: " ")
    return operation.name + (attributes.isEmpty ? "" : "(\(attributes))") + " " + shapes
  }

  /// Values for the inputs, a function of the example's number and `draw` alone. Numbers are representable in `Float`; no
  /// two of one example lie close to each other unless the example confines them to a point, so that neither a tie nor a
  /// comparison changes under a small step.
  func values(draw: UInt64 = 0) -> [InputValue] {
    var generator = Generator(seed: 2026).stream(UInt64(number), draw)
    let total = example.inputs.reduce(0) { $0 + $1.shape.elementCount }
    var places = generator.permutation(of: total)
    return example.inputs.map { input in
      switch input {
      case .indices(let shape, let below):
        return .indices(
          Tensor(
            shape: shape, elements: (0..<shape.elementCount).map { _ in Int32(generator.next() % UInt64(below)) }))
      case .numbers(let shape, let range, let kinks):
        let elements = (0..<shape.elementCount).map { _ in
          let place = (Double(places.removeLast()) + generator.uniform(0.25, 0.75)) / Double(total)
          var x = range.lowerBound + (range.upperBound - range.lowerBound) * place
          if let kink = kinks.first(where: { abs(x - $0) < 0.05 }) { x += x < kink ? -0.05 : 0.05 }
          return Double(Float(x))
        }
        return .numbers(Tensor(shape: shape, elements: elements))
      case .wellConditioned(let shape): return .numbers(.wellConditioned(shape) { generator.uniform() })
      }
    }
  }

  /// Records the example.
  func record<S: Scalar>(_ values: [InputValue], as type: S.Type = S.self) -> Recorded<S> {
    let tape = Tape<S>()
    let x = values.map { $0.leaf(on: tape) }
    return Recorded(tape: tape, x: x, y: tape.record(example.operation, inputs: x))
  }

  /// Which inputs hold numbers that may move: not indices, and not numbers confined to a point such as a condition of 0.
  var movable: [Int] {
    example.inputs.indices.filter { position in
      switch example.inputs[position] {
      case .indices: false
      case .wellConditioned: true
      case .numbers(_, let range, _): range.lowerBound < range.upperBound
      }
    }
  }
}

/// What one input of an example is fed.
enum InputValue: Sendable {
  case numbers(Tensor<Double>)
  case indices(Tensor<Int32>)

  func leaf<S: Scalar>(on tape: Tape<S>) -> Variable<S> {
    switch self {
    case .numbers(let value): tape.input(value.converted())
    case .indices(let value): tape.index(value)
    }
  }

  func feed<S: Scalar>(_ x: Variable<S>, of program: Program<S>) throws {
    switch self {
    case .numbers(let value): try program.feed(x, value.converted())
    case .indices(let value): try program.feed(x, value)
    }
  }
}

struct Recorded<S: Scalar> {
  let tape: Tape<S>
  let x: [Variable<S>]
  let y: Variable<S>
}

extension Generator {
  /// A tensor of numbers uniform in [low, high), representable in `Float`; never all ones.
  mutating func tensor(_ shape: Shape, _ low: Double = -1.5, _ high: Double = 1.5) -> Tensor<Double> {
    Tensor(shape: shape, elements: (0..<shape.elementCount).map { _ in Double(Float(uniform(low, high))) })
  }
}

/// Scalars whose bits can be compared, so that NaN equals NaN and 0 differs from −0.
protocol BitComparable: Scalar, CustomStringConvertible { var bits: UInt64 { get } }
extension Float: BitComparable { var bits: UInt64 { UInt64(bitPattern) } }
extension Double: BitComparable { var bits: UInt64 { bitPattern } }

extension Tensor where Element: BitComparable {
  /// Equal in shape and in every bit (any NaN equals any NaN).
  func isIdentical(to other: Tensor) -> Bool {
    shape == other.shape && zip(elements, other.elements).allSatisfy { $0.bits == $1.bits || ($0 != $0 && $1 != $1) }
  }
}

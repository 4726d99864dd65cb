import Adjoint
import AdjointChecking
import Testing

/// One example of the catalogue recorded in `Double` at seeded values, for replays in other scalars.
struct CatalogCase: CustomTestStringConvertible, Sendable {
  let number: Int
  let example: Example

  static let all = OperationCatalog.examples.enumerated().map { CatalogCase(number: $0.offset, example: $0.element) }

  var testDescription: String {
    let attributes = example.operation.attributes.map(\.description).joined(separator: ", ")
    let shapes = example.inputs.map(\.shape.description).joined(separator: " ")
    return "\(example.operation.name)(\(attributes)) \(shapes)"
  }

  /// The recording, and which of its leaves may move.
  func record() -> (x: [Variable<Double>], y: Variable<Double>) {
    let tape = Tape<Double>()
    var generator = Generator(seed: 404).stream(UInt64(number))
    let total = example.inputs.reduce(0) { $0 + $1.shape.elementCount }
    // Numbers on a jittered grid: no two close to each other, none close to a kink.
    var places = generator.permutation(of: total)
    var leaves: [Variable<Double>] = []
    var moving: [Variable<Double>] = []
    for input in example.inputs {
      switch input {
      case .indices(let shape, let below):
        let indices = (0..<shape.elementCount).map { _ in Int32(generator.next() % UInt64(below)) }
        leaves.append(tape.index(Tensor(shape: shape, elements: indices)))
      case .numbers(let shape, let range, let kinks):
        let width = range.upperBound - range.lowerBound
        let elements = (0..<shape.elementCount).map { _ in
          let x = range.lowerBound + width * (Double(places.removeLast()) + generator.uniform(0.3, 0.7)) / Double(total)
          let kink = kinks.first { abs(x - $0) < 0.05 }
          return kink.map { x < $0 ? x - 0.05 : x + 0.05 } ?? x
        }
        leaves.append(tape.input(Tensor(shape: shape, elements: elements)))
        if width > 0 { moving.append(leaves[leaves.count - 1]) }
      }
    }
    return (moving, tape.record(example.operation, inputs: leaves))
  }

  /// A direction for each moving leaf, no entry larger than 1.
  func directions(_ x: [Variable<Double>], stream: UInt64) -> [[Double]] {
    var generator = Generator(seed: 405).stream(UInt64(number), stream)
    return x.map { leaf in (0..<leaf.shape.elementCount).map { _ in generator.uniform(-1, 1) } }
  }
}

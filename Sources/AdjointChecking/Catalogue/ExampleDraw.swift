import Adjoint
import Foundation

/// Values for the inputs of an example: within its domain, away from its kinks, and the same for the same seed.
///
/// No two numbers of one draw lie close together unless the example confines them to a point, so that neither a tie nor a
/// comparison changes under a small step. Every number is representable in `Float`.
package struct ExampleDraw: Sendable {
  /// The value of one input.
  package enum Value: Sendable {
    case numbers(Tensor<Double>)
    /// Numbers that the example confines to one point, such as a condition of 0.
    case confined(Tensor<Double>)
    case indices(Tensor<Int32>)
  }

  package let operation: any Adjoint.Operation
  package var values: [Value]

  /// The distance of a number from the points that an example avoids.
  package static let gap = 0.05

  /// - Parameter magnitudes: the magnitudes of numbers, of both signs, for inputs that take any number.
  package init(_ example: Example, seed: UInt64, magnitudes: ClosedRange<Double>? = nil) {
    operation = example.operation
    var generator = Generator(seed: seed)
    let total = example.inputs.reduce(0) { $0 + $1.shape.elementCount }
    var places = generator.permutation(of: total)
    values = example.inputs.map { input in
      switch input {
      case .indices(let shape, let below):
        let elements = (0..<shape.elementCount).map { _ in Int32(generator.next() % UInt64(max(below, 1))) }
        return .indices(Tensor(shape: shape, elements: elements))
      case .numbers(let shape, let range, let kinks):
        let elements = (0..<shape.elementCount).map { _ in
          let place = (Double(places.removeLast()) + generator.uniform(0.25, 0.75)) / Double(total)
          if let magnitudes, range == Example.anyNumber {
            // Evenly over the orders of magnitude; the sign of a place is that of its half.
            let (low, high) = (log(magnitudes.lowerBound), log(magnitudes.upperBound))
            let size = exp(low + (high - low) * abs(2 * place - 1))
            return Double(Float(place < 0.5 ? -size : size))
          }
          var x = range.lowerBound + (range.upperBound - range.lowerBound) * place
          if let kink = kinks.first(where: { abs(x - $0) < ExampleDraw.gap }) {
            x += x < kink ? -ExampleDraw.gap : ExampleDraw.gap
          }
          return Double(Float(x))
        }
        let tensor = Tensor(shape: shape, elements: elements)
        return range.lowerBound < range.upperBound ? .numbers(tensor) : .confined(tensor)
      case .wellConditioned(let shape):
        return .numbers(
          .wellConditioned(shape) { (Double(places.removeLast()) + generator.uniform(0.25, 0.75)) / Double(total) })
      }
    }
  }

  /// True when the operation's result is indices, which have no derivative.
  package var givesIndices: Bool {
    operation.resultIndexBound(for: values.map(\.shape)) != nil
  }

  /// The inputs that may move.
  package var movable: [Int] {
    if givesIndices { return [] }
    return values.indices.filter { if case .numbers = values[$0] { true } else { false } }
  }

  /// The count of numbers that may move.
  package var coordinateCount: Int {
    movable.reduce(0) { count, position in
      if case .numbers(let value) = values[position] { count + value.elements.count } else { count }
    }
  }

  /// Records the operation on these inputs.
  package func record<S: Scalar>(on tape: Tape<S>) -> (inputs: [Variable<S>], output: Variable<S>) {
    tape.readsFormulas = false  // `forward` is under test, also the way that it has in this scalar
    let inputs = values.map { value -> Variable<S> in
      switch value {
      case .numbers(let tensor): tape.input(tensor.converted())
      case .confined(let tensor): tape.constant(tensor.converted())
      case .indices(let tensor): tape.index(tensor)
      }
    }
    return (inputs, tape.record(operation, inputs: inputs))
  }
}

extension Example {
  /// Operation, attributes and shapes in one line.
  package var title: String {
    let attributes = operation.attributes.map(\.description).joined(separator: ", ")
    let shapes = inputs.map(\.shape.description).joined(separator: " ")
    return operation.name + (attributes.isEmpty ? "" : "(\(attributes))") + " " + shapes
  }

  /// Tells whether the operation takes these shapes, before anything is recorded.
  package var isLegal: Bool {
    let shapes = inputs.map(\.shape)
    guard (try? operation.shape(of: shapes)) != nil else { return false }
    for (position, input) in inputs.enumerated() {
      guard case .indices(let shape, let below) = input else { continue }
      guard operation.indexPosition == position else { return false }
      if shape.elementCount > 0, below > operation.indexBound(for: shapes) || below == 0 { return false }
    }
    return true
  }

  /// True when an input that moves takes any number.
  package var takesAnyNumber: Bool {
    inputs.contains { input in
      guard case .numbers(let shape, let range, _) = input else { return false }
      return shape.elementCount > 0 && range == Example.anyNumber
    }
  }

  /// This example on other shapes.
  private func reshaped(_ change: (Shape) -> Shape) -> Example {
    let changed = inputs.map { input -> Input in
      switch input {
      case .numbers(let shape, let range, let kinks): .numbers(change(shape), in: range, avoiding: kinks)
      case .indices(let shape, let below): .indices(change(shape), below: below)
      case .wellConditioned(let shape): .wellConditioned(change(shape))
      }
    }
    let bound = operation.indexPosition == nil ? 0 : operation.indexBound(for: changed.map(\.shape))
    let bounded = changed.map { input -> Input in
      if case .indices(let shape, let below) = input { .indices(shape, below: min(below, bound)) } else { input }
    }
    return Example(operation, bounded)
  }

  /// The same operation on awkward shapes, those that it takes: every extent 1, and each extent in turn 0.
  package var awkward: [Example] {
    let extents = Set(inputs.flatMap { Array($0.shape) }).filter { $0 > 1 }.sorted()
    let ones = reshaped { Shape($0.map { min($0, 1) }) }
    let empties = extents.map { extent in reshaped { Shape($0.map { $0 == extent ? 0 : $0 }) } }
    let known = inputs.map(\.shape)
    return ([ones] + empties).filter { $0.inputs.map(\.shape) != known && $0.isLegal }
  }

  /// A maximum or minimum with both arguments in one range, so that each wins somewhere; the catalogue keeps them apart.
  package var interleaved: Example? {
    guard operation.form == .binary(.maximum) || operation.form == .binary(.minimum) else { return nil }
    return Example(operation, inputs.map { .numbers($0.shape) })
  }

  /// The same operation with one variable for every input that holds numbers, if it takes that: its range satisfies all.
  package var shared: (example: Example, positions: [Int])? {
    var positions: [Int] = []
    var (common, kinks): (ClosedRange<Double>?, [Double]) = (nil, [])
    var first: Shape?
    for (position, input) in inputs.enumerated() {
      guard case .numbers(let shape, let range, let avoiding) = input, range.lowerBound < range.upperBound else {
        continue
      }
      positions.append(position)
      first = first ?? shape
      kinks += avoiding
      common = common.map { $0.overlaps(range) ? $0.clamped(to: range) : range } ?? range
    }
    guard positions.count > 1, let first, let common else { return nil }
    let changed = inputs.indices.map { position -> Input in
      positions.contains(position) ? .numbers(first, in: common, avoiding: kinks) : inputs[position]
    }
    let example = Example(operation, changed)
    return example.isLegal ? (example, positions) : nil
  }
}

import Adjoint

/// The forward pass of one operation by itself, compiled once and run at any values of its operands.
struct LoneForward {
  let output: Variable<Double>
  /// The number below which y's elements lie where they are indices.
  private let bound: Int?
  private let inputs: [Variable<Double>]
  private let program: Program<Double>

  init(_ draw: ExampleDraw) {
    (inputs, output) = draw.record(on: Tape<Double>())
    bound = draw.operation.resultIndexBound(for: draw.values.map(\.shape))
    program = Program([output], keeping: .all)
  }

  /// The bits of y at a draw of the same example. Before the run, y holds `poison`.
  /// - Parameter parts: the parts into which threads would cut the operation, computed in turn.
  func bits(at draw: ExampleDraw, over poison: Double = .nan, parts: Int = 1, lastFirst: Bool = false) -> [UInt64] {
    if (program.pool?.threads ?? 1) != parts || parts > 1 {
      program.pool = parts > 1 ? WorkerPool(partsInTurn: parts, lastFirst: lastFirst) : nil
    }
    for (x, value) in zip(inputs, draw.values) {
      switch value {
      case .numbers(let tensor): program.write(tensor, into: x)
      case .indices(let tensor): _ = try? program.feed(x, tensor)  // a draw is in range
      case .confined: break
      }
    }
    guard let bound else {
      program.write(Tensor(repeating: poison, shape: output.shape), into: output)
      program.replay()
      return program.withElements(at: output.index) { $0.map(\.bitPattern) }
    }
    // An index out of range would not be let in.
    let place = poison > 0 ? Int32(clamping: max(bound, 1) - 1) : 0
    _ = try? program.fillIndices(output) { $0.update(repeating: place) }
    program.replay()
    return program.indices(at: output.index).elements.map { UInt64(bitPattern: Int64($0)) }
  }

  /// An element of y from its bits.
  func text(_ bits: UInt64) -> String {
    bound == nil ? "\(Double(bitPattern: bits))" : "\(Int64(bitPattern: bits))"
  }

  /// The elements of y that depend on what stood in their memory before.
  func unwritten(at draw: ExampleDraw) -> [Int] {
    let poison = 0x1.3579p5
    let (one, again) = (bits(at: draw, over: poison), bits(at: draw, over: poison))
    // An operation that gives two results over the same memory is impure.
    guard one == again else { return [] }
    let other = bits(at: draw, over: -poison)
    return one.indices.filter { one[$0] != other[$0] }
  }
}

extension ExampleDraw {
  /// This draw with elements of another draw of the same example: those of some inputs for which `isOther` is true.
  func mixed(with other: ExampleDraw, at positions: [Int], where isOther: (_ element: Int) -> Bool) -> ExampleDraw {
    func mix<T>(_ own: Tensor<T>, _ other: Tensor<T>) -> Tensor<T> {
      Tensor(
        shape: own.shape,
        elements: own.elements.indices.map { isOther($0) ? other.elements[$0] : own.elements[$0] })
    }
    var copy = self
    for position in positions {
      switch (values[position], other.values[position]) {
      case (.numbers(let own), .numbers(let other)): copy.values[position] = .numbers(mix(own, other))
      case (.indices(let own), .indices(let other)): copy.values[position] = .indices(mix(own, other))
      case (.confined, _), (.numbers, _), (.indices, _): break
      }
    }
    return copy
  }
}

extension ExampleDraw {
  /// The tangent of y when inputs move along some tensors, by the operation alone in dual numbers; `nil` holds one still.
  func tangent(along motions: [Tensor<Double>?]) -> Tensor<Double> {
    let tape = Tape<Dual>()
    let operands = values.indices.map { position -> Variable<Dual> in
      switch values[position] {
      case .numbers(let x), .confined(let x):
        guard let motion = motions[position] else { return tape.constant(x.converted()) }
        let moved = zip(x.elements, motion.elements).map { Dual($0, tangent: $1) }
        return tape.constant(Tensor(shape: x.shape, elements: moved))
      case .indices(let x): return tape.index(x)
      }
    }
    return tape.record(operation, inputs: operands).value.map(\.tangent)
  }
}

extension String {
  /// The first few of some things, and how many more there are.
  init(first things: [some CustomStringConvertible], of total: Int) {
    let shown = things.prefix(4).map(\.description).joined(separator: ", ")
    self = total > 4 ? shown + ", … (\(total) in all)" : shown
  }
}

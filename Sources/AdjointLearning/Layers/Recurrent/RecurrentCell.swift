import Adjoint

/// The state of one layer of a recurrent network in one direction, [batch, units] each.
public struct RecurrentState<S: Scalar> {
  /// h, which is also the output.
  public let hidden: Variable<S>
  /// c, the memory of an LSTM; `nil` in other cells.
  public let cell: Variable<S>?

  /// A state of its parts.
  public init(hidden: Variable<S>, cell: Variable<S>? = nil) { (self.hidden, self.cell) = (hidden, cell) }

  /// The parts in order, of which a loop carries a list.
  var parts: [Variable<S>] { [hidden] + (cell.map { [$0] } ?? []) }

  init(_ parts: [Variable<S>]) { self.init(hidden: parts[0], cell: parts.count > 1 ? parts[1] : nil) }

  /// This where the condition [batch, 1] is not 0, and `old` elsewhere.
  func chosen(by condition: Variable<S>, over old: RecurrentState) -> RecurrentState {
    func choose(_ new: Variable<S>, _ old: Variable<S>) -> Variable<S> { `where`(condition, new, old) }
    return RecurrentState(
      hidden: choose(hidden, old.hidden), cell: cell.flatMap { new in old.cell.map { choose(new, $0) } })
  }
}

extension RecurrentState: CustomStringConvertible {
  /// The variables of which it is made.
  public var description: String {
    func words(_ x: Variable<S>) -> String { x.tape.describe(x.index) }
    return "RecurrentState: hidden \(words(hidden))" + (cell.map { ", cell \(words($0))" } ?? "")
  }
}

/// The way in which a network records the steps of its sequences.
public enum RecurrentSteps: Sendable, Hashable {
  /// Each step as plain operations: every value can be looked at, and threads share the products.
  case unrolled
  /// All steps as one loop (`scan`), recorded and planned once: for long sequences. Values have the bits of the unrolled steps; their
  /// gradients add up in another order, so that last digits differ. One thread runs it. With `recomputing`, states are kept at
  /// every √time-th step, and computed again between them.
  case loop(recomputing: Bool)

  /// The words in a description; none for plain steps.
  var words: String {
    switch self {
    case .unrolled: ""
    case .loop(let recomputing): ", steps as a loop" + (recomputing ? " that is computed again" : "")
    }
  }
}

/// One step of a recurrent network. What depends on the input alone is apart, so that it is one product for all steps.
///
/// `Recurrent` makes layers, directions and lengths of any cell.
public protocol RecurrentCell<S>: Detachable, CustomStringConvertible {
  /// The precision of its parameters.
  associatedtype S: Scalar
  /// The width of an input.
  var inputs: Int { get }
  /// The width of a state.
  var units: Int { get }
  /// True when a state has a second part, `RecurrentState.cell`.
  var hasCell: Bool { get }
  /// The part of a step that depends on the inputs [rows, inputs] alone.
  func projected(_ x: Variable<S>) -> Variable<S>
  /// The state after the step, from the projected input [batch, …] and the state before it.
  func step(_ z: Variable<S>, from state: RecurrentState<S>) -> RecurrentState<S>
}

extension RecurrentCell {
  /// The state after an input x [batch, inputs].
  public func callAsFunction(
    _ x: Variable<S>, from state: RecurrentState<S>, file: StaticString = #fileID, line: UInt = #line
  ) -> RecurrentState<S> {
    guard x.shape.rank == 2, x.shape[1] == inputs else {
      fatalError(
        "\(self) takes [batch, \(inputs)]; it was given \(x.tape.describe(x.index))", file: file, line: line)
    }
    check(state, batch: x.shape[0], "the state", at: CallSite(file, line))
    return step(projected(x), from: state)
  }

  /// Traps when a state is not one of this cell for so many rows.
  func check(_ state: RecurrentState<S>, batch: Int, _ name: String, at site: CallSite) {
    for part in [state.hidden, state.cell].compactMap({ $0 }) where part.shape != [batch, units] {
      site.trap("\(self): \(name) has shape \(part.shape); it must be [\(batch), \(units)]")
    }
    guard (state.cell != nil) == hasCell else {
      site.trap(
        "\(self): \(name) has \(hasCell ? "no" : "a") cell; give "
          + (hasCell ? "RecurrentState(hidden:cell:), or zeroState(_:on:)" : "RecurrentState(hidden:)"))
    }
  }

  /// A state of zeros for a batch.
  public func zeroState(_ batch: Int, on tape: Tape<S>) -> RecurrentState<S> {
    let zeros = tape.constant(Tensor<S>.zeros([batch, units]))
    return RecurrentState(hidden: zeros, cell: hasCell ? zeros : nil)
  }
}

/// The parameters of a cell with `gates` products: two weights and two biases, under PyTorch's names.
struct CellParameters<S: Scalar> {
  private(set) var inputWeight: Parameter<S>
  private(set) var hiddenWeight: Parameter<S>
  private(set) var inputBias: Parameter<S>?
  private(set) var hiddenBias: Parameter<S>?
  let name: String?

  /// - Parameters:
  ///   - suffix: the end of the names in a network of layers, `_l0_reverse`.
  ///   - initializer: for the weights, the biases being 0; when left out, all begin as U(−a, a) with a = 1/√units.
  init(
    _ kind: String, gates: Int, _ inputs: Int, _ units: Int, bias hasBias: Bool, name: String?, suffix: String,
    initializer: Initializer?, using generator: inout Generator, at site: CallSite
  ) {
    check(inputs, "\(kind): inputs", atLeast: 1, at: site)
    check(units, "\(kind): units", atLeast: 1, at: site)
    let bound = 1 / Double(units).squareRoot()
    func place(_ part: String, _ shape: Shape, _ initializer: Initializer) -> Parameter<S> {
      let values: Tensor<S> = initializer.tensor(
        shape, fanIn: shape[shape.rank - 1], fanOut: units, using: &generator, file: site.file, line: site.line)
      return Parameter(values, name: name.map { "\($0)/\(part)\(suffix)" })
    }
    let usual = Initializer.uniform(low: -bound, high: bound)
    inputWeight = place("weight_ih", [gates * units, inputs], initializer ?? usual)
    hiddenWeight = place("weight_hh", [gates * units, units], initializer ?? usual)
    if hasBias {
      inputBias = place("bias_ih", [gates * units], initializer == nil ? usual : .zeros)
      hiddenBias = place("bias_hh", [gates * units], initializer == nil ? usual : .zeros)
    }
    self.name = name
  }

  /// x·Wᵢₕᵀ and the biases that are given.
  func input(_ x: Variable<S>, plus biases: [Parameter<S>?]) -> Variable<S> { affine(x, inputWeight, biases) }
  /// h·Wₕₕᵀ and the biases that are given.
  func hidden(_ h: Variable<S>, plus biases: [Parameter<S>?] = []) -> Variable<S> { affine(h, hiddenWeight, biases) }

  private func affine(_ x: Variable<S>, _ weight: Parameter<S>, _ biases: [Parameter<S>?]) -> Variable<S> {
    let z = x.matmul(x.tape.parameter(weight), transposeB: true)
    return biases.compactMap { $0 }.reduce(z) { $0.addBias(x.tape.parameter($1)) }
  }

  mutating func detach() {
    (inputWeight, hiddenWeight) = (inputWeight.copy(), hiddenWeight.copy())
    (inputBias, hiddenBias) = (inputBias?.copy(), hiddenBias?.copy())
  }

  var all: [Parameter<S>] { [inputWeight, hiddenWeight] + [inputBias, hiddenBias].compactMap { $0 } }
}

extension Variable {
  /// So many equal parts of the last axis of a matrix.
  func gates(_ count: Int) -> [Variable] {
    let width = shape[1] / count
    return (0..<count).map { slice($0 * width..<($0 + 1) * width, axis: 1) }
  }

  /// So many equal parts of the rows, one after the other.
  ///
  /// They are halves of halves. The way back fills each half with zeros and adds, which is T log T for T parts, where parts
  /// cut one by one would fill the whole T times.
  func steps(_ count: Int) -> [Variable] {
    guard count > 1 else { return count == 1 ? [self] : [] }
    let (rows, half) = (shape[0] / count, count / 2)
    return slice(0..<half * rows).steps(half) + slice(half * rows..<count * rows).steps(count - half)
  }
}
